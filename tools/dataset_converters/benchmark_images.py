"""How fast a machine converts images: makes a source in the layout of OpenForensics, and converts it.

Example:
    python tools/dataset_converters/benchmark_images.py --images 600
"""

import argparse
import json
import os
import resource
import tempfile
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from monfap_mm.cli.arguments import positive_number
from monfap_mm.cli.command import run_command
from monfap_mm.curation import openforensics
from monfap_mm.jobs.job import run_job

FACES, CORNERS = 3, 60
WIDTH_TO_HEIGHT = 4 / 3


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Measure the throughput of the converters on synthetic photographs.')
    parser.add_argument('--images', type=positive_number, default=600, help='default: %(default)s')
    parser.add_argument(
        '--pixels', type=positive_number, default=1_500_000, help='pixels of an image, default: %(default)s'
    )
    parser.add_argument(
        '--workers', type=positive_number, nargs='+', default=sorted({1, os.cpu_count()}), help='default: 1, all cores'
    )
    return parser.parse_args()


def make_source(folder: Path, count: int, pixels: int) -> float:
    """Write images with three forged faces each; returns their mean size in bytes."""
    height = round((pixels / WIDTH_TO_HEIGHT) ** 0.5)
    width = round(height * WIDTH_TO_HEIGHT)
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    images, annotations, size = [], [], 0
    (folder / 'Images/Train').mkdir(parents=True)
    turns = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    for number in range(count):
        noisy = np.clip(smooth + rng.integers(-12, 13, smooth.shape, dtype=np.int16), 0, 255).astype(np.uint8)
        jpeg = cv2.imencode('.jpg', noisy, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
        name = f'Images/Train/{number:06}.jpg'
        (folder / name).write_bytes(jpeg)
        size += len(jpeg) / count
        images.append({'id': number, 'file_name': name, 'height': height, 'width': width})
        for face in range(FACES):
            centre = np.array([width * (face + 1) / (FACES + 1), height / 2])
            outline = centre + height / 6 * np.stack([np.cos(turns), np.sin(turns)], 1)
            annotation = {'image_id': number, 'category_id': 1, 'segmentation': [outline.ravel().round(2).tolist()]}
            annotations.append(annotation)
    categories = [{'id': 0, 'name': 'Real'}, {'id': 1, 'name': 'Fake'}]
    content = {'categories': categories, 'images': images, 'annotations': annotations}
    (folder / 'Train_poly.json').write_text(json.dumps(content))
    return size


def cpu_seconds() -> float:
    """Time that this process and its workers have computed; others on the machine do not add to it."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def main() -> int:
    """Measure; returns the exit code."""
    args = parse_args()
    with tempfile.TemporaryDirectory() as folder:
        src = Path(folder, 'source')
        size = make_source(src, args.images, args.pixels)
        print(f'{args.images} images of {args.pixels / 1e6:g} megapixels and {size / 1e3:.0f} kB, {FACES} faces each')
        tasks = openforensics.list_tasks(openforensics.annotation_files(src))
        work = partial(openforensics.convert, src=src, link='copy', max_pixels=10 * args.pixels)
        for workers in args.workers:
            start, cpu = time.perf_counter(), cpu_seconds()
            run_job(tasks, work, Path(folder, f'set{workers}'), settings={}, workers=workers)
            rate = args.images / (time.perf_counter() - start)
            per_core = args.images / (cpu_seconds() - cpu)
            print(f'{workers} workers: {rate:.1f} images per second, {per_core:.1f} per second of one core')
    # Linux counts in kB.
    peaks = [resource.getrusage(who).ru_maxrss / 1e3 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f'peak memory: {peaks[0]:.0f} MB, largest worker {peaks[1]:.0f} MB')
    return 0


if __name__ == '__main__':
    run_command('benchmark', main)
