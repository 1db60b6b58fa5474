"""Random predictions, and the figures that scikit-learn finds for them."""

import torch
from mmengine.structures import LabelData, PixelData
from mmseg.structures import SegDataSample
from sklearn.metrics import accuracy_score, f1_score, jaccard_score, roc_auc_score


def make_sample(index, label=None, score=None):
    """A sample of its own size with a noisy prediction, for an index in the dataset."""
    generator = torch.Generator().manual_seed(index)
    label = int(torch.randint(0, 2, (1,), generator=generator)) if label is None else label
    size = (1, 8 + index % 5, 9 + index % 3)
    target = torch.randint(0, 2, size, generator=generator) * label
    prediction = torch.where(torch.rand(size, generator=generator) < 0.7, target, 1 - target)
    target[0, 0, : index % 4] = 255
    if score is None:
        score = float((torch.rand(1, generator=generator) + label) / 2 * 0.8)
    sample = SegDataSample(metainfo=dict(img_path=f'{index}.jpg', sample_idx=index))
    sample.gt_label = LabelData(label=torch.tensor([label]))
    sample.gt_sem_seg = PixelData(data=target)
    sample.pred_sem_seg = PixelData(data=prediction)
    sample.pred_label = LabelData(score=torch.tensor([1 - score, score]), label=torch.tensor([int(score > 0.5)]))
    return sample


def expected_figures(samples):
    """The four figures in percent, by scikit-learn on all images at once."""
    labels = [int(sample.gt_label.label) for sample in samples]
    scores = [float(sample.pred_label.score[1]) for sample in samples]
    fakes = [sample for sample, label in zip(samples, labels) if label]
    target = torch.cat([sample.gt_sem_seg.data.flatten() for sample in fakes])
    prediction = torch.cat([sample.pred_sem_seg.data.flatten() for sample in fakes])
    valid = target != 255
    return {
        'forgery/ACC': 100 * accuracy_score(labels, [score > 0.5 for score in scores]),
        'forgery/AUC': 100 * roc_auc_score(labels, scores),
        'forgery/F1-f': 100 * f1_score(target[valid], prediction[valid]),
        'forgery/IoU-f': 100 * jaccard_score(target[valid], prediction[valid]),
    }
