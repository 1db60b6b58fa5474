"""Random predictions, and the figures that scikit-learn finds for them."""

import numpy as np
import torch
from mmengine.structures import LabelData, PixelData
from mmseg.structures import SegDataSample
from sklearn import metrics as sk

CENTERS = torch.arange(-15.9375, 16, 0.125)  # of the histogram's inner bins, in logits


def make_sample(index, label=None, score=None):
    """A sample of its own size with a noisy prediction, for an index in the dataset.

    Its logits lie in the middles of bins of the histogram, no two in one, so that figures of an image are exact.
    """
    generator = torch.Generator().manual_seed(index)
    label = int(torch.randint(0, 2, (1,), generator=generator)) if label is None else label
    size = (1, 8 + index % 5, 9 + index % 3)
    target = torch.randint(0, 2, size, generator=generator) * label
    ranks = (torch.randn(size, generator=generator) + 2 * target).flatten().argsort().argsort()
    logits = CENTERS[torch.randperm(256, generator=generator)[: len(ranks)].sort().values[ranks]].reshape(size)
    target[0, 0, : index % 4] = 255
    if score is None:
        score = float((torch.rand(1, generator=generator) + label) / 2 * 0.8)
    sample = SegDataSample(metainfo=dict(img_path=f'{index}.jpg', sample_idx=index))
    sample.gt_label = LabelData(label=torch.tensor([label]))
    sample.gt_sem_seg = PixelData(data=target)
    sample.seg_logits = PixelData(data=torch.cat([-logits / 2, logits / 2]))
    sample.pred_sem_seg = PixelData(data=(logits > 0).long())
    sample.pred_label = LabelData(score=torch.tensor([1 - score, score]), label=torch.tensor([int(score > 0.5)]))
    return sample


def pixels_of(sample):
    """Truth, prediction and logit of the pixels that count, as arrays."""
    target, prediction, logits = (
        data.data.flatten().numpy() for data in (sample.gt_sem_seg, sample.pred_sem_seg, sample.seg_logits)
    )
    valid = target != 255
    return target[valid], prediction[valid], 2 * logits[len(target) :][valid]


def image_scores(samples):
    """Labels and scores of the images, as arrays."""
    labels = np.array([int(sample.gt_label.label) for sample in samples])
    return labels, np.array([float(sample.pred_label.score[1]) for sample in samples])


def expected_figures(samples):
    """The four figures in percent, by scikit-learn on all images at once."""
    labels, scores = image_scores(samples)
    target, prediction, _ = (
        np.concatenate(arrays) for arrays in zip(*(pixels_of(s) for s, label in zip(samples, labels) if label))
    )
    return {
        'forgery/ACC': 100 * sk.accuracy_score(labels, scores > 0.5),
        'forgery/AUC': 100 * sk.roc_auc_score(labels, scores),
        'forgery/F1-f': 100 * sk.f1_score(target, prediction),
        'forgery/IoU-f': 100 * sk.jaccard_score(target, prediction),
    }


def expected_detail(samples):
    """More figures in percent, by scikit-learn: pooled pixels, and means over images with both classes."""
    labels, scores = image_scores(samples)
    pixels = [pixels_of(sample) for sample in samples]
    fakes = [arrays for arrays, label in zip(pixels, labels) if label]
    figures = {
        'image/real-count': np.sum(labels == 0) / 100,
        'image/fake-count': np.sum(labels == 1) / 100,
        'image/balanced-ACC': sk.balanced_accuracy_score(labels, scores > 0.5),
        'image/AP': sk.average_precision_score(labels, scores),
        'image/F1': sk.f1_score(labels, scores > 0.5),
    }
    for population, images in (('manipulated', fakes), ('all', pixels)):
        pooled = pixel_figures(*map(np.concatenate, zip(*images)))
        figures |= {f'pixel/{population}/micro/{name}': value for name, value in pooled.items()}
        rows = [pixel_figures(*arrays) for arrays in fakes]
        for name in pooled:
            figures[f'pixel/{population}/per_image/{name}'] = np.mean([row[name] for row in rows])
            figures[f'pixel/{population}/per_image/{name}-undefined'] = (len(images) - len(fakes)) / 100
    reals = [prediction for (_, prediction, _), label in zip(pixels, labels) if not label]
    figures['pixel/authentic/micro/FPR'] = np.concatenate(reals).mean()
    figures['pixel/authentic/per_image/FPR'] = np.mean([prediction.mean() for prediction in reals])
    return expected_figures(samples) | {f'forgery/{key}': 100 * value for key, value in figures.items()}


def pixel_figures(target, prediction, logits):
    precision, recall, _ = sk.precision_recall_curve(target, logits)
    return {
        'F1': sk.f1_score(target, prediction),
        'IoU': sk.jaccard_score(target, prediction),
        'MCC': sk.matthews_corrcoef(target, prediction),
        'AUC': sk.roc_auc_score(target, logits),
        'AP': sk.average_precision_score(target, logits),
        'best-F1': np.max(2 * precision * recall / (precision + recall)),
    }
