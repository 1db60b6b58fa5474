"""What a Runner does before any model is built, and an ONNX file that several tests share, since it takes its time."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import monfap_mm  # noqa: F401  (registers the package, and its stand-in for mmcv's operators)
from tests.garbage import pass_by_what_lasts
from tests.sharing import shared_folder

init_default_scope('mmseg')

CONFIG = """
_base_ = {base!r}
model = dict(
    backbone=dict(arch=dict(_delete_=True, depths=[1, 1, 1, 1], channels=[8, 16, 24, 32])),
    neck=dict(in_channels=[8, 16, 24, 32]),
    decode_head=dict(in_channels=[8, 16, 24, 32], mlp_channels=(16, 16), coarse_channels=16, num_scales=2),
)
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', scale=(96, 64), keep_ratio=False),
    dict(type='LoadForgeryAnnotations'),
    dict(type='PackForgeryInputs'),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
"""


class OnnxModel(NamedTuple):
    """One tiny model three times: paths of config, checkpoint and ONNX file."""

    config: str
    weights: str
    file: str


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--slow`` for what reduced instances stand for otherwise."""
    parser.addoption('--slow', action='store_true', help='also run the tests marked slow: whole networks, more exports')


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line('markers', 'slow: one more whole network, or export of one; runs with --slow only')


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whole commands first: they take longest, and no core shall wait for the last of them."""
    items.sort(key=lambda item: 'test_tools' not in item.path.parts)
    if not config.getoption('--slow'):
        for item in items:
            if item.get_closest_marker('slow'):
                item.add_marker(pytest.mark.skip(reason='one more whole network: run with --slow'))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Loggers of earlier tests forget files that are closed, into which MMEngine would write."""
    for logger in MMLogger._instance_dict.values():
        closed = [handler for handler in logger.handlers if getattr(handler, 'stream', handler) is None]
        for handler in closed:
            logger.removeHandler(handler)


@pytest.fixture(autouse=True, scope='module')
def _quick_collections() -> None:
    pass_by_what_lasts()


@pytest.fixture(scope='session')
def onnx_model(tmp_path_factory) -> OnnxModel:
    """A model with random weights that answers pictures of 96 x 64; each of its stages takes the exporter 10 s."""
    return _onnx_model(shared_folder(tmp_path_factory, 'onnx_model', lambda folder: _export(_onnx_model(folder))))


def _onnx_model(folder: Path) -> OnnxModel:
    return OnnxModel(*(str(folder / name) for name in ('tiny.py', 'tiny.pth', 'tiny.onnx')))


def _export(tiny: OnnxModel) -> None:
    from monfap_mm.deployment import export_model

    base = Path(__file__).parents[1] / 'configs' / 'demo' / 'monfap-c_demo.py'
    Path(tiny.config).write_text(CONFIG.format(base=str(base)))
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(tiny.config).model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict(), meta={}), tiny.weights)
    export_model(tiny.config, tiny.weights, Path(tiny.file))
