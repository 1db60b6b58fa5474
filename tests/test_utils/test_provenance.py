import hashlib
import platform

import torch

from monfap_mm.utils.provenance import file_sha256, hash_file, hash_text, versions
from monfap_mm.version import __version__


def test_hashes_are_the_beginning_of_sha256(tmp_path):
    content = bytes(range(256)) * 9000  # more than one piece
    (tmp_path / 'x').write_bytes(content)
    assert file_sha256(tmp_path / 'x') == hashlib.sha256(content).hexdigest()
    assert hash_file(tmp_path / 'x') == hashlib.sha256(content).hexdigest()[:16]
    assert hash_text('ä') == hashlib.sha256('ä'.encode()).hexdigest()[:16]


def test_versions():
    found = versions()
    assert found['python'] == platform.python_version()
    assert found['torch'] == torch.__version__.split('+')[0]
    assert found.get('monfap_mm', __version__) == __version__
