import pytest

from monfap_mm.utils.atomic_write import atomic_write


def test_bytes_and_text(tmp_path):
    atomic_write(tmp_path / 'x', b'\r\n\xff')
    assert (tmp_path / 'x').read_bytes() == b'\r\n\xff'
    atomic_write(str(tmp_path / 'x'), 'ä\n')
    assert (tmp_path / 'x').read_bytes() == 'ä\n'.encode()
    assert [path.name for path in tmp_path.iterdir()] == ['x']


def test_a_failure_leaves_what_was_there(tmp_path):
    atomic_write(tmp_path / 'x', 'old')
    with pytest.raises(UnicodeEncodeError):
        atomic_write(tmp_path / 'x', '\ud800')
    assert (tmp_path / 'x').read_text() == 'old'
    with pytest.raises(FileNotFoundError):
        atomic_write(tmp_path / 'missing' / 'x', 'new')
