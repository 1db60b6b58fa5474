"""What is folded, what is left, and what is put back because it answers otherwise."""

import copy
import logging

import pytest
import torch
from mmengine.logging import MMLogger
from torch import nn

from monfap_mm.models.ops import Foldable, fold, swap


class NormWithActivation(nn.BatchNorm2d):
    """As timm's BatchNormAct2d: a batch norm that does more."""

    def forward(self, x):
        return super().forward(x).relu()


class Untrue(nn.Module):
    """Registers a batch norm after a convolution, and applies it after a ReLU."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x):
        return self.norm(self.conv(x).relu())


class Curious(Untrue):
    """Reads a value of its batch norm."""

    def forward(self, x):
        return self.norm(self.conv(x)) * self.norm.eps


def block(norm=nn.BatchNorm2d):
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), norm(4), nn.ReLU())


def whole(**parts):
    """A model of parts that all see the input, with batch norms that do something."""
    torch.manual_seed(0)
    model = nn.ModuleDict(parts).double().eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            if module.running_mean is not None:
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
            if module.bias is not None:
                nn.init.normal_(module.bias)
    return model


def outputs(model, names=None):
    """What each part says of the same noise, by name."""
    torch.manual_seed(1)
    x = torch.randn(2, 3, 9, 8, dtype=torch.float64)
    return {name: part(x) for name, part in model.items() if names is None or name in names}


@pytest.fixture
def warnings():
    """Lines that are logged while the test runs."""
    lines = []

    class Keep(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    logger, handler = MMLogger.get_current_instance(), Keep(level=logging.WARNING)
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def norms(model):
    return [name for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)]


def test_a_batch_norm_after_a_convolution_is_merged(warnings):
    model = whole(a=block(), b=nn.Sequential(block(), nn.Conv2d(4, 2, 1), nn.BatchNorm2d(2)))
    expected = outputs(model)
    fold(model, lambda: outputs(model))
    torch.testing.assert_close(outputs(model), expected, atol=1e-12, rtol=1e-12)
    assert norms(model) == []
    assert warnings == []


@pytest.mark.parametrize('kind', ['SyncBatchNorm', 'reverted', 'no affine'])
def test_relatives_that_are_known(kind):
    model = whole(a=block(lambda n: nn.BatchNorm2d(n, affine=kind != 'no affine')))
    expected = outputs(model)
    if kind != 'no affine':
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    if kind == 'reverted':
        from mmengine.model import revert_sync_batchnorm

        model = revert_sync_batchnorm(model)
    fold(model, lambda: outputs(model))
    torch.testing.assert_close(outputs(model), expected, atol=1e-12, rtol=1e-12)
    assert isinstance(model['a'][1], nn.Identity)


@pytest.mark.parametrize(
    'part',
    [
        block(NormWithActivation),
        block(lambda n: nn.BatchNorm2d(n, track_running_stats=False)),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)),
        nn.Sequential(nn.ConvTranspose2d(3, 4, 3), nn.BatchNorm2d(4)),
    ],
    ids=['a subclass', 'no statistics', 'not right after it', 'transposed'],
)
def test_others_stay(part, warnings):
    model = whole(a=part)
    expected = outputs(model)
    fold(model, lambda: outputs(model))
    torch.testing.assert_close(outputs(model), expected, atol=0, rtol=0)
    assert len(norms(model)) == 1
    assert warnings == []


@pytest.mark.parametrize(('part', 'reason'), [(Untrue, 'differs on noise by'), (Curious, "fails ('Identity' object")])
def test_a_part_that_answers_otherwise_gets_its_modules_back(part, reason, warnings):
    model = whole(good=block(), bad=part())
    expected, keys = outputs(model), set(model['bad'].state_dict())
    fold(model, lambda: outputs(model))
    torch.testing.assert_close(outputs(model), expected, atol=1e-12, rtol=1e-12)
    assert norms(model) == ['bad.norm']
    assert set(model['bad'].state_dict()) == keys
    assert len(warnings) == 1
    assert warnings[0].startswith(f'bad ({part.__name__}) is used as it is: rewritten, it ')
    assert reason in warnings[0]


class Bare(nn.Module):
    """A convolution and a batch norm that are parts themselves: only both together answer as before."""

    def __init__(self, between=nn.Identity):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.between, self.other = between(), block()

    def forward(self, x):
        return self.norm(self.between(self.conv(x))), self.other(x)


@pytest.mark.parametrize(('between', 'left'), [(nn.Identity, []), (nn.ReLU, ['0.norm'])])
def test_what_is_merged_across_parts_is_compared_by_the_answer_of_the_whole(between, left, warnings):
    """Each alone answers otherwise, and by as much as its weights make it: no tolerance would do."""
    model = whole(**{'0': Bare(between)})
    x = torch.randn(2, 3, 9, 8, dtype=torch.float64)
    expected = model['0'](x)
    fold(model['0'], lambda: model['0'].forward(x))
    torch.testing.assert_close(model['0'](x), expected, atol=1e-12, rtol=1e-12)
    assert norms(model) == left
    assert [line.split(' is used')[0] for line in warnings] == ['conv, norm (Bare)'] * len(left)


def test_a_part_that_is_not_called_is_not_touched(warnings):
    model = whole(a=block(), b=block())
    fold(model, lambda: outputs(model, names=('a',)))
    assert norms(model) == ['b.1']
    assert warnings == []


def test_parts_within_a_container_that_nobody_calls(warnings):
    model = whole(blocks=nn.ModuleList([block(), Untrue()]))
    x = torch.randn(2, 3, 9, 8, dtype=torch.float64)
    fold(model, lambda: [part(x) for part in model['blocks']])
    assert norms(model) == ['blocks.1.norm']
    assert warnings[0].startswith('blocks.1 (Untrue)')


def test_the_original_convolution_is_not_changed():
    model = whole(a=block())
    twin, conv = copy.deepcopy(model), model['a'][0]
    fold(model, lambda: outputs(model))
    assert model['a'][0] is not conv
    torch.testing.assert_close(conv.weight, twin['a'][0].weight, atol=0, rtol=0)


def test_results_that_a_later_part_overwrites(warnings):
    model = whole(a=block(), b=nn.ReLU(inplace=True))

    def run():
        return model['b'](outputs(model, names=('a',))['a'].neg_())

    expected = run()
    fold(model, run)
    torch.testing.assert_close(run(), expected, atol=1e-12, rtol=1e-12)
    assert norms(model) == []
    assert warnings == []


class Doubled(Foldable, nn.Module):
    """x + x, and in its inference form, right or wrong, x times a factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return dict(twice=(x + x, [x]))

    def inference_form(self):
        form = Doubled(self.factor)
        form.forward = lambda x: dict(twice=(x * form.factor, [x]))
        return form


@pytest.mark.parametrize(('factor', 'folded'), [(2, True), (2.001, False), (float('nan'), False)])
def test_inference_forms_are_compared_too(factor, folded):
    part = Doubled(factor)
    model = whole(a=nn.Sequential(part))
    fold(model, lambda: outputs(model))
    assert (model['a'][0] is not part) == folded


def test_swap_takes_replacements_by_name():
    model = whole(a=block(), b=block())
    swap(model, [{'a.2': nn.ReLU6()}, {'b.2': nn.Identity()}], lambda: outputs(model))
    assert isinstance(model['a'][2], nn.ReLU6)
    assert isinstance(model['b'][2], nn.ReLU)
