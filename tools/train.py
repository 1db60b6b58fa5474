"""Train a model: ``python tools/train.py CONFIG``."""

import sys
from contextlib import nullcontext
from pathlib import Path

from mmengine.device import get_device
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from monfap_mm.cli.command import run_command
from monfap_mm.cli.exit_codes import DONE, FAILED
from monfap_mm.engine.launch import base_parser, config_from_arguments, join_cpu_processes, require_checkpoint
from monfap_mm.jobs.folder_lock import only_writer


def parse_args():
    """Read the command line; returns the parser too, for later errors."""
    parser = base_parser('Train a model')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from a checkpoint; without a value, from the latest one in the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='train in mixed precision')
    return parser, parser.parse_args()


def optim_wrappers(cfg) -> list:
    """The optimizer wrapper of a config, or those of the parts of its model (``PartsOptimWrapperConstructor``)."""
    if 'optimizer' in cfg.optim_wrapper:
        return [cfg.optim_wrapper]
    return [part for part in cfg.optim_wrapper.values() if isinstance(part, dict) and 'optimizer' in part]


def use_amp(parser, cfg) -> None:
    """Switch the config to mixed precision."""
    for wrapper in optim_wrappers(cfg):
        if wrapper.type not in ('OptimWrapper', 'AmpOptimWrapper'):
            parser.error(f'--amp works with optim_wrapper.type OptimWrapper, but the config has {wrapper.type}')
        wrapper.type = 'AmpOptimWrapper'
        wrapper.setdefault('loss_scale', 'dynamic')


def main():
    """Build the runner and train."""
    parser, args = parse_args()
    cfg = config_from_arguments(parser, args)
    if cfg.get('train_dataloader') is None:
        parser.error(f'{args.config} has no train_dataloader: it is for tests only')
    if args.amp:
        use_amp(parser, cfg)
    if get_device() == 'cpu' and any(wrapper.type == 'AmpOptimWrapper' for wrapper in optim_wrappers(cfg)):
        parser.error('--amp needs a GPU, and so does optim_wrapper.type AmpOptimWrapper')
    if args.resume:
        cfg.resume = 'auto'  # see SafeCheckpointHook
        if args.resume != 'auto':
            require_checkpoint(parser, args.resume)
            cfg.resume, cfg.load_from = True, args.resume
    join_cpu_processes(cfg)
    runner = Runner.from_cfg(cfg)
    # Two trainings in one folder would delete each other's checkpoints.
    own_folder = only_writer(Path(runner.work_dir) / 'last_checkpoint') if is_main_process() else nullcontext()
    try:
        with own_folder:
            runner.train()
    except FloatingPointError as error:
        print(f'train: {error}', file=sys.stderr)
        return FAILED
    return DONE


if __name__ == '__main__':
    run_command('train', main, 'train.py --resume goes on')
