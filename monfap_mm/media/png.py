"""PNG: what its header says, and which of its chunks make the pixels."""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

SIGNATURE = b'\x89PNG\r\n\x1a\n'
_END = b'\0\0\0\0IEND\xaeB`\x82'
_OF_THE_PIXELS = (b'IHDR', b'PLTE', b'tRNS', b'IDAT')
# By type of color: gray, color, palette, gray and alpha, color and alpha.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Of the seven passes of an interlaced file: first column and row, and steps.
_ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
_BLOCK = 1 << 20


class PngHeader(NamedTuple):
    """What stands before the pixels.

    Attributes:
        width: Columns of the stored pixels.
        height: Rows of the stored pixels.
        is_plain: Whether they are opaque gray or color of 8 bits.
        is_animated: Whether there are several frames.
        exif: The first sound EXIF block; empty without one.
    """

    width: int
    height: int
    is_plain: bool
    is_animated: bool
    exif: bytes


def read_png_header(file: BinaryIO) -> PngHeader:
    """Read a file up to its pixels.

    Raises:
        ValueError: If it ends before, or does not begin as it must.
    """
    file.seek(len(SIGNATURE))
    kind, length = _read_start(file)
    content = file.read(length + 4) if (kind, length) == (b'IHDR', 13) else b''
    if len(content) < 17:
        raise ValueError('its header is damaged')
    width, height, depth, color = struct.unpack_from('>IIBB', content)
    is_plain, is_animated, exif = depth == 8 and color in (0, 2), False, b''
    while True:
        kind, length = _read_start(file)
        if kind == b'IDAT':
            return PngHeader(width, height, is_plain, is_animated, exif)
        if kind == b'IEND':
            raise ValueError('it has no pixels')
        if kind == b'tRNS':
            is_plain = False
        elif kind == b'acTL' and length >= 4:
            is_animated = int.from_bytes(file.read(4), 'big') > 1
            length -= 4
        elif kind == b'eXIf' and not exif and length < 1 << 24:
            content, checksum = file.read(length), file.read(4)
            exif = content if zlib.crc32(kind + content).to_bytes(4, 'big') == checksum else b''
            continue
        file.seek(length + 4, 1)


def _read_start(file: BinaryIO) -> tuple[bytes, int]:
    start = file.read(8)
    if len(start) < 8:
        raise ValueError('it is truncated before its pixels')
    return start[4:], int.from_bytes(start[:4], 'big')


def only_pixels(data: bytes) -> bytes:
    """A file without what the pixels do not need, so that damage there does no harm.

    Args:
        data: Contents of a file; what comes after its end is left out, and a missing end is put there.

    Raises:
        ValueError: If it is truncated, or a chunk of the pixels does not have its checksum.
    """
    return b''.join((SIGNATURE, *_chunks_of_the_pixels(memoryview(data)), _END))


def _chunks_of_the_pixels(data: memoryview) -> Iterator[memoryview]:
    place = len(SIGNATURE)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from('>I4s', data, place)
        if kind == b'IEND':
            return
        chunk = data[place : place + 12 + length]
        if len(chunk) < 12 + length:
            raise ValueError('it is truncated')
        place += len(chunk)
        if kind in _OF_THE_PIXELS:
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], 'big'):
                raise ValueError(f'it is damaged (checksum of a chunk {kind.decode()})')
            yield chunk


def check_rows(data: bytes) -> None:
    """Check that the compressed data holds all rows: Pillow leaves those black that are not there.

    Args:
        data: From :func:`only_pixels`.

    Raises:
        ValueError: If there are too few.
    """
    width, height, depth, color, _, _, interlaced = struct.unpack_from('>IIBBBBB', data, len(SIGNATURE) + 8)
    bits = depth * _CHANNELS.get(color, 1)
    missing = 0
    for x, y, step_x, step_y in _ADAM7 if interlaced else [(0, 0, 1, 1)]:
        columns, rows = -(-(width - x) // step_x), -(-(height - y) // step_y)
        if columns > 0 and rows > 0:
            missing += rows * (1 + -(-columns * bits // 8))
    inflater = zlib.decompressobj()
    for chunk in _chunks_of_the_pixels(memoryview(data)):
        if chunk[4:8] == b'IDAT':
            block = inflater.decompress(chunk[8:-4], _BLOCK)
            while block:
                missing -= len(block)
                block = inflater.decompress(inflater.unconsumed_tail, _BLOCK)
    if missing > 0:
        raise ValueError('it is truncated')
