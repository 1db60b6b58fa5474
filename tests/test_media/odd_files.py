"""Picture files whose metadata is odd in a known way; all show the four colors of :data:`STORED`."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

# Red and blue above green and white: each of the eight orientations looks different.
STORED = np.zeros((32, 48, 3), np.uint8)
STORED[:16, :24], STORED[:16, 24:], STORED[16:, :24], STORED[16:, 24:] = (255, 0, 0), (0, 0, 255), (0, 255, 0), 255
EXIF_HEADER = b'Exif\0\0'
_TURNS = [
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.ROTATE_180,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
]


def exif(*entries: bytes, order: str = '<', magic: int = 42, directory: int = 8, count: int | None = None) -> bytes:
    """A block with these entries, from its byte order mark on."""
    start = (b'II' if order == '<' else b'MM') + struct.pack(f'{order}HI', magic, directory)
    return start + struct.pack(f'{order}H', len(entries) if count is None else count) + b''.join(entries) + bytes(4)


def entry(value: int, kind: int = 3, count: int = 1, tag: int = 274, order: str = '<') -> bytes:
    """An entry of a block; kind 3 is SHORT, 4 LONG, 1 BYTE, 11 float."""
    codes = {1: 'Bxxx', 3: 'Hxx', 4: 'I', 11: 'f'}
    return struct.pack(f'{order}HHI{codes[kind]}', tag, kind, count, value)


def jpeg(*app1: bytes) -> bytes:
    """A JPEG with these segments APP1."""
    plain = encode('JPEG', quality=95, subsampling=0)
    return plain[:2] + b''.join(b'\xff\xe1' + struct.pack('>H', len(one) + 2) + one for one in app1) + plain[2:]


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))


def png(*chunks: bytes, before: bytes = b'IDAT') -> bytes:
    """A PNG with these chunks before another one."""
    plain = encode('PNG')
    place = plain.index(before) - 4
    return plain[:place] + b''.join(chunks) + plain[place:]


def encode(file_format: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(STORED).save(buffer, file_format, **options)
    return buffer.getvalue()


def orientation_of(shown: np.ndarray) -> int:
    """How an array (H, W, 3), RGB, is turned against :data:`STORED`."""
    stored = Image.fromarray(STORED)
    for orientation, turned in enumerate([stored, *map(stored.transpose, _TURNS)], 1):
        turned = np.asarray(turned)
        if turned.shape == shown.shape and np.abs(turned.astype(int) - shown).mean() < 30:
            return orientation
    raise AssertionError('none of the eight')


_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)
# Name of a file -> its contents and its orientation.
ODD_FILES = {
    'two entries.jpg': (jpeg(EXIF_HEADER + exif(entry(6), entry(8))), 6),
    'no number, then a number.jpg': (jpeg(EXIF_HEADER + exif(entry(9), entry(6))), 6),
    'another type, then a number.jpg': (jpeg(EXIF_HEADER + exif(entry(6, kind=4), entry(8))), 8),
    'two blocks.jpg': (jpeg(EXIF_HEADER + exif(entry(6)), EXIF_HEADER + exif(entry(8))), 6),
    'an empty block first.jpg': (jpeg(EXIF_HEADER + exif(), EXIF_HEADER + exif(entry(6))), 1),
    'a broken block first.jpg': (jpeg(EXIF_HEADER + b'X' * 20, EXIF_HEADER + exif(entry(6))), 1),
    'zero.jpg': (jpeg(EXIF_HEADER + exif(entry(0))), 1),
    'nine.jpg': (jpeg(EXIF_HEADER + exif(entry(9))), 1),
    'LONG.jpg': (jpeg(EXIF_HEADER + exif(entry(6, kind=4))), 1),
    'BYTE.jpg': (jpeg(EXIF_HEADER + exif(entry(6, kind=1))), 1),
    'float.jpg': (jpeg(EXIF_HEADER + exif(entry(6, kind=11))), 1),
    'two values.jpg': (jpeg(EXIF_HEADER + exif(entry(6, count=2))), 1),
    'no value.jpg': (jpeg(EXIF_HEADER + exif(entry(6, count=0))), 1),
    'big endian.jpg': (jpeg(EXIF_HEADER + exif(entry(6, order='>'), order='>')), 6),
    'odd padding.jpg': (jpeg(b'Exif\0X' + exif(entry(6))), 6),
    'lower case.jpg': (jpeg(b'EXIF\0\0' + exif(entry(6))), 1),
    'no TIFF.jpg': (jpeg(EXIF_HEADER + exif(entry(6), magic=43)), 1),
    'too many entries.jpg': (jpeg(EXIF_HEADER + exif(entry(6), count=500)), 6),
    'no entries.jpg': (jpeg(EXIF_HEADER + exif(entry(6), count=0)), 1),
    'directory outside.jpg': (jpeg(EXIF_HEADER + exif(entry(6), directory=5000)), 1),
    'last entry whole.jpg': (jpeg(EXIF_HEADER + exif(entry(6))[:-4]), 6),
    'last entry cut.jpg': (jpeg(EXIF_HEADER + exif(entry(6))[:-5]), 1),
    'garbage.jpg': (jpeg(EXIF_HEADER + b'II*\0\x08\0\0\0' + b'\xff' * 30), 1),
    'too short.jpg': (jpeg(EXIF_HEADER + b'II*\0'), 1),
    'XMP.jpg': (jpeg(b'http://ns.adobe.com/xap/1.0/\0' + _XMP), 1),
    'before the pixels.png': (png(chunk(b'eXIf', exif(entry(6)))), 6),
    'after the pixels.png': (png(chunk(b'eXIf', exif(entry(6))), before=b'IEND'), 1),
    'two chunks.png': (png(chunk(b'eXIf', exif(entry(6))), chunk(b'eXIf', exif(entry(8)))), 6),
    'header of JPEG.png': (png(chunk(b'eXIf', EXIF_HEADER + exif(entry(6)))), 1),
    'wrong checksum.png': (png(chunk(b'eXIf', exif(entry(6)))[:-1] + b'\0'), 1),
    'LONG.png': (png(chunk(b'eXIf', exif(entry(6, kind=4)))), 1),
    'XMP.png': (png(chunk(b'iTXt', b'XML:com.adobe.xmp\0\0\0\0\0' + _XMP)), 1),
    'lossless.webp': (encode('WEBP', lossless=True, exif=exif(entry(6))), 1),
    'lossy.webp': (encode('WEBP', quality=95, exif=exif(entry(6))), 1),
    'turned.avif': (encode('AVIF', quality=95, exif=exif(entry(6))), 6),
    **{f'{number}.jpg': (jpeg(EXIF_HEADER + exif(entry(number))), number) for number in range(1, 9)},
}
