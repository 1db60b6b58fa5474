import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import LabelData, PixelData
from mmseg.registry import VISUALIZERS
from mmseg.structures import SegDataSample

from monfap_mm.visualization import ForgeryVisualizer, forgery_visualizer, panels, prediction_panel
from tests.older_file import OlderFile

SIZE = 256
IMAGE = np.full((SIZE, SIZE, 3), (40, 80, 120), np.uint8)
VERMILION, GREEN = (213, 94, 0), (0, 158, 115)


def make_sample(score=0.97):
    mask = torch.zeros(1, SIZE, SIZE, dtype=torch.long)
    mask[:, 100:160, 100:160] = 1
    sample = SegDataSample(metainfo=dict(img_path='a.jpg'))
    sample.gt_sem_seg = PixelData(data=mask)
    sample.gt_label = LabelData(label=torch.tensor([1]))
    sample.pred_sem_seg = PixelData(data=mask.clone())
    sample.pred_label = LabelData(score=torch.tensor([1 - score, score]), label=torch.tensor([int(score > 0.5)]))
    sample.set_data(dict(coarse_prob=PixelData(data=torch.full((1, 8, 8), 0.6))))
    return sample


def panel(picture, index, count=4):
    """One panel of a picture."""
    left = panels.GAP + index * (SIZE + panels.GAP)
    assert picture.shape[1] == count * (SIZE + panels.GAP) + panels.GAP
    return picture[panels.CAPTION_HEIGHT : panels.CAPTION_HEIGHT + SIZE, left : left + SIZE]


def share(picture, color):
    """Share of the pixels that have a color."""
    return (picture == np.array(color)).all(axis=2).mean()


@pytest.fixture(scope='module')
def visualizer():
    return VISUALIZERS.build(dict(type='ForgeryVisualizer', name='drawing'))


def test_four_panels(visualizer):
    picture = visualizer.draw(IMAGE, make_sample())
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(panel(picture, 0), IMAGE)
    truth = panel(picture, 1)
    assert share(truth, (255, 255, 255)) == pytest.approx(60 * 60 / SIZE**2)
    assert share(truth, (0, 0, 0)) == pytest.approx(1 - 60 * 60 / SIZE**2)
    np.testing.assert_array_equal(panel(picture, 2), panels.heat_map(np.full((SIZE, SIZE), 0.6)))
    prediction = panel(picture, 3)
    tint = np.round(0.55 * np.array([40, 80, 120]) + 0.45 * np.array(VERMILION))
    np.testing.assert_array_equal(prediction[130, 130], tint)
    np.testing.assert_array_equal(prediction[200, 200], IMAGE[0, 0])


@pytest.mark.parametrize(('score', 'color', 'other'), [(0.97, VERMILION, GREEN), (0.12, GREEN, VERMILION)])
def test_verdict_has_the_color_of_its_class(visualizer, score, color, other):
    tag = panel(visualizer.draw(IMAGE, make_sample(score)), 3)[:50]
    assert share(tag, color) > 0.1
    assert share(tag, other) == 0
    bare = panel(visualizer.draw(IMAGE, make_sample(score), with_labels=False), 3)[:50]
    np.testing.assert_array_equal(bare, IMAGE[:50])


def test_a_score_of_a_half_is_real(visualizer):
    tag = panel(visualizer.draw(IMAGE, make_sample(0.5)), 3)[:50]
    assert share(tag, GREEN) > 0.1
    assert share(tag, VERMILION) == 0


@pytest.mark.parametrize(('label', 'score', 'name'), [(0, 0.97, 'real'), (1, 0.125, 'fake')])
def test_what_is_written(visualizer, monkeypatch, label, score, name):
    captions, tags = [], []
    monkeypatch.setattr(forgery_visualizer, 'side_by_side', lambda panels: captions.extend(c for c, _ in panels))
    monkeypatch.setattr(prediction_panel, 'write_tag', lambda panel, text, color: tags.append((text, tuple(color))))
    sample = make_sample(score)
    sample.gt_label.label = torch.tensor([label])
    visualizer.draw(IMAGE, sample)
    assert captions == ['image', f'ground truth: {name}', 'coarse mask', 'prediction']
    assert tags == [('P(fake) 0.97  fake', VERMILION) if score > 0.5 else ('P(fake) 0.12  real', GREEN)]


@pytest.mark.parametrize(('field', 'index'), [('gt_sem_seg', 1), ('coarse_prob', 2), ('pred_sem_seg', 3)])
def test_missing_field_is_marked(visualizer, field, index):
    sample = make_sample()
    delattr(sample, field)
    assert share(panel(visualizer.draw(IMAGE, sample), index), panels.FAINT) > 0.8


def test_stock_segmentor_and_bare_image(visualizer):
    sample = make_sample()
    del sample.pred_label, sample.coarse_prob
    picture = visualizer.draw(IMAGE, sample)
    np.testing.assert_array_equal(panel(picture, 3)[:50], IMAGE[:50])
    for index in (1, 2, 3):
        assert share(panel(visualizer.draw(IMAGE), index), panels.FAINT) > 0.8


@pytest.mark.parametrize('convert', ['numpy', 'half'])
def test_samples_may_hold_arrays_or_half_precision(visualizer, convert):
    """mmseg's browse_dataset.py turns samples into arrays; mixed precision leaves probabilities of 16 bits."""
    sample = make_sample()
    if convert == 'half':
        sample.coarse_prob.data, sample.pred_label.score = (
            sample.coarse_prob.data.half(),
            sample.pred_label.score.half(),
        )
    else:
        sample = sample.numpy()
    picture = visualizer.draw(IMAGE, sample)
    np.testing.assert_array_equal(picture, visualizer.draw(IMAGE, make_sample()))


def test_chosen_panels(visualizer):
    np.testing.assert_array_equal(panel(visualizer.draw(IMAGE, make_sample(), draw_gt=False), 0, count=3), IMAGE)
    np.testing.assert_array_equal(panel(visualizer.draw(IMAGE, make_sample(), draw_pred=False), 0, count=2), IMAGE)


@pytest.mark.parametrize('size', [(128, 128), (2000, 1500), (90, 1200), (1200, 90), (32, 32)])
def test_picture_size_is_bounded(visualizer, size):
    sample = make_sample()
    height, width = visualizer.draw(np.zeros((*size, 3), np.uint8), sample).shape[:2]
    assert 256 < height < 440
    assert 4 * 256 < width < 4 * 600


def test_output_file_and_backend(tmp_path):
    visualizer = ForgeryVisualizer(
        name='backend', vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path / 'run')
    )
    expected = visualizer.draw(IMAGE, make_sample())
    older = OlderFile(tmp_path / 'pictures/a.png')
    visualizer.add_datasample('a', IMAGE, make_sample(), out_file=str(tmp_path / 'pictures/a.png'))
    assert older.was_replaced_as_a_whole()
    visualizer.add_datasample('a', IMAGE, make_sample(), out_file=str(tmp_path / 'new/a.png'))
    visualizer.add_datasample('b', IMAGE, make_sample(), step=3)
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob('*.png'))
    assert files == ['new/a.png', 'pictures/a.png', 'run/vis_data/vis_image/b_3.png']
    for file in files:
        np.testing.assert_array_equal(cv2.imread(str(tmp_path / file))[..., ::-1], expected)


def test_show(monkeypatch, tmp_path):
    visualizer = ForgeryVisualizer(name='window', vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path))
    shown = []
    monkeypatch.setattr(visualizer, 'show', lambda picture, win_name, wait_time: shown.append((win_name, wait_time)))
    visualizer.add_datasample('a', IMAGE, make_sample(), show=True, wait_time=2)
    assert shown == [('a', 2)]
    assert not list(tmp_path.rglob('*.png'))
