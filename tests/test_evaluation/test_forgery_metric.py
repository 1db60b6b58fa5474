import logging
import math
import pickle

import pytest
import torch
import torch.multiprocessing as mp
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.registry import METRICS

from monfap_mm.evaluation import ForgeryMetric

from ..logs import captured_logs
from .samples import expected_figures, make_sample

NUM_IMAGES = 25


def evaluate(samples, size=None, **options):
    """Run samples through the metric in batches of four, as the runner's loop does."""
    evaluator = Evaluator([METRICS.build(dict(type='ForgeryMetric', **options))])
    for start in range(0, len(samples), 4):
        evaluator.process(samples[start : start + 4], data_batch={})
    return evaluator.evaluate(len(samples) if size is None else size)


def test_against_scikit_learn():
    samples = [make_sample(i) for i in range(NUM_IMAGES)]
    figures = evaluate(samples)
    assert list(figures) == ['forgery/ACC', 'forgery/AUC', 'forgery/F1-f', 'forgery/IoU-f']
    assert figures == pytest.approx(expected_figures(samples), abs=1e-9)
    f1 = figures['forgery/F1-f'] / 100
    assert figures['forgery/IoU-f'] / 100 == pytest.approx(f1 / (2 - f1), abs=1e-12)


def test_table_and_prefix():
    samples = [make_sample(i) for i in range(NUM_IMAGES)]
    with captured_logs() as logs:
        figures = evaluate(samples, prefix='ofv2')
    assert f'| {figures["ofv2/F1-f"]:.2f} |' in logs.text()
    assert 'IoU-f' in logs.text()
    assert logs.text(logging.WARNING) == ''


def test_metric_starts_anew_after_each_evaluation():
    metric = ForgeryMetric()
    first, second = [make_sample(i) for i in range(10)], [make_sample(i) for i in range(10, 20)]
    for samples in (first, second):
        metric.process({}, [sample.to_dict() for sample in samples])
        assert metric.evaluate(10) == pytest.approx(expected_figures(samples), abs=1e-9)


def test_memory_of_an_image_does_not_depend_on_its_size():
    sizes = []
    for side in (8, 512):
        sample = make_sample(0, label=1)
        sample = type(sample)(metainfo=sample.metainfo, gt_label=sample.gt_label, pred_label=sample.pred_label)
        sample.gt_sem_seg = sample.pred_sem_seg = PixelData(data=torch.ones(1, side, side, dtype=torch.long))
        metric = ForgeryMetric()
        metric.process({}, [sample.to_dict()])
        sizes.append(len(pickle.dumps(metric.results)))
    assert abs(sizes[0] - sizes[1]) < 8


@pytest.mark.parametrize('label', [0, 1])
def test_one_class(label):
    with captured_logs() as logs:
        figures = evaluate([make_sample(i, label=label) for i in range(6)])
    assert math.isnan(figures['forgery/AUC'])
    assert 0 <= figures['forgery/ACC'] <= 100
    assert math.isnan(figures['forgery/F1-f']) == math.isnan(figures['forgery/IoU-f']) == (label == 0)
    assert f'not defined (NaN) on {6 * (1 - label)} real and {6 * label} fake images' in logs.text(logging.WARNING)


def test_threshold_is_above_one_half():
    assert evaluate([make_sample(0, 0, 0.5), make_sample(1, 1, 0.5), make_sample(2, 1, 0.51)])[
        'forgery/ACC'
    ] == pytest.approx(200 / 3)


def test_detection_by_localization():
    """Without pred_label, as of a stock segmentor, the most fake pixel is the image's score."""
    samples, scores = [make_sample(i) for i in range(12)], []
    for i, sample in enumerate(samples):
        logits = torch.randn(2, *sample.gt_sem_seg.shape, generator=torch.Generator().manual_seed(i))
        scores.append(float(logits.softmax(0)[1].max()))
        sample.pred_label.score = torch.tensor([1 - scores[-1], scores[-1]])
    expected = expected_figures(samples)
    for i, sample in enumerate(samples):
        logits = torch.randn(2, *sample.gt_sem_seg.shape, generator=torch.Generator().manual_seed(i))
        sample.seg_logits = PixelData(data=logits)
        del sample.pred_label
    assert evaluate(samples) == pytest.approx(expected, abs=1e-4)
    for sample, score in zip(samples, scores):
        sample.seg_logits = PixelData(data=torch.full((1, *sample.gt_sem_seg.shape), score))
    assert evaluate(samples) == pytest.approx(expected, abs=1e-4)


def test_repeated_samples_count_once():
    samples = [make_sample(i) for i in range(9)]
    assert evaluate(samples + samples[:3], size=9) == pytest.approx(expected_figures(samples), abs=1e-9)


def test_one_file_listed_twice_counts_twice():
    samples = [make_sample(i) for i in range(9)]
    for sample in samples:
        sample.set_metainfo(dict(img_path='the same.jpg'))
    assert evaluate(samples + samples[:1], size=9) == pytest.approx(expected_figures(samples), abs=1e-9)


def test_incomplete_evaluation_is_told():
    with captured_logs() as logs:
        evaluate([make_sample(i) for i in range(9)], size=10)
    assert '9 images were scored, but the dataset has 10' in logs.text(logging.WARNING)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda s: setattr(s, 'pred_sem_seg', PixelData(data=torch.zeros(1, 4, 4))), 'prediction has shape'),
        (lambda s: s.pred_label.set_field(torch.tensor([0.5, math.nan]), 'score'), r'P\(fake\) is nan'),
        (lambda s: delattr(s, 'gt_label'), 'it has no gt_label; use LoadForgeryAnnotations'),
        (lambda s: delattr(s, 'gt_sem_seg'), 'it has no gt_sem_seg'),
        (lambda s: delattr(s, 'pred_label'), 'neither pred_label nor seg_logits'),
    ],
)
def test_bad_sample_is_named(change, message):
    sample = make_sample(3)
    change(sample)
    with pytest.raises(ValueError, match=rf'Cannot score 3\.jpg: .*{message}'):
        evaluate([sample])


def test_nan_logits_are_an_error():
    sample = make_sample(3)
    del sample.pred_label
    logits = torch.zeros(2, *sample.gt_sem_seg.shape)
    logits[0, 0, 0] = math.nan
    sample.seg_logits = PixelData(data=logits)
    with pytest.raises(ValueError, match=r'P\(fake\) is nan'):
        evaluate([sample])


# Uneven shards, by number of processes, in another order than the sampler's.
SHARDS = {2: [0, 6, NUM_IMAGES], 3: [0, 3, 10, NUM_IMAGES]}


def _evaluate_shards(rank, folder):
    for world_size, bounds in SHARDS.items():
        if rank >= world_size:
            continue
        rendezvous = f'file://{folder}/rendezvous{world_size}'
        torch.distributed.init_process_group('gloo', init_method=rendezvous, rank=rank, world_size=world_size)
        indices = list(range(bounds[rank], bounds[rank + 1]))
        if rank == world_size - 1:
            indices += [0, 1]  # repeats two of the first process' images
        metric = ForgeryMetric()
        metric.process({}, [make_sample(i).to_dict() for i in indices])
        torch.save(metric.evaluate(NUM_IMAGES), f'{folder}/{world_size}_{rank}.pth')
        torch.distributed.destroy_process_group()


def test_uneven_shards(tmp_path):
    # The fork server imports the libraries once, for all processes.
    mp.get_context('forkserver').set_forkserver_preload([__name__])
    mp.start_processes(_evaluate_shards, (str(tmp_path),), nprocs=max(SHARDS), start_method='forkserver')
    expected = expected_figures([make_sample(i) for i in range(NUM_IMAGES)])
    for world_size in SHARDS:
        for rank in range(world_size):
            assert torch.load(tmp_path / f'{world_size}_{rank}.pth') == pytest.approx(expected, abs=1e-9)
