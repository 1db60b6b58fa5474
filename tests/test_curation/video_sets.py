"""Small sets in the layouts of FFIW-10K and Manual-Fake."""

from pathlib import Path

from ..test_media.video_files import mask_frame, numbered_frame, write_video


def add_ffiw_scene(root: Path, split: str, name: str, faces=(2,) * 12, empty_masks=()) -> None:
    """Write the three videos of a scene: the genuine one is darker than the fake; some masks may be empty."""
    numbers = range(len(faces))
    write_video(root / 'source' / split / f'{name}.mp4', (numbered_frame(n, faces[n], grey=60) for n in numbers))
    write_video(root / 'target' / split / f'{name}.mp4', (numbered_frame(n, faces[n], grey=120) for n in numbers))
    masks = (mask_frame(n, empty=n in empty_masks) for n in numbers)
    write_video(root / 'target_mask' / split / f'{name}_mask.mp4', masks)


def make_ffiw(root: Path) -> Path:
    """Two scenes for training, and one each to validate and to test; val has no frame with two faces."""
    for split, name, faces, empty in (
        ('train', 'train_00000000', (2,) * 12, ()),
        ('train', 'train_00000001', (1, 2, 3, 2, 0, 2), (2, 5)),
        ('val', 'val_00000000', (1,) * 6, ()),
        ('test', 'test_00000000', (2,) * 6, ()),
    ):
        add_ffiw_scene(root, split, name, faces, empty)
    return root
