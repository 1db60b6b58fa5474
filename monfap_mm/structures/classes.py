"""What a pixel or an image is, and in which color it is drawn."""

CLASSES = ('real', 'fake')
# Bluish green and vermilion: told apart by color-blind readers too.
PALETTE = [[0, 158, 115], [213, 94, 0]]
