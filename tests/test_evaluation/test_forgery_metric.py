import logging
import math
import pickle

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.registry import METRICS

from monfap_mm.evaluation import ForgeryMetric
from monfap_mm.evaluation.figures import all_figures
from monfap_mm.evaluation.result_table import ResultTable
from monfap_mm.evaluation.results_file import read_results

from ..logs import captured_logs
from ..scripts import run_together
from .samples import CENTERS, expected_detail, expected_figures, image_scores, make_sample, pixel_figures, pixels_of

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


def assert_detail(figures, samples):
    """Compare with scikit-learn: exactly, but for AP of pooled pixels, to which the bins add an error that is told."""
    for key, value in expected_detail(samples).items():
        error = figures.get(f'{key}-bin-bound', 0) if key.endswith('micro/AP') else 0
        assert figures[key] == pytest.approx(value, abs=error + 1e-9), key


def test_detail_against_scikit_learn():
    samples = [make_sample(i) for i in range(NUM_IMAGES)]
    with captured_logs() as logs:
        figures = evaluate(samples, detail=True)
    assert list(figures)[:4] == ['forgery/ACC', 'forgery/AUC', 'forgery/F1-f', 'forgery/IoU-f']
    assert_detail(figures, samples)
    assert all(type(value) is float for value in figures.values())
    assert f'{figures["forgery/pixel/all/micro/MCC"]:.2f}' in logs.text()
    assert figures['forgery/pixel/manipulated/micro/F1'] == figures['forgery/F1-f']


@pytest.mark.parametrize('ending', ['', '.jsonl'])
def test_saturated_logits(ending, tmp_path):
    """Logits from -60 to 60: exact per image, within 0.1 points over all pixels, and so from a file."""
    samples = [make_sample(i) for i in range(NUM_IMAGES)]
    for i, sample in enumerate(samples):
        noise = torch.randn(sample.gt_sem_seg.shape, generator=torch.Generator().manual_seed(i))
        logits = (30 * noise + 40 * (sample.gt_sem_seg.data == 1) - 20).clamp(-60, 60)
        sample.seg_logits = PixelData(data=torch.cat([-logits / 2, logits / 2]))
        sample.pred_sem_seg = PixelData(data=(logits > 0).long())
    path = str(tmp_path / f'results{ending}') if ending else None
    figures = evaluate(samples, detail=True, out_file=path)
    if path:
        table = ResultTable.from_records(read_results(path)[0])
        figures = {f'forgery/{key}': value for key, value in all_figures(table).items()}
    for key, value in expected_detail(samples).items():
        ranked = key.endswith(('/micro/AUC', '/micro/AP', '/micro/best-F1'))
        assert figures[key] == pytest.approx(value, abs=0.1 if ranked else 1e-9), key


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
        sample.seg_logits = PixelData(data=torch.ones(2, side, side))
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


def test_fakes_without_masks_and_their_number(tmp_path):
    """The figures of pixels are those of the other images, in the log and from a results file."""
    samples = [make_sample(i, label=i % 2) for i in range(12)]
    expected = evaluate([sample for i, sample in enumerate(samples) if i % 4 != 1])
    for sample in samples[1::4]:
        sample.gt_sem_seg.data.fill_(255)
    path = str(tmp_path / 'results.jsonl')
    with captured_logs() as logs:
        figures = evaluate(samples, out_file=path)
    assert '3 of the 6 fake images have no mask: figures of pixels are of the other 3' in logs.text()
    assert [figures[f'forgery/{name}'] for name in ('F1-f', 'IoU-f')] == [
        expected[f'forgery/{name}'] for name in ('F1-f', 'IoU-f')
    ]
    labels, scores = image_scores(samples)
    assert figures['forgery/ACC'] == 100 * np.mean((scores > 0.5) == (labels == 1))
    again = all_figures(ResultTable.from_records(read_results(path)[0]))
    assert again['F1-f'] == figures['forgery/F1-f']
    assert again['pixel/manipulated/without-mask-count'] == 3


@pytest.mark.parametrize('label', [0, 1])
def test_detail_of_one_class(label):
    figures = evaluate([make_sample(i, label=label) for i in range(6)], detail=True)
    needs_both = [f'image/{name}' for name in ('balanced-ACC', 'AP', 'EER', 'best-ACC', 'TPR@1%FPR')]
    needs_fake = [
        'image/F1',
        *(f'pixel/all/{average}/{name}' for average in ('micro', 'per_image') for name in ('F1', 'MCC', 'AUC')),
    ]
    needs_real = [f'pixel/authentic/{average}/FPR' for average in ('micro', 'per_image')]
    for undefined, names in ((True, needs_both), (label == 0, needs_fake), (label == 1, needs_real)):
        for name in names:
            assert math.isnan(figures[f'forgery/{name}']) == undefined, name
    assert figures['forgery/pixel/all/per_image/F1-undefined'] == 6 * (1 - label)
    assert figures['forgery/pixel/manipulated/per_image/F1-undefined'] == 0


def test_no_image_at_all():
    figures = evaluate([], detail=True)
    assert all(math.isnan(value) or value == 0 for value in figures.values())
    assert math.isnan(figures['forgery/ACC'])


def test_images_without_logits_have_no_ranking_of_pixels():
    samples = [make_sample(i) for i in range(NUM_IMAGES)]
    expected = expected_figures(samples)
    del next(sample for sample in samples if sample.gt_label.label).seg_logits
    figures = evaluate(samples, detail=True)
    assert figures['forgery/F1-f'] == pytest.approx(expected['forgery/F1-f'])
    num_real = figures['forgery/image/real-count']
    for population, undefined in (('manipulated', 1), ('all', 1 + num_real)):
        assert math.isnan(figures[f'forgery/pixel/{population}/micro/AUC'])
        assert figures[f'forgery/pixel/{population}/per_image/AUC-undefined'] == undefined


def test_faces():
    sample = make_sample(0, label=1)
    target = torch.zeros(1, 128, 128, dtype=torch.long)
    target[0, 4:40, 4:84] = 1
    prediction = target.clone()
    prediction[0, :, 44:] = 0
    sample = type(sample)(metainfo=sample.metainfo, gt_label=sample.gt_label, pred_label=sample.pred_label)
    sample.gt_sem_seg, sample.pred_sem_seg = PixelData(data=target), PixelData(data=prediction)
    figures = evaluate([sample], detail=True)
    assert (figures['forgery/face/all/count'], figures['forgery/face/large/recall']) == (1, 100)
    assert math.isnan(figures['forgery/face/small/recall'])
    sample.set_metainfo(dict(face_boxes=[[4, 4, 44, 40], [44.5, 4, 84, 40]]))
    figures = evaluate([sample], detail=True)
    assert (figures['forgery/face/all/count'], figures['forgery/face/large/recall']) == (2, 50)
    sample.set_metainfo(dict(face_boxes=[[4, 4, 4, 40]]))
    with pytest.raises(ValueError, match=r'Cannot score 0.jpg: face_boxes must be'):
        evaluate([sample])


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


def test_ignored_pixels_without_a_label():
    """They count nowhere among the pixels, but the model's answer for the image is about all of the image."""
    sample = make_sample(3, label=1)
    del sample.pred_label
    target, logits = sample.gt_sem_seg.data, sample.seg_logits.data
    target[0, :2] = 255
    logits[:, 0, 4] = torch.tensor([-20.0, 20.0])
    expected = pixel_figures(*pixels_of(sample))
    metric = ForgeryMetric(detail=True)
    metric.process({}, [sample.to_dict()])
    assert metric.results[0].score == pytest.approx(1 / (1 + math.exp(-40)))
    assert sum(metric.results[0].pixels) == (target != 255).sum()
    figures = metric.evaluate(1)
    for name, value in expected.items():
        assert figures[f'forgery/pixel/manipulated/per_image/{name}'] == pytest.approx(100 * value, abs=1e-9), name


def test_another_ignored_value():
    sample = make_sample(3)
    sample.gt_sem_seg.data[sample.gt_sem_seg.data == 255] = 7
    with pytest.raises(ValueError, match='mask has values from 0 to 7'):
        evaluate([sample])
    figures = evaluate([sample], ignore_index=7)
    sample.gt_sem_seg.data[sample.gt_sem_seg.data == 7] = 255
    assert figures == pytest.approx(evaluate([sample]), nan_ok=True)


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
        (lambda s: (delattr(s, 'pred_label'), delattr(s, 'seg_logits')), 'neither pred_label nor seg_logits'),
        (lambda s: setattr(s, 'seg_logits', PixelData(data=torch.zeros(2, 4, 4))), 'seg_logits have shape'),
    ],
)
def test_bad_sample_is_named(change, message):
    sample = make_sample(3)
    change(sample)
    with pytest.raises(ValueError, match=rf'Cannot score 3\.jpg: .*{message}'):
        evaluate([sample])


@pytest.mark.parametrize('with_label', [True, False])
def test_nan_logits_are_an_error(with_label):
    sample = make_sample(3)
    if not with_label:
        del sample.pred_label
    sample.seg_logits.data[0, 2, 5] = math.nan
    with pytest.raises(ValueError, match=r'Cannot score 3\.jpg: P\(fake\) of 1 pixels is nan'):
        evaluate([sample])


def test_results_file(tmp_path):
    samples = [make_sample(i) for i in range(9)]
    for sample in samples:
        sample.set_metainfo(dict(seg_map_path=f'{sample.sample_idx}.png'))
    path = tmp_path / 'new folder' / 'results.jsonl'
    evaluate(samples[::-1] + samples[:2], size=9, out_file=str(path))
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    records, warnings = read_results(str(path))
    assert warnings == []
    assert [record.identity for record in records] == [(f'{i}.jpg', i) for i in range(9)]
    for record, sample in zip(records, samples):
        assert record.mask_path == f'{record.sample_idx}.png'
        assert record.score == float(sample.pred_label.score[1])
        counted = sample.gt_sem_seg.data != 255
        for truth in (0, 1):
            logits = 2 * sample.seg_logits.data[1:][counted & (sample.gt_sem_seg.data == truth)]
            found = CENTERS[record.histogram[truth, 128:384] > 0]
            np.testing.assert_array_equal(found, logits.sort().values)


def test_killed_run_leaves_what_is_done(tmp_path):
    metric = ForgeryMetric(out_file=str(tmp_path / 'results.jsonl'))
    metric.process({}, [make_sample(i).to_dict() for i in range(5)])
    records, _ = read_results(str(tmp_path / 'results.jsonl.part0'))
    assert [record.sample_idx for record in records] == list(range(5))
    with pytest.raises(ValueError, match='Cannot score'):
        metric.process({}, [make_sample(5).to_dict(), {}])
    assert len(read_results(str(tmp_path / 'results.jsonl.part0'))[0]) == 6


def test_parts_of_a_run_with_more_processes_are_removed(tmp_path):
    stale = tmp_path / 'results.jsonl.part3'
    stale.write_text('of an earlier run')
    metric = ForgeryMetric(out_file=str(tmp_path / 'results.jsonl'))
    metric.process({}, [make_sample(i).to_dict() for i in range(3)])
    assert stale.exists()
    metric.evaluate(3)
    assert [path.name for path in tmp_path.iterdir()] == ['results.jsonl']


def test_ending_of_the_results_file():
    for name in ('results.csv', 'results.pkl'):
        with pytest.raises(ValueError, match=rf'a results file ends with \.jsonl, got {name}'):
            ForgeryMetric(out_file=name)


# Uneven shards, by number of processes, in another order than the sampler's; of three processes one has no image.
SHARDS = {1: [0, NUM_IMAGES], 2: [0, 6, NUM_IMAGES], 3: [0, 9, 9, NUM_IMAGES]}


def _evaluate_shards(rank, folder):
    for world_size, bounds in SHARDS.items():
        if rank >= world_size:
            continue
        rendezvous = f'file://{folder}/rendezvous{world_size}'
        torch.distributed.init_process_group('gloo', init_method=rendezvous, rank=rank, world_size=world_size)
        indices = list(range(bounds[rank], bounds[rank + 1]))
        if rank == world_size - 1:
            indices += [0, 1]  # repeats two of the first process' images
        metric = ForgeryMetric(detail=True, out_file=f'{folder}/{world_size}.jsonl')
        if indices:
            metric.process({}, [make_sample(i).to_dict() for i in indices])
        torch.save(metric.evaluate(NUM_IMAGES), f'{folder}/{world_size}_{rank}.pth')
        torch.distributed.destroy_process_group()


def test_uneven_shards(tmp_path):
    run_together(_evaluate_shards, (str(tmp_path),), max(SHARDS))
    samples = [make_sample(i) for i in range(NUM_IMAGES)]
    for world_size in SHARDS:
        for rank in range(world_size):
            figures = torch.load(tmp_path / f'{world_size}_{rank}.pth')
            assert_detail(figures, samples)
            assert figures == pytest.approx(torch.load(tmp_path / '1_0.pth'), abs=1e-9, nan_ok=True)
    texts = {(tmp_path / f'{world_size}.jsonl').read_text() for world_size in SHARDS}
    assert len(texts) == 1
    assert not list(tmp_path.glob('*.part*'))
