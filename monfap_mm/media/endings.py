"""Which files are pictures, and which are videos, by the ending of their names."""

import os
from typing import TypeGuard

IMAGE_ENDINGS = frozenset(
    (
        '.jpg',
        '.jpeg',
        '.jpe',
        '.jfif',
        '.png',
        '.bmp',
        '.tif',
        '.tiff',
        '.webp',
        '.gif',
        '.avif',
        '.heic',
        '.heif',
        '.hif',
    )
)
VIDEO_ENDINGS = frozenset(
    ('.mp4', '.m4v', '.mov', '.3gp', '.avi', '.mkv', '.webm', '.mpg', '.mpeg', '.mts', '.m2ts', '.ts', '.wmv')
)


def is_video(path: object) -> TypeGuard[str]:
    """Whether something is a path that is called like a video."""
    return isinstance(path, str) and os.path.splitext(path)[1].lower() in VIDEO_ENDINGS
