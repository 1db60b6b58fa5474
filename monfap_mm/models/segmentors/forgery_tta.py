"""Test-time augmentation that keeps both outputs."""

import torch
from mmengine.model import BaseTTAModel
from mmengine.structures import LabelData, PixelData
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor


@MODELS.register_module()
class ForgeryTTAModel(BaseTTAModel):
    """Averages the probabilities of the augmented views, of the pixels and of the image."""

    def merge_preds(self, data_samples_list: list[SampleList]) -> SampleList:
        """Merge.

        Args:
            data_samples_list: For each image, the predictions of its views, all at the
                original size and orientation.

        Returns:
            One sample per image, in which ``seg_logits`` are log probabilities; of a head with
            one channel the probability, as in mmseg.
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
        return merged


def _probabilities(seg_logits: Tensor) -> Tensor:
    """Of ``seg_logits`` ``(C, H, W)``, which hold the probability already where mmseg's head has one channel."""
    return seg_logits.float() if len(seg_logits) == 1 else seg_logits.float().softmax(dim=0)
