import pytest

from monfap_mm.protocols import NotThereError, hash_lists
from monfap_mm.utils.provenance import hash_text


def test_lists_of_datasets(tmp_path):
    (tmp_path / 'a.txt').write_text('x.png\t0\n')
    dataset = dict(type='ForgeryDataset', data_root=str(tmp_path), pipeline=[])
    before = hash_lists({**dataset, 'ann_file': 'a.txt'})
    assert before == hash_text(hash_text('x.png\t0\n'))
    (tmp_path / 'a.txt').write_text('x.png\t1\tm.png\n')
    assert hash_lists({**dataset, 'ann_file': 'a.txt'}) != before
    with pytest.raises(NotThereError, match=r'no data .*b\.txt'):
        hash_lists({**dataset, 'ann_file': 'a.txt'}, {**dataset, 'ann_file': 'b.txt'})
