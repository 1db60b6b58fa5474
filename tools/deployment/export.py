"""Export a trained model to one file that answers without config, checkpoint and, as .onnx, without PyTorch.

The file is written only if it answers as the model does, on several sizes and batches.

Example:
    python tools/deployment/export.py configs/demo/monfap-c_demo.py work_dirs/demo/best.pth demo.onnx --benchmark
"""

import argparse
import time
import warnings
from pathlib import Path

from monfap_mm.cli.command import CommandError, run_command
from monfap_mm.deployment import FORMATS, Exported, export_model
from monfap_mm.jobs.folder_lock import only_writer


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or a name that "monfap info" lists')
    parser.add_argument('checkpoint')
    parser.add_argument('out', type=Path, help=f'file to write, {" or ".join(FORMATS)}')
    parser.add_argument('--half-weights', action='store_true', help='store the weights in 16 bits: half the size')
    parser.add_argument('--card', type=Path, metavar='FILE', help='text that the .onnx file shall carry, a model card')
    parser.add_argument('--benchmark', action='store_true', help='measure the latency beside PyTorch')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='size of the pictures of the benchmark; default: that of testing',
    )
    parser.add_argument('--batch', type=int, default=1, help='pictures of the benchmark; default: 1')
    return parser.parse_args()


def report(exported: Exported, out: Path, seconds: float) -> None:
    """Say what was made."""
    size = out.stat().st_size / 2**20
    print(f'{out}: {size:.1f} MiB in {seconds:.0f} s, outputs within {exported.difference:.1e} of the model')


def main() -> None:
    """Export, check, and measure."""
    args = parse_args()
    start = time.perf_counter()
    warnings.simplefilter('ignore')
    if not args.out.parent.is_dir():
        raise CommandError(f'there is no folder {args.out.parent}')
    try:
        card = args.card and args.card.read_text(encoding='utf-8')
        with only_writer(args.out):
            exported = export_model(args.config, args.checkpoint, args.out, args.half_weights, card)
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        raise CommandError(error) from error
    report(exported, args.out, time.perf_counter() - start)
    if args.benchmark:
        size = tuple(args.size or exported.size)
        times = exported.benchmark((args.batch, *size))
        print(
            f'{args.batch} x {size[0]} x {size[1]} x 3: {times["eager"]:.1f} ms by PyTorch, '
            f'{times["exported"]:.1f} ms by the file, {times["ratio"]:.2f} times as fast'
        )


if __name__ == '__main__':
    run_command('export', main)
