import pytest

from monfap_mm.datasets.forgery_list import FileIndex, ListEntry, parse_list


def test_tab_format():
    entries, problems = parse_list(
        '# a comment\n\nreal one.jpg\t0\r\nfake one.jpg\t1\tits mask.png\n  b#c.jpg \t 0 \t\n\t\nd.jpg\t0\tm.png'
    )
    assert problems == []
    assert entries == [
        ListEntry(3, 'real one.jpg', 0, None, False),
        ListEntry(4, 'fake one.jpg', 1, 'its mask.png', False),
        ListEntry(5, 'b#c.jpg', 0, None, False),
        ListEntry(7, 'd.jpg', 0, 'm.png', False),
    ]


def test_authors_format():
    entries, problems = parse_list('val/Image/a b.png 1\nval/Image/c.png 0\n/data/Images/d.jpg  1 \r\n')
    assert problems == []
    assert entries == [
        ListEntry(1, 'val/Image/a b.png', 1, 'val/Mask/a b.png', True),
        ListEntry(2, 'val/Image/c.png', 0, None, False),
        ListEntry(3, '/data/Images/d.jpg', 1, '/data/Masks/d.jpg', True),
    ]


@pytest.mark.parametrize(
    ('line', 'reason'),
    [
        ('lonely.jpg', 'expected "<image> <0|1>'),
        ('a.jpg\t1\tm.png\tmore', 'expected "<image> <0|1>'),
        ('a.jpg\t2\tm.png', "must be 0 (real) or 1 (fake), got '2'"),
        ('a.jpg\t-1', "got '-1'"),
        ('a.jpg\t\tm.png', "got ''"),
        ('a.jpg 1 m.png', 'separate the fields by tabs'),
        ('a.jpg 0.5', "got '0.5'"),
        ('a.jpg\t1', 'fake image without mask: a.jpg'),
        ('a.jpg\t1\t ', 'fake image without mask: a.jpg'),
        ('photos/a.jpg 1', 'no "Image" to replace'),
    ],
)
def test_malformed_line(line, reason):
    entries, problems = parse_list(f'good.jpg\t0\n{line}\n')
    assert [entry.image for entry in entries] == ['good.jpg']
    assert [number for number, _ in problems] == [2]
    assert reason in problems[0][1]


def test_optional_masks():
    entries, problems = parse_list('a.jpg\t1\nb.jpg\t1\tb.png\nc.jpg 1\nval/Image/d.png 1\n', masks_optional=True)
    assert problems == []
    assert [entry.mask for entry in entries] == [None, 'b.png', None, 'val/Mask/d.png']
    assert [entry.label for entry in entries] == [1, 1, 1, 1]


def test_file_index(tmp_path):
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder/a.txt').touch()
    (tmp_path / 'link.txt').symlink_to(tmp_path / 'folder/a.txt')
    (tmp_path / 'broken.txt').symlink_to(tmp_path / 'nothing')
    index = FileIndex()
    assert str(tmp_path / 'folder/a.txt') in index
    assert str(tmp_path / 'folder/../folder/a.txt') in index
    assert str(tmp_path / 'link.txt') in index
    for missing in ('folder', 'broken.txt', 'folder/b.txt', 'no_folder/a.txt', 'folder/a.txt/x'):
        assert str(tmp_path / missing) not in index


def test_file_index_of_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / 'a.txt').touch()
    monkeypatch.chdir(tmp_path)
    index = FileIndex()
    assert 'a.txt' in index
    assert 'b.txt' not in index
