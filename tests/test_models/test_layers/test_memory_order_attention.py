"""Attention between strips against its plain form."""

import torch

from monfap_mm.models.layers.memory_order_attention import MemoryOrderAttention


def plain(layer, x):
    batch, channels, height, width = x.shape
    r = layer.reduction
    strips = x.reshape(batch, channels * r * r, height // r, width // r)
    theta, phi, g = (conv(strips).flatten(2) for conv in (layer.theta, layer.phi, layer.g))
    scores = torch.einsum('bkn,bkm->bnm', theta, phi).softmax(dim=2)
    y = torch.einsum('bnm,bkm->bkn', scores, g).reshape(x.shape)
    return x + layer.gamma * layer.project(y)


def test_equals_the_plain_form_and_keeps_no_matrix_of_positions():
    torch.manual_seed(0)
    layer, x = MemoryOrderAttention(3, reduction=2), torch.randn(2, 3, 24, 16)
    positions, sizes = 24 * 16 // 4, []

    def keep(tensor):
        sizes.append(tuple(tensor.shape[-2:]))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        answer = layer(x)
    torch.testing.assert_close(answer, plain(layer, x), atol=1e-5, rtol=1e-5)
    assert sizes
    assert (positions, positions) not in sizes
