"""Draw a contact sheet of all perturbations at three severities, on a rendered picture or one of your own.

Example:
    python tools/analysis_tools/perturbation_sheet.py docs/images/perturbations.jpg
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from monfap_mm.cli.command import CommandError, run_command
from monfap_mm.datasets.perturbations import Perturbation, load_table
from monfap_mm.media.errors import BadInput
from monfap_mm.media.images import read_image
from monfap_mm.scenes.camera import Camera
from monfap_mm.scenes.rendering import render_scene
from monfap_mm.utils.atomic_write import written_aside

SEVERITIES = (1, 3, 5)
TILE = 104
COLUMNS = 4
GAP, CAPTION, HEADING = 8, 20, 36
PAPER, INK = 'white', (32, 32, 32)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Draw all perturbations at severities 1, 3 and 5.')
    parser.add_argument('out', type=Path, help='picture to write, e.g. perturbations.jpg')
    parser.add_argument('--image', help='picture to perturb; default: a rendered group')
    parser.add_argument('--seed', type=int, default=5, help='seed of the rendered group, default: %(default)s')
    return parser.parse_args()


def rendered_group(seed: int) -> np.ndarray:
    """A picture (256, 256, 3) of a group, as the demo set has them."""
    rng = np.random.default_rng(seed)
    return Camera.sample(rng).capture(render_scene(rng, 256).radiance, rng)


def tile(image: np.ndarray) -> Image.Image:
    """A BGR image, shrunk to the height of a tile."""
    width = round(TILE * image.shape[1] / image.shape[0])
    return Image.fromarray(cv2.resize(image, (width, TILE), interpolation=cv2.INTER_AREA)[..., ::-1])


def strip(image: np.ndarray, entry: Perturbation) -> Image.Image:
    """A perturbation at the three severities, under its name."""
    tiles = [tile(entry.build(severity)(image, None, 0)[0]) for severity in SEVERITIES]
    width = tiles[0].width
    picture = Image.new('RGB', (len(tiles) * width, CAPTION + TILE), PAPER)
    ImageDraw.Draw(picture).text((0, CAPTION // 2), entry.name, INK, ImageFont.load_default(14), anchor='lm')
    for column, part in enumerate(tiles):
        picture.paste(part, (column * width, CAPTION))
    return picture


def sheet(image: np.ndarray) -> Image.Image:
    """All perturbations, family by family."""
    families = {name: [strip(image, entry) for entry in entries] for name, entries in load_table().items()}
    cell_width, cell_height = (size + GAP for size in next(iter(families.values()))[0].size)
    rows = sum(-(-len(strips) // COLUMNS) for strips in families.values())
    size = (GAP + COLUMNS * cell_width, GAP + rows * cell_height + len(families) * HEADING)
    picture, top = Image.new('RGB', size, PAPER), GAP
    for family, strips in families.items():
        heading = (GAP, top + HEADING // 2)
        ImageDraw.Draw(picture).text(heading, family, INK, ImageFont.load_default(22), anchor='lm')
        top += HEADING
        for number, part in enumerate(strips):
            row, column = divmod(number, COLUMNS)
            picture.paste(part, (GAP + column * cell_width, top + row * cell_height))
        top += -(-len(strips) // COLUMNS) * cell_height
    return picture


def main() -> None:
    """Draw and save the sheet."""
    args = parse_args()
    try:
        image = read_image(args.image) if args.image else rendered_group(args.seed)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(args.out) as temporary:
            sheet(image).save(temporary, quality=70)
    except (BadInput, ImportError, OSError, ValueError) as error:
        raise CommandError(error) from error


if __name__ == '__main__':
    run_command('perturbation_sheet', main)
