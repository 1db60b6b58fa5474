"""Measures where the mask features of real pixels lie, before HiFi-Net is trained."""

from collections.abc import Iterator
from itertools import islice

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor

from ...models.baselines.hifi_net.losses import distance


@HOOKS.register_module()
class HiFiCenterHook(Hook):
    """Fills ``center`` and ``radius`` of a ``HiFiHead(distance_map=True)`` before the first epoch.

    The center is the mean of the mask features over all pixels of real images, the radius the largest distance of one
    of these pixels to it. A training that is resumed, or starts from weights with a radius, keeps what it has.

    Args:
        interval: Every how many batches of the training set one is looked at. Default: 10.
    """

    def __init__(self, interval: int = 10) -> None:
        self.interval = interval

    def before_train(self, runner: Runner) -> None:
        """Measure.

        Raises:
            TypeError: If the model has no such head.
            ValueError: If there is no real image in the batches.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        head = getattr(model, 'decode_head', None)
        if not getattr(head, 'distance_map', False):
            raise TypeError('HiFiCenterHook needs a HiFiHead with distance_map=True: set it, or leave the hook out.')
        if head.radius > 0:
            return
        was_training = model.training
        model.eval()
        total = torch.zeros_like(head.center, dtype=torch.float64)
        count = total.new_zeros(())
        for features in self._real_features(runner, model):
            total += features.double().sum(dim=(0, 2, 3))
            count += features[:, 0].numel()
        all_reduce(total), all_reduce(count)
        if count == 0:
            raise ValueError(f'There is no real image in every {self.interval}th batch: lower interval.')
        head.center.copy_(total / count)
        for features in self._real_features(runner, model):
            torch.maximum(head.radius, distance(features, head.center).max(), out=head.radius)
        all_reduce(head.radius, op='max')
        model.train(was_training)
        runner.logger.info(f'The mask features of real pixels lie within {head.radius.item():.4g} of their center')

    @torch.no_grad()
    def _real_features(self, runner: Runner, model: torch.nn.Module) -> Iterator[Tensor]:
        """Mask features ``(B, C, h, w)`` of the real images of the batches."""
        for batch in islice(runner.train_dataloader, 0, None, self.interval):
            data = model.data_preprocessor(batch, False)
            labels = torch.cat([sample.gt_label.label for sample in data['data_samples']])
            images = data['inputs'][labels == 0]
            if len(images):
                yield model.decode_head(model.extract_feat(images), images).features
