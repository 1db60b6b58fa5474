"""Tiny data and a model trained on it for an epoch, made once, for the tests of the command line."""

import os
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.scripts import ROOT
from tests.scripts import run_script as tool
from tests.sharing import shared_folder

SIZE = 64
COUNTS = dict(train=8, val=4, test=7)

CONFIG = """
_base_ = {base!r}
data_root = {data!r}
no_workers = dict(batch_size=2, num_workers=0, dataset=dict(data_root=data_root))
model = dict(data_preprocessor=dict(size=({size}, {size})))
train_dataloader = no_workers
val_dataloader = no_workers
test_dataloader = no_workers
train_cfg = dict(max_epochs=1)
param_scheduler = []
"""


def run(*command, cwd, check=True, **env) -> subprocess.CompletedProcess:
    """Run a command with the package on the path; its output comes back as text."""
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1', **env}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    if check:
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


@pytest.fixture(scope='session')
def data(tmp_path_factory) -> Path:
    return shared_folder(tmp_path_factory, 'tools_data', draw_data)


def draw_data(folder: Path) -> None:
    """Noise images; every second one is fake, with a flat block."""
    rng = np.random.default_rng(0)
    for split, count in COUNTS.items():
        lines = []
        for i in range(count):
            image, mask = rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8), np.zeros((SIZE, SIZE), np.uint8)
            if i % 2:
                image[8:40, 8:40] = 128
                mask[8:40, 8:40] = 255
                cv2.imwrite(str(folder / f'{split}{i}_mask.png'), mask)
            cv2.imwrite(str(folder / f'{split}{i}.png'), image)
            lines.append(f'{split}{i}.png\t{i % 2}' + (f'\t{split}{i}_mask.png' if i % 2 else ''))
        (folder / f'{split}.txt').write_text('\n'.join(lines) + '\n')


@pytest.fixture(scope='session')
def config(data, tmp_path_factory) -> Path:
    base = str(ROOT / 'configs' / 'demo' / 'monfap-c_demo.py')
    content = CONFIG.format(base=base, data=str(data), size=SIZE)
    return shared_folder(tmp_path_factory, 'tools_config', lambda it: (it / 'tiny.py').write_text(content)) / 'tiny.py'


@pytest.fixture(scope='session')
def trained(config, tmp_path_factory) -> Path:
    """Work dir after one epoch."""
    cwd = shared_folder(tmp_path_factory, 'tools_trained', lambda cwd: tool('train.py', config, cwd=cwd))
    return cwd / 'work_dirs' / 'tiny'


@pytest.fixture(scope='session')
def tested(trained, config, tmp_path_factory) -> Path:
    """Folder with the pictures, predictions and figures of the test images."""
    checkpoint = trained / 'epoch_1.pth'
    outputs = ('--show-dir', 'pictures', '--out', 'predictions.jsonl', '--work-dir', 'figures')
    # Who tests a checkpoint may not have the training data.
    without_training = ('--cfg-options', 'train_dataloader.dataset.ann_file=absent.txt')
    command = ('test.py', config, checkpoint, *outputs, *without_training)
    return shared_folder(tmp_path_factory, 'tools_tested', lambda cwd: tool(*command, cwd=cwd))
