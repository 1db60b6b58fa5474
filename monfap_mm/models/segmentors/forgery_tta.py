"""Test-time augmentation that keeps both outputs."""

import torch
from mmengine.model import BaseTTAModel
from mmengine.structures import LabelData, PixelData
from mmseg.registry import MODELS
from mmseg.utils import SampleList


@MODELS.register_module()
class ForgeryTTAModel(BaseTTAModel):
    """Averages the probabilities of the augmented views, of the pixels and of the image."""

    def merge_preds(self, data_samples_list: list[SampleList]) -> SampleList:
        """Merge.

        Args:
            data_samples_list (list[list[SegDataSample]]): For each image, the predictions of its views, all at the
                original size and orientation.

        Returns:
            list[SegDataSample]: One sample an image, in which ``seg_logits`` are log probabilities.
        """
        return [self._merge(views) for views in data_samples_list]

    @staticmethod
    def _merge(views: SampleList):
        merged = views[0]
        probabilities = torch.stack([view.seg_logits.data.float().softmax(dim=0) for view in views]).mean(dim=0)
        merged.seg_logits = PixelData(data=probabilities.clamp(min=1e-12).log())
        merged.pred_sem_seg = PixelData(data=probabilities.argmax(dim=0, keepdim=True))
        if 'pred_label' in merged:
            score = torch.stack([view.pred_label.score for view in views]).mean(dim=0)
            merged.pred_label = LabelData(score=score, label=score.argmax(dim=0, keepdim=True))
        return merged
