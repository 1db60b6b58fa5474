import errno
import os

import pytest
from mmengine.fileio import LocalBackend, get_file_backend

from monfap_mm.engine.file_backend import WholeFileBackend


@pytest.fixture
def backend():
    return get_file_backend(backend_args=dict(backend='WholeFileBackend'))


def test_files_as_of_a_local_disk(backend, tmp_path):
    assert type(backend) is WholeFileBackend
    path = tmp_path / 'new' / 'folder' / 'a.pth'
    for content in (b'1', b'', b'three'):
        backend.put(content, str(path))
        assert path.read_bytes() == content
        assert os.listdir(path.parent) == ['a.pth']


def test_the_file_is_on_the_disk_before_it_gets_its_name(backend, tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(os, 'fsync', lambda file: order.append('flush'))
    replace = os.replace
    monkeypatch.setattr(os, 'replace', lambda *paths: (order.append('rename'), replace(*paths)))
    backend.put(b'1', tmp_path / 'a.pth')
    assert order == ['flush', 'rename']


@pytest.mark.parametrize('reason', [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_failure_leaves_what_was_there_and_keeps_its_reason(backend, tmp_path, monkeypatch, reason):
    (tmp_path / 'a.pth').write_bytes(b'before')
    put = LocalBackend.put

    def fail(self, obj, filepath):
        put(self, obj[:2], filepath)
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(LocalBackend, 'put', fail)
    with pytest.raises(OSError, match=rf'a\.pth cannot be written \({os.strerror(reason)}\)') as error:
        backend.put(b'after', tmp_path / 'a.pth')
    assert error.value.errno == reason
    assert (tmp_path / 'a.pth').read_bytes() == b'before'
    assert os.listdir(tmp_path) == ['a.pth']


def test_what_is_no_file_is_not_replaced(backend, tmp_path):
    (tmp_path / 'a.pth').mkdir()
    with pytest.raises(OSError, match='cannot be written'):
        backend.put(b'1', tmp_path / 'a.pth')
    assert (tmp_path / 'a.pth').is_dir()
