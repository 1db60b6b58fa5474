"""How fast a machine converts videos: makes scenes in the layout of FFIW-10K, and converts them.

Example:
    python tools/dataset_converters/benchmark_videos.py --face-model yunet.onnx
"""

import argparse
import os
import resource
import tempfile
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from monfap_mm.cli.arguments import positive_number
from monfap_mm.cli.command import run_command
from monfap_mm.curation import ffiw
from monfap_mm.curation.faces_cli import add_face_options, build_from
from monfap_mm.curation.videos_sampling import Sampling
from monfap_mm.forging import forge
from monfap_mm.jobs.job import run_job
from monfap_mm.scenes.camera import Camera
from monfap_mm.scenes.rendering import render_scene

WIDTH, HEIGHT, PAN = 640, 360, 40


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Measure the throughput of the converters on synthetic videos.')
    parser.add_argument('--scenes', type=positive_number, default=24, help='default: %(default)s')
    parser.add_argument('--frames', type=positive_number, default=250, help='frames of a video, default: %(default)s')
    parser.add_argument('--workers', type=positive_number, default=os.cpu_count(), help='default: all cores')
    add_face_options(parser)
    return parser.parse_args()


def make_scene(folder: Path, number: int, frames: int) -> None:
    """Write a genuine video of a panning camera, its forgery, and the masks."""
    rng = np.random.default_rng(number)
    scene = render_scene(rng, WIDTH)
    image = Camera.sample(rng).capture(scene.radiance, rng)
    forgery = forge(image, scene.boxes, [], rng)
    mask = cv2.cvtColor(forgery.mask.astype(np.uint8) * 255, cv2.COLOR_GRAY2BGR)
    for name, ending, picture in (('source', '', image), ('target', '', forgery.image), ('target_mask', '_mask', mask)):
        path = folder / name / 'train' / f'train_{number:08}{ending}.mp4'
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), 25, (WIDTH, HEIGHT))
        for frame in range(frames):
            top = 60 + round(PAN * np.sin(frame / 25))
            writer.write(np.ascontiguousarray(picture[top : top + HEIGHT]))
        writer.release()


def main() -> int:
    """Measure; returns the exit code."""
    args = parse_args()
    sampling = Sampling(build_from(args))
    with tempfile.TemporaryDirectory() as folder:
        src = Path(folder, 'source')
        for number in range(args.scenes):
            make_scene(src, number, args.frames)
        print(f'{args.scenes} scenes, each three videos of {args.frames} frames of {WIDTH} x {HEIGHT} pixels')
        work = partial(ffiw.convert, src=src, sampling=sampling)
        summary = run_job(
            ffiw.list_tasks(src), work, Path(folder, 'set'), settings={}, workers=args.workers, unit='scenes'
        )
    print(summary.format())
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    per_core = args.scenes / (spent.ru_utime + spent.ru_stime)
    print(f'{per_core:.1f} scenes per second of one core; largest worker {spent.ru_maxrss / 1e3:.0f} MB')  # Linux: kB
    return 0


if __name__ == '__main__':
    run_command('benchmark_videos', main)
