import json

import pytest
from mmengine.config import Config

from monfap_mm.deployment.describe import describe
from monfap_mm.model_files.loading import load_config
from monfap_mm.model_files.onnx_metadata import ResizeStep
from monfap_mm.utils.provenance import hash_file
from tests.test_configs import CONFIGS

RESIZE = dict(type='Resize', scale=(96, 64), keep_ratio=True)


def described(tmp_path, pipeline=(RESIZE,), name='demo/monfap-c_demo.py', **model):
    cfg = Config.fromfile(CONFIGS / name)
    loading, packing = [dict(type='LoadForgeryImage')], [dict(type='PackForgeryInputs')]
    cfg.test_dataloader.dataset.pipeline = [*loading, *pipeline, *packing]
    cfg.merge_from_dict({f'model.{key}': value for key, value in model.items()})
    (tmp_path / 'weights').write_text('x')
    return describe(load_config(cfg, None)[0], str(tmp_path / 'weights'), ('hf', 'cd'))


def test_what_a_config_says(tmp_path):
    cfg, _ = load_config(str(CONFIGS / 'monfap' / 'monfap-c_8xb32-40e_ofv2-512x512.py'), None)
    (tmp_path / 'weights').write_text('x')
    found = describe(cfg, str(tmp_path / 'weights'), max_pixels_in_one_piece=7)
    assert found.max_pixels_in_one_piece == 7
    assert found.resize == ResizeStep((512, 512), False, 'bilinear')
    assert (found.bgr_to_rgb, found.mean) == (True, (123.675, 116.28, 103.53))
    assert found.std == (58.395, 57.12, 57.375)
    assert (found.pad_size, found.pad_divisor) == (None, None)  # 'size' of the preprocessor is for training
    assert (found.mode, found.crop_size, found.stride, found.window_score) == ('whole', (512, 512), (341, 341), 'max')
    assert found.config == 'monfap-c_8xb32-40e_ofv2-512x512'
    assert found.weights_hash == hash_file(tmp_path / 'weights')
    json.loads(found.to_json())


def test_resize(tmp_path):
    assert described(tmp_path).resize == ResizeStep((96, 64), True, 'bilinear')
    assert described(tmp_path, []).resize is None
    area = dict(type='mmseg.Resize', scale=200, interpolation='area')
    assert described(tmp_path, [area]).resize == ResizeStep((200, 200), False, 'area')


def test_preprocessor(tmp_path):
    found = described(
        tmp_path,
        **{
            'data_preprocessor.bgr_to_rgb': False,
            'data_preprocessor.mean': None,
            'data_preprocessor.std': None,
            'data_preprocessor.pad_val': 7,
            'data_preprocessor.test_cfg': dict(size_divisor=32),
        },
    )
    assert (found.bgr_to_rgb, found.mean, found.std) == (False, None, None)
    assert (found.pad_size, found.pad_divisor, found.pad_value) == (None, 32, 7)
    assert described(tmp_path, **{'data_preprocessor.test_cfg': dict(size=(40, 50))}).pad_size == (40, 50)


def test_windows(tmp_path):
    test_cfg = dict(mode='slide', crop_size=(64, 80), stride=(32, 40), window_score='mean')
    found = described(tmp_path, test_cfg=test_cfg)
    assert (found.mode, found.crop_size, found.stride, found.window_score) == ('slide', (64, 80), (32, 40), 'mean')
    unknown = described(tmp_path, [], **{'data_preprocessor.size': None})
    assert (unknown.crop_size, unknown.stride) == (None, None)


@pytest.mark.parametrize(
    ('pipeline', 'model', 'named'),
    [
        ([dict(type='Perturb')], {}, 'Perturb in the test pipeline'),
        ([RESIZE, RESIZE], {}, 'Resize in the test pipeline: it may hold loading, one Resize'),
        ([dict(type='Resize', scale_factor=0.5)], {}, r'scale=\(width, height\)'),
        ([RESIZE | dict(backend='pillow')], {}, 'this Resize'),
        ([RESIZE | dict(interpolation='sinc')], {}, 'this Resize'),
        ([RESIZE], {'data_preprocessor.type': 'ImgDataPreprocessor'}, 'the data preprocessor ImgDataPreprocessor'),
        ([RESIZE], {'decode_head.align_corners': True}, 'decode_head.align_corners=True'),
    ],
)
def test_what_the_runtime_cannot_do_is_refused_by_name(pipeline, model, named, tmp_path):
    with pytest.raises(ValueError, match=named):
        described(tmp_path, pipeline, **model)
