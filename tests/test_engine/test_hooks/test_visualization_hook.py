import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.models import BaseSegmentor
from mmseg.registry import HOOKS, MODELS
from mmseg.structures import SegDataSample
from PIL import Image

from monfap_mm.media.images import read_image

from ...test_datasets.files import encode, make_dataset, photo, save

PIPELINE = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', scale=(32, 32)),
    dict(type='LoadForgeryAnnotations'),
    dict(type='PackForgeryInputs'),
]


@MODELS.register_module()
class BrightnessSegmentor(BaseSegmentor):
    """Calls bright pixels fake."""

    align_corners = False

    def forward(self, inputs, data_samples=None, mode='tensor'):
        sizes = [sample.ori_shape for sample in data_samples]
        gray = [image.float().mean(0, keepdim=True)[None] / 255 for image in inputs]
        logits = [torch.nn.functional.interpolate(g, s)[0] for g, s in zip(gray, sizes)]
        logits = torch.stack([torch.cat([0.5 - x, x - 0.5]) for x in logits])
        return self.postprocess_result(logits, data_samples)

    def encode_decode(self, inputs, batch_data_samples):
        raise NotImplementedError

    extract_feat = loss = predict = _forward = encode_decode


def run_test(root, work_dir, hook, visualizer=None, **dataset):
    """Test the toy segmentor through the runner, as tools/test.py does."""
    config = Config(
        dict(
            default_scope='mmseg',
            work_dir=str(work_dir),
            experiment_name=f'vis_{work_dir.name}',
            model=dict(type='BrightnessSegmentor', data_preprocessor=dict(type='SegDataPreProcessor')),
            test_dataloader=dict(
                batch_size=1,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dict(
                    type='ForgeryDataset',
                    data_root=str(root),
                    pipeline=PIPELINE,
                    test_mode=True,
                    **{'ann_file': 'train.txt', **dataset},
                ),
            ),
            test_cfg=dict(type='TestLoop'),
            test_evaluator=dict(type='ForgeryMetric'),
            visualizer=visualizer or dict(type='ForgeryVisualizer', vis_backends=[dict(type='LocalVisBackend')]),
            default_hooks=dict(visualization=dict(type='ForgeryVisualizationHook', **hook)),
            log_level='WARNING',
        )
    )
    config.visualizer.setdefault('name', str(work_dir))
    figures = Runner.from_cfg(config).test()
    assert set(figures) == {'forgery/ACC', 'forgery/AUC', 'forgery/F1-f', 'forgery/IoU-f'}


def pictures(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*.png'))


def test_backend(tmp_path):
    root = make_dataset(tmp_path / 'data')
    run_test(root, tmp_path / 'work', dict(draw=True))
    names = pictures(tmp_path / 'work')
    assert len(names) == 4
    for i, name in enumerate(names):
        _, rest = name.split('/', 1)
        assert rest == f'vis_data/vis_image/test_{i}_0.png'


def test_show_dir(tmp_path):
    """mmseg's --show-dir sets the visualizer's folder and the hook's ``draw``."""
    root = make_dataset(tmp_path / 'data')
    visualizer = dict(
        type='ForgeryVisualizer', vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path / 'show')
    )
    run_test(root, tmp_path / 'work', dict(draw=True), visualizer)
    assert pictures(tmp_path / 'show') == [f'vis_data/vis_image/test_{i}_0.png' for i in range(4)]


def test_pictures_of_validation_say_their_iteration(tmp_path):
    """That of training; a runner that only tests has none, and must not build the training set to find that out."""
    root = make_dataset(tmp_path / 'data', num_real=1, num_fake=0)

    class TestingRunner:
        def __init__(self):
            self.steps, self.visualizer = [], self

        def add_datasample(self, *_, step, **__):
            self.steps.append(step)

        @property
        def iter(self):
            assert trains, 'this would build the training set'
            return 7

    runner, hook = TestingRunner(), HOOKS.build(dict(type='ForgeryVisualizationHook', draw=True))
    sample = SegDataSample(metainfo=dict(img_path=str(next(root.rglob('*.png')))))
    trains = False
    hook.after_test_iter(runner, 0, {}, [sample])
    trains = True
    hook.before_train(runner)
    hook.after_val_iter(runner, 0, {}, [sample])
    assert runner.steps == [0, 7]


def test_out_dir_and_interval(tmp_path):
    root = make_dataset(tmp_path / 'data', num_real=4, num_fake=3)
    run_test(root, tmp_path / 'work', dict(draw=True, interval=3, out_dir=str(tmp_path / 'out')))
    assert pictures(tmp_path / 'out') == ['0.png', '3.png', '6.png']
    assert pictures(tmp_path / 'work') == []


def test_nothing_is_drawn_by_default(tmp_path):
    root = make_dataset(tmp_path / 'data')
    run_test(root, tmp_path / 'work', {})
    assert pictures(tmp_path / 'work') == []


def test_shared_stems_get_names_of_their_own(tmp_path):
    lines = []
    for i, name in enumerate(['a/x.png', 'b/x.png', 'x.jpg', 'a/x.png', 'a/x_1.png']):
        save(tmp_path / 'data' / name, photo(seed=i))
        lines.append(f'{name}\t0')
    (tmp_path / 'data/list.txt').write_text('\n'.join(lines))
    run_test(tmp_path / 'data', tmp_path / 'work', dict(draw=True, out_dir=str(tmp_path / 'out')), ann_file='list.txt')
    assert pictures(tmp_path / 'out') == ['x.png', 'x_1.png', 'x_1_4.png', 'x_2.png', 'x_3.png']


def test_several_processes_cannot_take_the_same_name(monkeypatch):
    monkeypatch.setattr('monfap_mm.utils.file_names.get_world_size', lambda: 2)
    hook = HOOKS.build(dict(type='ForgeryVisualizationHook', draw=True))
    assert hook._unique_name('a/x.png', 4) == 'x_4'
    assert hook._unique_name('a/x.png', 4) == 'x_4'
    assert hook._unique_name('b/x.png', 5) == 'x_5'


def test_image_is_drawn_as_a_viewer_shows_it(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / 'data').mkdir()
    stored = np.ascontiguousarray(photo(200, 300)[..., ::-1])
    (tmp_path / 'data/a.jpg').write_bytes(encode(Image.fromarray(stored), 'JPEG', exif=exif))
    (tmp_path / 'data/list.txt').write_text('a.jpg\t0')
    run_test(tmp_path / 'data', tmp_path / 'work', dict(draw=True, out_dir=str(tmp_path / 'out')), ann_file='list.txt')
    drawn = cv2.imread(str(tmp_path / 'out/a.png'))
    image = read_image(str(tmp_path / 'data/a.jpg'))
    assert image.shape == (300, 200, 3)
    # 8 pixels of margin, 30 of caption; a panel is 256 wide.
    np.testing.assert_array_equal(drawn[30:330, 8 + 28 : 8 + 228], image)


def test_visualizer_that_draws_nothing(tmp_path):
    root = make_dataset(tmp_path / 'data')
    with pytest.raises(TypeError, match='Visualizer draws no samples: set visualizer=dict'):
        run_test(root, tmp_path / 'work', dict(draw=True), dict(type='mmengine.Visualizer'))


def test_bad_interval():
    with pytest.raises(ValueError, match='interval must be at least 1, got 0'):
        HOOKS.build(dict(type='ForgeryVisualizationHook', interval=0))
