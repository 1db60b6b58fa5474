"""Small real files to test on."""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 40, 60


def photo(height=HEIGHT, width=WIDTH, seed=0):
    """A smooth picture (H, W, 3), BGR, without symmetry."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4), None, 0, 255, cv2.NORM_MINMAX)


def box_mask(height=HEIGHT, width=WIDTH, box=(5, 10, 20, 30)):
    """Mask (H, W) that is 255 in rows and columns top:bottom, left:right of (top, left, bottom, right)."""
    mask = np.zeros((height, width), np.uint8)
    mask[box[0] : box[2], box[1] : box[3]] = 255
    return mask


def save(path, array, **options):
    """Write an array (BGR or grayscale) with Pillow; returns the path as a string."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    array = array[..., ::-1] if array.ndim == 3 else array
    Image.fromarray(np.ascontiguousarray(array)).save(path, **options)
    return str(path)


def encode(image: Image.Image, file_format: str, **options) -> bytes:
    """Encode a Pillow image."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def make_dataset(root, num_real=2, num_fake=2, name='train.txt', suffix='.png'):
    """Write a data set with its list; image i shows ``photo(seed=i)``, fakes come last. Returns the root."""
    root = Path(root)
    lines = ['# image, label, mask', '']
    for i in range(num_real + num_fake):
        save(root / f'images/{i}{suffix}', photo(seed=i))
        fields = [f'images/{i}{suffix}', str(int(i >= num_real))]
        if i >= num_real:
            save(root / f'masks/{i}.png', box_mask())
            fields.append(f'masks/{i}.png')
        lines.append('\t'.join(fields))
    (root / name).write_text('\n'.join(lines) + '\n')
    return root
