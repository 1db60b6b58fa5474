"""A training in milliseconds, with the hooks that the configs ship."""

import copy
import itertools
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.fileio import LocalBackend
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmseg.registry import DATASETS, METRICS, MODELS
from torch import nn
from torch.utils.data import Dataset

RUNTIME = Path(__file__).parents[2] / 'configs' / '_base_' / 'default_runtime.py'
_number = itertools.count()


class Killed(BaseException):
    """What a test raises where a kill would end the process: no handler of errors sees it."""


@DATASETS.register_module()
class ToyDataset(Dataset):
    metainfo = {}

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return dict(inputs=torch.full((1,), float(index)), data_samples=torch.ones(1))


@MODELS.register_module()
class ToyModel(BaseModel):
    """Two parts; ``spoil(model, losses)`` may break what it computes."""

    spoil = staticmethod(lambda model, losses: None)

    def __init__(self, width=2):
        super().__init__()
        self.backbone = nn.Linear(1, width)
        self.decode_head = nn.Linear(width, 1)
        self.iteration = 0

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode == 'predict':
            return [{}]
        out = self.decode_head(self.backbone(torch.stack(inputs)))
        losses = dict(loss_first=(out - 1).square().mean(), loss_second=0.1 * out.abs().mean())
        self.iteration += 1
        self.spoil(self, losses)
        return losses


@METRICS.register_module()
class ScriptedMetric(BaseMetric):
    """Gives the score that a test has set for the epoch (2 iterations); 'kill' ends the process there."""

    runner = None
    scores = {}
    seen = []

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        epoch = self.runner.iter // 2
        self.seen.append(epoch)
        score = self.scores[epoch]
        if score == 'kill':
            raise Killed
        return score if isinstance(score, dict) else {'IoU-f': score}


def make_runner(work_dir, scores=(10, 30, 20), **options) -> Runner:
    """A runner of as many epochs as there are scores, 2 iterations each.

    Args:
        work_dir: Its folder.
        scores: Of the validations.
        **options: Keys of the config, with '__' for a dot.
    """
    loader = dict(batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
    loader['dataset'] = dict(type='ToyDataset')
    metric = dict(type='ScriptedMetric', prefix='forgery')
    cfg = Config.fromfile(RUNTIME)
    cfg.merge_from_dict(
        dict(
            work_dir=str(work_dir),
            experiment_name=f'toy_{next(_number)}',
            log_level='WARNING',
            model=dict(type='ToyModel'),
            train_dataloader=loader,
            val_dataloader=loader,
            val_evaluator=metric,
            val_cfg=dict(type='ValLoop'),
            train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=len(scores), val_interval=1),
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01)),
            randomness=dict(seed=0),
            default_hooks=dict(visualization=dict(type='ForgeryVisualizationHook')),
        )
    )
    cfg.visualizer.name = cfg.experiment_name
    cfg.merge_from_dict({key.replace('__', '.'): copy.deepcopy(value) for key, value in options.items()})
    runner = Runner.from_cfg(cfg)
    ScriptedMetric.runner, ScriptedMetric.scores = runner, dict(enumerate(scores, start=1))
    ScriptedMetric.seen = []
    return runner


def kill_at_write(monkeypatch, number) -> None:
    """Let the writing of the number-th checkpoint be killed half-way."""
    put, count = LocalBackend.put, itertools.count(1)

    def put_half(self, obj, filepath):
        if str(filepath).endswith('.pth') and next(count) == number:
            put(self, obj[: len(obj) // 2], filepath)
            raise Killed
        put(self, obj, filepath)

    monkeypatch.setattr(LocalBackend, 'put', put_half)


def files(work_dir) -> set[str]:
    """Names of the files of a training, without the logs."""
    return {path.name for path in Path(work_dir).iterdir() if path.is_file() and path.suffix != '.py'}
