"""How many images per second one core makes ready for training: from files to tensors, by transform.

    python tools/analysis_tools/loading_speed.py CONFIG [--images 200] [--cfg-options KEY=VALUE ...]

Runs the training pipeline of a config on its training set in this process, on one thread, and prints the share of each
transform, and how many such cores keep a GPU fed that trains a given number of images per second.
"""

import argparse
import os
import time
from collections import defaultdict

os.environ.setdefault('OMP_NUM_THREADS', '1')

import cv2  # noqa: E402  (after the number of threads)
from mmengine.config import Config, DictAction  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmseg.registry import DATASETS  # noqa: E402
from prettytable import PrettyTable  # noqa: E402

from monfap_mm.cli.command import run_command  # noqa: E402
from monfap_mm.engine.cfg_options import merge_options  # noqa: E402

GPU_RATES = (100, 200, 400)


def measure(dataset, images: int) -> dict[str, float]:
    """Seconds by transform over that many samples, from the first on; a sample that is used twice is read twice."""
    seconds = defaultdict(float)
    for index in range(images):
        results = dataset.get_data_info(index % len(dataset))
        for transform in dataset.pipeline.transforms:
            start = time.perf_counter()
            results = transform(results)
            seconds[type(transform).__name__] += time.perf_counter() - start
    return dict(seconds)


def table(seconds: dict[str, float], images: int) -> str:
    """The report."""
    total = sum(seconds.values())
    lines = PrettyTable(['transform', 'ms per image', 'share'], align='r')
    for name, spent in seconds.items():
        lines.add_row([name, f'{1e3 * spent / images:.2f}', f'{spent / total:.0%}'])
    rate = images / total
    fed = ', '.join(f'{gpu}: {gpu / rate:.1f}' for gpu in GPU_RATES)
    return f'{lines}\n{rate:.1f} images per second on one core\ncores that feed a GPU, by its images per second: {fed}'


def main() -> None:
    """Build the dataset, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('--images', type=int, default=200, help='default: 200')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='as of tools/train.py')
    args = parser.parse_args()
    if args.images < 1:
        parser.error('--images must be at least 1')
    cv2.setNumThreads(1)
    cfg = Config.fromfile(args.config)
    merge_options(cfg, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    import monfap_mm  # noqa: F401  (registers the datasets and transforms)

    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    measure(dataset, min(10, args.images))  # the first calls of libraries
    print(table(measure(dataset, args.images), args.images))


if __name__ == '__main__':
    run_command('loading_speed', main)
