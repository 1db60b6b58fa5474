"""How well does a face detector find photographs with two or more faces, and the faces in them?

Photographs with at least two annotated faces should pass. The surroundings of a single annotated face, cut out of the
same photographs, should not; a face in them that nobody annotated counts against the detector.

Example:
    python tools/analysis_tools/eval_faces.py photos/faces.json photos/images --detector cascade
"""

import argparse
import time
from pathlib import Path

import numpy as np

from monfap_mm.cli.arguments import existing_file, existing_folder
from monfap_mm.cli.command import run_command
from monfap_mm.cli.exit_codes import DONE
from monfap_mm.curation.faces import FaceDetector
from monfap_mm.curation.faces_cli import add_face_options, build_from
from monfap_mm.curation.photos import GivenFaces
from monfap_mm.jobs.errors import JobError
from monfap_mm.media.errors import BadInput
from monfap_mm.media.images import read_image
from monfap_mm.media.paths import safe_join


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Evaluate a face detector on annotated photographs.')
    parser.add_argument('boxes', type=existing_file, help='JSON: file name -> [[x1, y1, x2, y2], ...]')
    parser.add_argument('images', type=existing_folder, help='folder of the photographs')
    add_face_options(parser)
    return parser.parse_args()


def one_face_crop(boxes: np.ndarray, face: int, width: int, height: int) -> tuple[int, int, int, int] | None:
    """The surroundings of a face: its box, grown by its own size to all sides.

    Args:
        boxes: ``(N, 4)``, x1, y1, x2, y2.
        face: Index of the box.
        width: Width of the image.
        height: Its height.

    Returns:
        x1, y1, x2, y2 in whole pixels, inside the image; None if it touches another box, or nothing is inside.
    """
    box, others = boxes[face], np.delete(boxes, face, axis=0)
    sides = np.tile(box[2:] - box[:2], 2)
    crop = np.clip(np.round(box + sides * (-1, -1, 1, 1)), 0, [width, height, width, height])
    touching = (others[:, :2] < crop[2:]).all(axis=1) & (others[:, 2:] > crop[:2]).all(axis=1)
    return None if touching.any() or (crop[2:] <= crop[:2]).any() else tuple(crop.astype(int).tolist())


def count_matches(found: np.ndarray, wanted: np.ndarray, iou: float = 0.5) -> int:
    """Number of pairs of found and wanted boxes, best first, each used once, that overlap by at least ``iou``."""
    corner = np.maximum(found[:, None, :2], wanted[None, :, :2])
    overlap = np.prod(np.clip(np.minimum(found[:, None, 2:], wanted[None, :, 2:]) - corner, 0, None), axis=2)
    areas = [np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1) for boxes in (found, wanted)]
    union = areas[0][:, None] + areas[1][None] - overlap
    overlap = np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
    matches = 0
    while overlap.size and overlap.max() >= iou:
        row, column = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[row], overlap[:, column] = 0, 0
        matches += 1
    return matches


def evaluate(detector: FaceDetector, faces: GivenFaces, folder: Path) -> dict[str, float]:
    """Run the detector over photographs and the surroundings of single faces.

    Returns:
        ``photos``, ``crops``; of each, ``*_passed`` with two or more faces found; ``boxes`` annotated,
        ``found`` and ``matched`` at IoU 0.5; ``seconds`` per photograph.

    Raises:
        JobError: If a photograph cannot be read.
    """
    counts = dict.fromkeys(('photos', 'photos_passed', 'crops', 'crops_passed', 'boxes', 'found', 'matched'), 0)
    seconds = 0.0
    for name in faces.boxes:
        try:
            image = read_image(safe_join(folder, name))
        except BadInput as error:
            raise JobError(f'Cannot read a photograph: {error}') from error
        boxes = faces.find(name, image)
        start = time.perf_counter()
        found = detector.detect(image)
        seconds += time.perf_counter() - start
        counts['boxes'] += len(boxes)
        counts['found'] += len(found)
        counts['matched'] += count_matches(found, boxes)
        if len(boxes) >= 2:
            counts['photos'] += 1
            counts['photos_passed'] += len(found) >= 2
        crops = (one_face_crop(boxes, face, image.shape[1], image.shape[0]) for face in range(len(boxes)))
        for x1, y1, x2, y2 in filter(None, crops):
            counts['crops'] += 1
            counts['crops_passed'] += len(detector.detect(image[y1:y2, x1:x2])) >= 2
    return {**counts, 'seconds': seconds / max(1, len(faces.boxes))}


def main() -> int:
    """Evaluate and print a table; returns the exit code."""
    args = parse_args()
    detector = build_from(args)
    counts = evaluate(detector, GivenFaces.load(args.boxes), args.images)
    passed = counts['photos_passed'] + counts['crops_passed']
    print(f'{detector.describe()["detector"]}, {1000 * counts["seconds"]:.0f} ms per photograph')
    print('two or more faces')
    print(f'  recall     {_share(counts["photos_passed"], counts["photos"])} photographs')
    print(f'  precision  {_share(counts["photos_passed"], passed)} that passed')
    print(f'  passed     {_share(counts["crops_passed"], counts["crops"])} surroundings of one annotated face')
    print('boxes, IoU 0.5')
    print(f'  recall     {_share(counts["matched"], counts["boxes"])} annotated')
    print(f'  precision  {_share(counts["matched"], counts["found"])} found')
    return DONE


def _share(part: int, whole: int) -> str:
    return f'{part / max(1, whole):6.1%}  {part} of {whole}'


if __name__ == '__main__':
    run_command('eval_faces', main)
