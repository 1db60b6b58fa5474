"""A small set in the layout of OpenForensics."""

import json
from pathlib import Path

import cv2
import numpy as np

HEIGHT, WIDTH = 48, 64
FOLDERS = {'train': 'Train', 'val': 'Val', 'test': 'Test-Dev'}


def box(x1, y1, x2, y2):
    """Polygon of a rectangle."""
    return [x1, y1, x2, y1, x2, y2, x1, y2]


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


class OpenForensicsSet:
    """Collects images and faces; :meth:`save` writes them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = {
            split: {
                'categories': [{'id': 0, 'name': 'Real'}, {'id': 1, 'name': 'Fake'}],
                'images': [],
                'annotations': [],
            }
            for split in FOLDERS
        }

    def add(self, split: str, name: str, *faces, file_name=None, image=True, **fields) -> None:
        """Add an image; faces are pairs of category number and segmentation, with other fields as a third."""
        content = self.files[split]
        number = len(content['images']) + 1
        file_name = file_name or f'Images/{FOLDERS[split]}/{name}'
        entry = {'id': number, 'file_name': file_name, 'height': HEIGHT, 'width': WIDTH, **fields}
        content['images'].append(entry)
        for category, segmentation, *others in faces:
            face = {'id': len(content['annotations']), 'image_id': number, 'category_id': category, 'iscrowd': 0}
            content['annotations'].append({**face, 'segmentation': segmentation, **(others[0] if others else {})})
        if image:
            path = self.root / 'Images' / FOLDERS[split] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(Path(name).suffix, picture(number))[1].tobytes())

    def save(self) -> Path:
        self.root.mkdir(exist_ok=True)
        for split, content in self.files.items():
            (self.root / f'{FOLDERS[split]}_poly.json').write_text(json.dumps(content))
        return self.root


def make_plain(root: Path, count: int = 12) -> Path:
    """A clean set: of three images, one has two forged faces, one a forged and a real face, one real faces."""
    made = OpenForensicsSet(root)
    for split in FOLDERS:
        for number in range(count if split == 'train' else 3):
            faces = [(1, [box(4, 5, 14, 20)]), (int(number % 3 == 0), [box(30, 10, 45, 30)])]
            made.add(split, f'{split}{number:03}.jpg', *(faces if number % 3 < 2 else [(0, [box(1, 1, 9, 9)])]))
    return made.save()
