import hashlib
import platform

import pytest
import torch

from monfap_mm.evaluation.protocols import NotThereError, hash_file, hash_lists, hash_text, versions
from monfap_mm.version import __version__


def test_hashes_are_the_beginning_of_sha256(tmp_path):
    content = bytes(range(256)) * 9000  # more than one piece
    (tmp_path / 'x').write_bytes(content)
    assert hash_file(tmp_path / 'x') == hashlib.sha256(content).hexdigest()[:16]
    assert hash_text('ä') == hashlib.sha256('ä'.encode()).hexdigest()[:16]


def test_lists_of_datasets(tmp_path):
    (tmp_path / 'a.txt').write_text('x.png\t0\n')
    dataset = dict(type='ForgeryDataset', data_root=str(tmp_path), pipeline=[])
    before = hash_lists({**dataset, 'ann_file': 'a.txt'})
    assert before == hash_text(hash_text('x.png\t0\n'))
    (tmp_path / 'a.txt').write_text('x.png\t1\tm.png\n')
    assert hash_lists({**dataset, 'ann_file': 'a.txt'}) != before
    with pytest.raises(NotThereError, match=r'no data .*b\.txt'):
        hash_lists({**dataset, 'ann_file': 'a.txt'}, {**dataset, 'ann_file': 'b.txt'})


def test_versions():
    found = versions()
    assert found['python'] == platform.python_version()
    assert found['torch'] == torch.__version__.split('+')[0]
    assert found.get('monfap_mm', __version__) == __version__
