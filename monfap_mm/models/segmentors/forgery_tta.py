"""Test-time augmentation that keeps both outputs."""

import torch
from mmengine.model import BaseTTAModel
from mmengine.structures import LabelData, PixelData
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor


@MODELS.register_module()
class ForgeryTTAModel(BaseTTAModel):
    """Averages what a model says of the augmented views: probabilities of the pixels, of the coarse mask and of the
    image, and gate values.
    """

    def merge_preds(self, data_samples_list: list[SampleList]) -> SampleList:
        """Merge.

        Args:
            data_samples_list: For each image, the predictions of its views, all at the
                original size and orientation.

        Returns:
            One sample per image, in which ``seg_logits`` are log probabilities; of a head with
            one channel the probability, as in mmseg. ``coarse_prob`` has the size of the first view's.
        """
        return [self._merge(views) for views in data_samples_list]

    def _merge(self, views: SampleList):
        merged = views[0]
        probabilities = torch.stack([_probabilities(view.seg_logits.data) for view in views]).mean(dim=0)
        if len(probabilities) == 1:
            merged.seg_logits = PixelData(data=probabilities)
            merged.pred_sem_seg = PixelData(data=(probabilities > self.module.decode_head.threshold).long())
        else:
            merged.seg_logits = PixelData(data=probabilities.clamp(min=1e-12).log())
            merged.pred_sem_seg = PixelData(data=probabilities.argmax(dim=0, keepdim=True))
        if 'pred_label' in merged:
            score = torch.stack([view.pred_label.score for view in views]).mean(dim=0)
            merged.pred_label = LabelData(score=score, label=score.argmax(dim=0, keepdim=True))
        if 'gates' in merged:
            merged.gates = LabelData(value=torch.stack([view.gates.value for view in views]).mean(dim=0))
        if 'coarse_prob' in merged:
            # At the size of the input, which views of other scales do not share.
            size = merged.coarse_prob.shape
            maps = [resize(view.coarse_prob.data[None], size, mode='bilinear', warning=False)[0] for view in views]
            merged.coarse_prob = PixelData(data=torch.stack(maps).mean(dim=0))
        return merged


def _probabilities(seg_logits: Tensor) -> Tensor:
    """Of ``seg_logits`` ``(C, H, W)``, which hold the probability already where mmseg's head has one channel."""
    return seg_logits.float() if len(seg_logits) == 1 else seg_logits.float().softmax(dim=0)
