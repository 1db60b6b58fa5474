"""Write a perturbed copy of a set: images, masks, list, and a manifest of what was applied.

Example:
    python tools/dataset_converters/perturb.py data/ofv2/test.txt data/ofv2_perturbed

The list of the copy has the name of the source list, and the copy serves as ``data_root`` of a dataset. The images are
PNG files: what is read is what was applied. The source is not touched.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePath

import cv2
from mmengine.utils import track_iter_progress

from monfap_mm.atomic_write import atomic_write
from monfap_mm.datasets import ForgeryDataset, LoadForgeryAnnotations, LoadForgeryImage
from monfap_mm.datasets.perturbations import PERTURBATIONS, Perturber

MAX_SHOWN_PROBLEMS = 10
SETTINGS, MANIFEST, UNFINISHED = 'perturb.json', 'manifest.jsonl', 'manifest.unfinished.jsonl'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Write a perturbed copy of a set of images.')
    parser.add_argument('source', help='list of the set, e.g. data/ofv2/test.txt')
    parser.add_argument('folder', help='where to write the copy')
    parser.add_argument(
        '--families',
        nargs='+',
        metavar='NAME',
        help=f'families ({", ".join(PERTURBATIONS)}) or single perturbations to draw from; default: all',
    )
    parser.add_argument(
        '--severity', nargs='+', type=int, default=[1, 5], metavar='N', help='severity or range, default: 1 5'
    )
    parser.add_argument(
        '--num', nargs='+', type=int, default=[1, 3], metavar='N', help='number of families or range, default: 1 3'
    )
    parser.add_argument('--seed', type=int, default=0, help='default: %(default)s')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='processes, default: all cores')
    return parser.parse_args()


def as_range(values: list[int]) -> tuple[int, int]:
    """The range that one or two numbers of the command line stand for; more are refused by ``Perturber``."""
    return tuple(values * 2 if len(values) == 1 else values)


def copy_name(image: str) -> str:
    """Path of an image's copy, without its ending: unlike that of any other image, and never outside the folder.

    The ending of the source stays in the name, since a.jpg and a.png are two images.
    """
    path = PurePath(os.path.normpath(image))
    return '/'.join('up' if part == '..' else part for part in path.parts if part != path.anchor)


def perturb_sample(folder: Path, perturber: Perturber, sample: dict) -> dict:
    """Perturb one image and write it, with its mask.

    Returns:
        Its record in the manifest, with ``error`` if it cannot be read or perturbed.
    """
    record = dict(source=sample['name'], label=sample['gt_label'])
    try:
        loaded = LoadForgeryAnnotations()(LoadForgeryImage()(dict(sample, seg_fields=[])))
        image, mask, steps = perturber(loaded['img'], loaded['gt_seg_map'])
    except (OSError, ValueError) as error:
        return dict(record, error=f'{sample["img_path"]}: {error}')
    name = copy_name(sample['name'])
    record['image'] = write_png(folder, f'{name}.png', image)
    if sample['gt_label']:
        record['mask'] = write_png(folder, f'{name}.mask.png', mask * 255)
    return dict(record, perturbations=steps)


def write_png(folder: Path, name: str, array) -> str:
    """Write an image or a mask; returns its name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, cv2.imencode('.png', array)[1].tobytes())
    return name


def read_source(path: str) -> list[dict]:
    """The samples of a list, as the dataset sees them, with ``name``, the image's path from the list's folder.

    Raises:
        FileNotFoundError: If there is no such list.
        ValueError: If it has malformed lines, or an image twice.
    """
    root, name = os.path.split(os.path.abspath(path))
    # A missing file costs its own sample only.
    dataset = ForgeryDataset(ann_file=name, data_root=root, check_files=False, pipeline=[], test_mode=True)
    samples = [dataset.get_data_info(index) for index in range(len(dataset))]
    owners = {}
    for sample in samples:
        sample['name'] = os.path.relpath(sample['img_path'], root).replace(os.sep, '/')
        owner = owners.setdefault(copy_name(sample['name']), sample['name'])
        if owner is not sample['name']:
            raise ValueError(f'{path} has the image {sample["name"]} twice')
    return samples


def check_settings(folder: Path, settings: dict) -> None:
    """Keep what the copy is made with, or compare it with what is kept.

    Raises:
        FileExistsError: If the folder holds another copy.
    """
    path = folder / SETTINGS
    text = json.dumps(settings, indent=2) + '\n'
    if path.exists() and path.read_text() != text:
        raise FileExistsError(
            f'{folder} holds a copy of another list or with other settings, see {path.name} in it. Delete that folder, '
            'or choose another'
        )
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(path, text)


def finished_records(folder: Path) -> dict[str, dict]:
    """Records of the images that are done, by source; a line that was cut short by a kill does not count."""
    records = {}
    for path in (folder / MANIFEST, folder / UNFINISHED):
        for line in path.read_text().split('\n')[:-1] if path.exists() else ():
            record = json.loads(line)
            if 'error' not in record and (folder / record['image']).exists():
                records[record['source']] = record
    return records


@contextmanager
def mapped(function, tasks: list, workers: int) -> Iterator[Iterator[dict]]:
    """The results of a function in the order of its tasks, by one or several processes."""
    if workers <= 1:
        yield map(function, tasks)
        return
    with multiprocessing.Pool(workers, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield pool.imap(function, tasks, chunksize=4)


def perturb_set(samples: list[dict], folder: Path, perturber: Perturber, workers: int, list_name: str) -> list[dict]:
    """Perturb what is not done yet; write the list and the manifest.

    Returns:
        The manifest's records, one an image.
    """
    records = finished_records(folder)
    tasks = [sample for sample in samples if sample['name'] not in records]
    if tasks:
        if records:
            print(f'{len(records)} of {len(samples)} images are done already')
        # What a kill has cut short is written anew, so that lines are appended to whole lines only.
        atomic_write(folder / UNFINISHED, ''.join(json.dumps(record) + '\n' for record in records.values()))
        with (
            open(folder / UNFINISHED, 'a', buffering=1) as manifest,
            mapped(partial(perturb_sample, folder, perturber), tasks, workers) as results,
        ):
            for record in track_iter_progress((results, len(tasks))):
                records[record['source']] = record
                manifest.write(json.dumps(record) + '\n')
        print()
    done = [records[sample['name']] for sample in samples]
    lines = [
        '\t'.join([record['image'], str(record['label']), *([record['mask']] if 'mask' in record else [])])
        for record in done
        if 'error' not in record
    ]
    atomic_write(folder / list_name, '\n'.join(['# image\tlabel (0 real, 1 fake)\tmask', *lines]) + '\n')
    atomic_write(folder / MANIFEST, ''.join(json.dumps(record) + '\n' for record in done))
    (folder / UNFINISHED).unlink(missing_ok=True)
    return done


def report(records: list[dict], folder: Path) -> None:
    """Say what was done, and what was not."""
    broken = [record for record in records if 'error' in record]
    print(f'{len(records) - len(broken)} perturbed images in {folder}')
    if broken:
        print(f'{len(broken)} images were skipped, see "error" in {folder / MANIFEST}:', file=sys.stderr)
        for record in broken[:MAX_SHOWN_PROBLEMS]:
            print(f'  {record["error"]}', file=sys.stderr)


def main() -> None:
    """Write the copy and say what was done."""
    args = parse_args()
    folder, list_name = Path(args.folder), os.path.basename(args.source)
    drawn = dict(families=args.families, severity=as_range(args.severity), num=as_range(args.num), seed=args.seed)
    try:
        perturber = Perturber(**drawn)
        samples = read_source(args.source)
        if folder.resolve() == Path(args.source).resolve().parent:
            raise ValueError('the copy needs a folder of its own, not the one of the source')
        table = {
            family: {entry.name: dict(type=entry.type, **entry.arguments) for entry in entries}
            for family, entries in perturber.table.items()
        }
        digest = hashlib.sha256(Path(args.source).read_bytes()).hexdigest()
        check_settings(folder, dict(list=list_name, list_sha256=digest, **drawn, table=table))
        records = perturb_set(samples, folder, perturber, args.workers, list_name)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f'perturb: {error}')
    report(records, folder)


if __name__ == '__main__':
    main()
