"""What ``tools/train.py`` and ``tools/test.py`` share: arguments, config, and a start without GPUs."""

import argparse
import os
from pathlib import Path

import torch.distributed
from mmengine.config import Config, DictAction
from mmengine.device import get_device

from ..model_files.loading import read_checkpoint
from .cfg_options import merge_options


def base_parser(description: str) -> argparse.ArgumentParser:
    """Parser with the arguments that every mmseg user knows from both tools."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder for logs and checkpoints; default: work_dirs/<name of the config>')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='replace keys of the config, e.g. train_dataloader.batch_size=8 or "key=[a,b]"; no spaces in a value',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by old launchers')
    return parser


def require_file(parser: argparse.ArgumentParser, path: str, what: str) -> None:
    """End with a clear message if a local file is missing. Addresses such as ``https://`` pass."""
    if '://' not in path and not Path(path).is_file():
        parser.error(f'there is no {what} {path} (looked in {Path.cwd()})')


def require_checkpoint(parser: argparse.ArgumentParser, path: str) -> None:
    """End with a clear message if a local checkpoint is missing or damaged. Addresses pass."""
    require_file(parser, path, 'checkpoint')
    if '://' not in path:
        try:
            read_checkpoint(path)
        except (OSError, ValueError) as error:
            parser.error(str(error))


def config_from_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> Config:
    """Read the config and put the arguments of :func:`base_parser` into it.

    The work dir is the argument's, else the config's, else ``work_dirs/<name of the config>``.

    Raises:
        OptionError: If an option is a typing error.
    """
    require_file(parser, args.config, 'config file')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    merge_options(cfg, args.cfg_options)
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or os.path.join('work_dirs', Path(args.config).stem)
    return cfg


def is_first_process(launcher: str) -> bool:
    """Whether this is the first of the processes that a launcher started, as is known before they are joined."""
    ranks = dict(pytorch='RANK', slurm='SLURM_PROCID', mpi='OMPI_COMM_WORLD_RANK')
    return os.environ.get(ranks.get(launcher, ''), '0') == '0'


def join_cpu_processes(cfg: Config) -> None:
    """Let ``--launcher pytorch`` run on a machine without GPUs.

    MMEngine would bind each process to a GPU, both for the process group and for DDP. Where there is none, the group
    is made here with gloo, which MMEngine then keeps, and DDP gets no device.
    """
    if cfg.launcher != 'pytorch' or get_device() != 'cpu':
        return
    torch.distributed.init_process_group('gloo')
    wrapper = dict(type='MMDistributedDataParallel', find_unused_parameters=cfg.get('find_unused_parameters', False))
    cfg.model_wrapper_cfg = {**wrapper, **cfg.get('model_wrapper_cfg', {}), 'device_ids': None}
