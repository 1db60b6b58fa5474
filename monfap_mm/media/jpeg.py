"""JPEG: what its header says, and decoding that tells damage.

Viewers fill up with gray what a damaged file lacks. libjpeg warns where the compressed data ends early, goes on too
long or makes no sense, and that is what counts here. The last two bytes do not: a file that lacks only its end marker
is whole.
"""

import io
import re
import struct
from typing import BinaryIO, NamedTuple

import numpy as np
import simplejpeg

_END = b'\xff\xd9'
_EXIF_HEADER = re.compile(rb'Exif\0.', re.DOTALL)
_APP1, _START_OF_SCAN, _END_OF_IMAGE = 0xE1, 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD8)))
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
_SCAN_OR_END = re.compile(rb'\xff[\xda\xd9]')
# Encoders make about ten; thousands would keep a decoder busy for hours.
_MAX_SCANS = 100
_MAX_GARBAGE = 1 << 16
# Some cameras pad the compressed data; more means that the decoder lost its way.
_MAX_PADDING = 16
_SKIPPED = re.compile(r'Corrupt JPEG data: (\d+) extraneous bytes')
_MAX_MENDINGS = 4


class JpegHeader(NamedTuple):
    """What stands before the compressed data.

    Attributes:
        width: Columns of the stored pixels.
        height: Rows of the stored pixels.
        components: Their numbers: one of gray, three of color, four of CMYK.
        is_progressive: Whether the picture comes in scans of growing quality.
        exif: The first EXIF block, from its byte order mark on; empty without one.
        scan: Where the first scan begins.
    """

    width: int
    height: int
    components: bytes
    is_progressive: bool
    exif: bytes
    scan: int


def read_jpeg_header(file: BinaryIO) -> JpegHeader:
    """Read a file up to its first scan.

    Raises:
        ValueError: If it ends before, or has no frame.
    """
    file.seek(2)
    frame, exif = None, None
    while (marker := _next_marker(file)) != _START_OF_SCAN:
        if marker in _WITHOUT_LENGTH:
            continue
        if marker == _END_OF_IMAGE:
            raise ValueError('it ends before its pixels')
        length = max(0, int.from_bytes(file.read(2), 'big') - 2)
        if marker in _START_OF_FRAME:
            frame = marker, file.read(length)
        elif marker == _APP1 and exif is None:
            segment = file.read(length)
            exif = segment[6:] if _EXIF_HEADER.match(segment) else None
        else:
            file.seek(length, io.SEEK_CUR)
    if frame is None or len(frame[1]) < 6:
        raise ValueError('its header is damaged')
    height, width, count = struct.unpack_from('>HHB', frame[1], 1)
    return JpegHeader(
        width, height, frame[1][6 : 6 + 3 * count : 3], frame[0] in _PROGRESSIVE, exif or b'', file.tell()
    )


def _next_marker(file: BinaryIO) -> int:
    """Go past the next marker, over what little may stand before it."""
    for _ in range(_MAX_GARBAGE):
        byte = file.read(1)
        while byte == b'\xff':
            byte = file.read(1)
            if byte not in (b'\xff', b'\0', b''):
                return byte[0]
        if not byte:
            break
    raise ValueError('it ends before its pixels: it is truncated or damaged')


def decode_jpeg(data: bytes) -> tuple[np.ndarray, str | None]:
    """Decode a file, and tell damage.

    Args:
        data: Its contents.

    Returns:
        Stored pixels (H, W, 3), uint8, BGR, or (H, W, 4), CMYK, 255 no ink; and a note if some bytes were of no use.

    Raises:
        ValueError: If pixels are missing or their data is damaged.
    """
    header = read_jpeg_header(io.BytesIO(data))
    _check_scans(data, header)
    if not data.endswith(_END):
        data += _END
    space = 'CMYK' if len(header.components) == 4 else 'BGR'
    for _ in range(_MAX_MENDINGS):
        try:
            return simplejpeg.decode_jpeg(data, space), None
        except ValueError as error:
            warning = str(error)
        mended = _mend(data, header, warning)
        if mended is None:
            break
        data = mended
    skipped = _SKIPPED.match(warning)
    if not skipped or int(skipped[1]) > _MAX_PADDING:
        raise ValueError(f'it is truncated or damaged ({warning})')
    note = f'{skipped[1]} bytes of the file are of no use to decoders: it may be slightly damaged'
    return simplejpeg.decode_jpeg(data, space, strict=False), note


def _mend(data: bytes, header: JpegHeader, warning: str) -> bytes | None:
    """Set right what libjpeg dislikes in a header, as it does itself, so that it can warn of the pixels; or None."""
    if warning.startswith('Warning: unknown JFIF revision'):
        place, value = data.find(b'JFIF\0') + 5, b'\1'
    elif warning.startswith('Unknown Adobe color transform'):
        place, value = data.find(b'Adobe') + 11, b'\2' if len(header.components) == 4 else b'\1'
    elif warning.startswith('Invalid SOS parameters'):
        place, value = header.scan + 3 + 2 * data[header.scan + 2], b'\0\x3f\0'
    else:
        return None
    return data[:place] + value + data[place + len(value) :]


def _check_scans(data: bytes, header: JpegHeader) -> None:
    """Check that a picture in several scans has them all: one that ends between two is no damage to libjpeg."""
    if not header.is_progressive and data[header.scan + 2] == len(header.components):
        return
    # Of 64 coefficients for each component, those that no scan has brought to full precision.
    missing = {component: set(range(64)) for component in header.components}
    place = header.scan
    for _ in range(_MAX_SCANS):
        number = data[place + 2] if place + 2 < len(data) else 0
        segment = data[place + 3 : place + 6 + 2 * number]
        if len(segment) < 3 + 2 * number:
            break
        first, last, precision = segment[-3:] if header.is_progressive else (0, 63, 0)
        if precision & 15 == 0:
            for component in segment[: 2 * number : 2]:
                missing.get(component, set()).difference_update(range(first, last + 1))
        following = _SCAN_OR_END.search(data, place)
        if following is None or following[0] == _END:
            break
        place = following.end()
    else:
        raise ValueError(f'it has more than {_MAX_SCANS} scans')
    if any(missing.values()):
        raise ValueError('it is truncated: its last scans are missing')
