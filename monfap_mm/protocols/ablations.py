"""The ablation studies of the paper: which config makes which row of which table."""

import runpy
from pathlib import Path
from types import MappingProxyType

from mmengine.config import Config

# The paper's own choice, which is one row of every table.
FULL_MODEL = 'ablation_full-model'

# Row of the paper's table -> config in configs/ablations.
ABLATIONS = MappingProxyType(
    {
        'VI': {
            'baseline': 'table06_baseline',
            '+FUP (w/o MSS)': 'table06_fup-wo-mss',
            '+FUP': 'table06_fup',
            '+FUP+MNM': FULL_MODEL,
        },
        'VII': {
            'global statistics': 'table07_global-statistics',
            'additional loss': 'table07_additional-loss',
            'two-branch': 'table07_two-branch',
            'tokens learning': FULL_MODEL,
        },
        'VIII': {'0': 'table08_se-0', '1': FULL_MODEL, '2': 'table08_se-2', '3': 'table08_se-3'},
        'IX': {'Add': 'table09_add', 'Cat': 'table09_cat', 'MoE': 'table09_moe', 'MoNE': FULL_MODEL},
        'X': {'w/o L_mone': 'table10_wo-importance-loss', 'w/ L_mone': FULL_MODEL},
        'XI': {
            '1': 'table11_lambda-1',
            '5': 'table11_lambda-5',
            '10': FULL_MODEL,
            '15': 'table11_lambda-15',
            '20': 'table11_lambda-20',
        },
        'XII': {
            '0.0': 'table12_no-mask',
            '0.3': 'table12_threshold-0p3',
            '0.5': FULL_MODEL,
            '0.7': 'table12_threshold-0p7',
            '0.9': 'table12_threshold-0p9',
        },
        'Fig. 7a': {'1': 'fig7a_experts-1', '2': 'fig7a_experts-2', '3': 'fig7a_experts-3', '4': FULL_MODEL},
        'Fig. 7b': {'1': 'fig7b_scales-1', '2': 'fig7b_scales-2', '3': 'fig7b_scales-3', '4': FULL_MODEL},
    }
)

# What the rows are built on, in place of the bases that they name: the demo's data, model size and schedule.
DEMO_BASES = MappingProxyType(
    {
        'monfap-c_8xb32-40e_ffiw-512x512.py': 'monfap-c_demo.py',
        'fcn_convnextv2-atto_8xb32-40e_ffiw-512x512.py': 'fcn_demo.py',
    }
)


def load_row(path: Path, demo: bool = False) -> Config:
    """Read the config of a row, as it is (the paper's setting on FFIW), or the same change to the demo's config.

    Args:
        path: The config, in ``configs/ablations``.
        demo: Whether to build it on ``configs/demo``.

    Returns:
        The whole config.
    """
    if not demo:
        return Config.fromfile(path)
    row = runpy.run_path(str(path))
    base = DEMO_BASES[Path(row['_base_']).name]
    cfg = Config.fromfile(path.parents[1] / 'demo' / base)
    cfg.merge_from_dict({key: value for key, value in row.items() if not key.startswith('_')})
    return cfg
