"""Each row changes what the paper's table varies, and nothing else."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmseg.registry import MODELS

from monfap_mm.protocols import ABLATIONS, TABLES, load_row
from monfap_mm.protocols.ablations import FULL_MODEL

CONFIGS = Path(__file__).parents[2] / 'configs'
NAMES = sorted({name for rows in ABLATIONS.values() for name in rows.values()})

CHANGES = {
    'table06_fup-wo-mss': {'neck': None, 'decode_head.multi_scale': False},
    'table06_fup': {'neck': None},
    'table07_global-statistics': {'decode_head.task_mode': 'global_statistics'},
    'table07_additional-loss': {'decode_head.task_mode': 'additional_loss'},
    'table07_two-branch': {'decode_head.task_mode': 'two_branch'},
    'table08_se-0': {'neck.num_shared_experts': 0},
    'table08_se-2': {'neck.num_shared_experts': 2},
    'table08_se-3': {'neck.num_shared_experts': 3},
    'table09_add': {'neck.fusion': 'add'},
    'table09_cat': {'neck.fusion': 'cat'},
    'table09_moe': {'neck.fusion': 'moe'},
    'table10_wo-importance-loss': {'neck.loss_importance_weight': 0.0},
    'table11_lambda-1': {'decode_head.loss_decode.manipulated_weight': 1.0},
    'table11_lambda-5': {'decode_head.loss_decode.manipulated_weight': 5.0},
    'table11_lambda-15': {'decode_head.loss_decode.manipulated_weight': 15.0},
    'table11_lambda-20': {'decode_head.loss_decode.manipulated_weight': 20.0},
    'table12_no-mask': {'decode_head.mask_threshold': 0.0},
    'table12_threshold-0p3': {'decode_head.mask_threshold': 0.3},
    'table12_threshold-0p7': {'decode_head.mask_threshold': 0.7},
    'table12_threshold-0p9': {'decode_head.mask_threshold': 0.9},
    'fig7a_experts-1': {'neck.experts': ('cd',)},
    'fig7a_experts-2': {'neck.experts': ('cd', 'bayar')},
    'fig7a_experts-3': {'neck.experts': ('cd', 'bayar', 'srm')},
    'fig7b_scales-1': {'decode_head.num_scales': 1},
    'fig7b_scales-2': {'decode_head.num_scales': 2},
    'fig7b_scales-3': {'decode_head.num_scales': 3},
}


def changed(config: Config, key: str, value) -> Config:
    copy = config.copy()
    copy.merge_from_dict({f'model.{key}': value})
    return copy


@pytest.mark.parametrize('table', ABLATIONS)
def test_rows_are_the_papers(table):
    assert list(ABLATIONS[table]) == list(TABLES[table].rows)


def test_every_config_is_a_row():
    assert sorted(path.stem for path in (CONFIGS / 'ablations').glob('*.py')) == NAMES
    assert set(NAMES) == {*CHANGES, FULL_MODEL, 'table06_baseline'}


@pytest.mark.parametrize('demo', [False, True], ids=['paper', 'demo'])
@pytest.mark.parametrize('name', CHANGES)
def test_a_row_differs_from_the_full_model_in_what_the_table_varies(name, demo):
    expected = load_row(CONFIGS / 'ablations' / f'{FULL_MODEL}.py', demo)
    for key, value in CHANGES[name].items():
        expected = changed(expected, key, value)
    assert load_row(CONFIGS / 'ablations' / f'{name}.py', demo).to_dict() == expected.to_dict()


@pytest.mark.parametrize(
    ('demo', 'full', 'baseline'),
    [
        (False, 'monfap/monfap-c_8xb32-40e_ffiw-512x512', 'monfap/fcn_convnextv2-atto_8xb32-40e_ffiw-512x512'),
        (True, 'demo/monfap-c_demo', 'demo/fcn_demo'),
    ],
)
def test_full_model_and_baseline_are_the_known_configs(demo, full, baseline):
    for name, known in ((FULL_MODEL, full), ('table06_baseline', baseline)):
        row = load_row(CONFIGS / 'ablations' / f'{name}.py', demo)
        assert row.to_dict() == Config.fromfile(CONFIGS / f'{known}.py').to_dict()


@pytest.mark.parametrize('name', NAMES)
def test_the_reduced_model_builds(name):
    model = MODELS.build(load_row(CONFIGS / 'ablations' / f'{name}.py', demo=True).model)
    revert_sync_batchnorm(model)
