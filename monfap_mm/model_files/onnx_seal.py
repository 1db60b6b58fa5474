"""Whether an ONNX file is as it was exported: a hash of all that it holds, at its end.

A file that was edited, quantized or rewritten answers otherwise than the model it was made from, and often without a
word. The seal tells; it is no signature, since whoever wants to can write another one.

An ONNX file is a protobuf message, and whatever is appended to one is merged into it. So the seal is one more entry of
the file's metadata, which any reader of ONNX files knows, and nothing but the bytes is needed to check it.
"""

import hashlib
from pathlib import Path

KEY = b'monfap_mm_sha256'
# Field 14 of a ModelProto, metadata_props, whose entries have a key (field 1) and a value (field 2).
# Fields of protobuf: number and type in one byte (2: bytes follow), length in the next.
HASH_LENGTH = 64
ENTRY = bytes([1 << 3 | 2, len(KEY)]) + KEY + bytes([2 << 3 | 2, HASH_LENGTH])
HEAD = bytes([14 << 3 | 2, len(ENTRY) + HASH_LENGTH]) + ENTRY
LENGTH = len(HEAD) + HASH_LENGTH


def seal(content: bytes) -> bytes:
    """The contents of an ONNX file, with a seal."""
    return content + HEAD + hashlib.sha256(content).hexdigest().encode()


def is_intact(path: str | Path) -> bool:
    """Whether a file ends with the seal of what stands before it."""
    digest, left = hashlib.sha256(), Path(path).stat().st_size - LENGTH
    with open(path, 'rb') as stream:
        while left > 0 and (chunk := stream.read(min(left, 1 << 20))):
            digest.update(chunk)
            left -= len(chunk)
        return stream.read() == HEAD + digest.hexdigest().encode()
