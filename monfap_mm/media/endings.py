"""Which files are pictures, and which are videos, by the ending of their names."""

IMAGE_ENDINGS = frozenset(('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp'))
VIDEO_ENDINGS = frozenset(('.mp4', '.avi', '.mov', '.mkv', '.webm'))
