import io
import itertools
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from monfap_mm.media.endings import IMAGE_ENDINGS, VIDEO_ENDINGS, is_video
from monfap_mm.media.errors import BadInput
from monfap_mm.media.folders import LeftOut, expand_inputs, find_files
from monfap_mm.media.images import read_picture


@pytest.fixture
def tree(tmp_path):
    """Two pictures, files of other kinds, a folder that is linked twice, circles, and a link that leads out."""
    root = tmp_path / 'root'
    for name in ('a.jpg', 'b/c.PNG', 'b/d.jxl', 'e.txt', 'f.JXL', 'README', '.hidden.jxl', '.cache/g.jpg'):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b'')
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere/h.jpg').write_bytes(b'')
    for link, target in dict(
        again='b', circle='.', deep='../root', outside='../elsewhere', twice='../elsewhere'
    ).items():
        (root / link).symlink_to(target)
    (root / 'b/up').symlink_to('..')
    (root / 'self').symlink_to('self')
    return root


def test_every_folder_once_also_behind_links(tree):
    left_out = LeftOut()
    found = [os.path.relpath(path, tree) for path in expand_inputs(tree, left_out=left_out)]
    assert found == ['a.jpg', 'b/c.PNG', 'outside/h.jpg']
    assert left_out.endings == {'.jxl': 2, '.txt': 1, '': 2}  # README, and the link to itself
    text = left_out.describe()
    assert text.startswith('5 files of other kinds left out: ')
    assert '2 .jxl' in text
    assert '1 .txt' in text
    assert '2 without ending' in text


def test_sets_stay_in_their_folder(tree):
    left_out = LeftOut()
    assert list(find_files(tree, left_out=left_out)) == ['a.jpg', 'b/c.PNG']
    reason = 'a link that leads out of the source folder'
    assert left_out.folders == [f'outside: {reason}', f'twice: {reason}']
    assert f'not listed: outside: {reason}' in left_out.describe()


def test_a_folder_is_listed_where_it_is_rather_than_behind_a_link(tmp_path):
    (tmp_path / 'z').mkdir()
    (tmp_path / 'z/a.jpg').write_bytes(b'')
    (tmp_path / 'a').symlink_to('z')
    assert list(find_files(tmp_path)) == ['z/a.jpg']


def test_a_folder_that_cannot_be_listed_gets_an_error(tree, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if os.path.basename(path) == 'b':
            raise PermissionError(13, 'Permission denied')
        return scandir(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    (found,) = (path for path in expand_inputs(tree) if path == f'{tree}/b')
    with pytest.raises(BadInput, match='/b: Permission denied'):
        read_picture(found)
    left_out = LeftOut()
    assert list(find_files(tree, left_out=left_out)) == ['a.jpg']
    assert 'b: Permission denied' in left_out.folders


def test_nothing_left_out():
    assert LeftOut().describe() == ''


@pytest.mark.parametrize(
    ('endings', 'said'),
    [
        ({'.txt': 1}, '1 file of other kinds left out: 1 .txt'),
        ({'.txt': 1, '': 1}, '2 files of other kinds left out: 1 .txt, 1 without ending'),
    ],
)
def test_what_is_left_out_is_counted(endings, said):
    assert LeftOut(Counter(endings)).describe() == said


def test_globs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('b.jpg', 'a.jpg', 'sub/c.jpg', 'sub/deep/d.jpg', 'sub/e.txt', 'e[1].jpg', 'e1.jpg'):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b'')
    Path('gone[2].jpg').symlink_to('nowhere')
    for pattern, expected in (
        ('[ab].jpg', ['a.jpg', 'b.jpg']),
        ('sub/*', ['sub/c.jpg', 'sub/e.txt']),  # files are named, whatever their ending; folders are not gone into
        ('s*', ['sub/c.jpg', 'sub/deep/d.jpg']),  # but where nothing else matches
        ('sub/**/*.jpg', ['sub/c.jpg', 'sub/deep/d.jpg']),
        ('e[1].jpg', ['e[1].jpg']),  # a file of that name comes first
        ('gone[2].jpg', ['gone[2].jpg']),  # a broken link too, which gets its error
        ('none*.jpg', ['none*.jpg']),
        ('none.jpg', ['none.jpg']),
    ):
        assert list(expand_inputs(pattern)) == expected, pattern


def test_inputs_of_all_kinds_in_their_order(tmp_path):
    (tmp_path / 'b.jpg').write_bytes(b'')
    array, contents = np.zeros((2, 3, 3), np.uint8), io.BytesIO(b'two\nlines')
    found = list(expand_inputs([contents, [tmp_path / 'z.jpg', array], iter([str(tmp_path)])]))
    assert found[0] is contents
    assert found[2] is array
    assert (found[1], *found[3:]) == (f'{tmp_path}/z.jpg', f'{tmp_path}/b.jpg')
    assert list(expand_inputs(tmp_path, endings=frozenset({'.mp4'}))) == [str(tmp_path)]
    assert next(iter(expand_inputs(itertools.repeat('a.jpg')))) == 'a.jpg'
    assert list(expand_inputs(['a.jpg', 4.0, None])) == ['a.jpg', 4.0, None]
    kinds = r'a picture is a path, an array \(H, W, 3\) or io.BytesIO'
    for wrong in (None, b'a.jpg', 3):
        with pytest.raises(TypeError, match=rf'{kinds}, got (NoneType|bytes|int)$'):
            list(expand_inputs(wrong))


@pytest.fixture
def pictures(tmp_path):
    """Pictures at two levels, a text file and a hidden file."""
    (tmp_path / 'deep').mkdir()
    (tmp_path / 'empty').mkdir()
    for name in ('b.JPG', 'a.png', 'deep/c.gif', '.hidden.png'):
        Image.new('RGB', (5, 4)).save(tmp_path / name)
    (tmp_path / 'notes.txt').write_text('no image')
    return tmp_path


def names(inputs, root) -> list[str]:
    return [os.path.relpath(path, root) for path in expand_inputs(inputs)]


def test_folder_with_its_subfolders(pictures):
    assert names(str(pictures), pictures) == names(pictures, pictures) == ['a.png', 'b.JPG', 'deep/c.gif']


def test_globs_of_pictures(pictures):
    assert names(f'{pictures}/*.png', pictures) == ['a.png']
    assert names(f'{pictures}/**/*.gif', pictures) == ['deep/c.gif']
    assert names(f'{pictures}/**', pictures) == ['a.png', 'b.JPG', 'deep/c.gif', 'notes.txt']
    assert names(f'{pictures}/d*', pictures) == ['deep/c.gif']


def test_what_is_not_there_is_kept(pictures):
    missing = [f'{pictures}/no.png', f'{pictures}/*.bmp', f'{pictures}/empty']
    assert list(expand_inputs(missing)) == missing


def test_a_name_with_brackets_means_the_file_of_that_name(pictures):
    Image.new('RGB', (5, 4)).save(pictures / 'x[1].png')
    assert names(f'{pictures}/x[1].png', pictures) == ['x[1].png']


def test_lists_generators_and_arrays_are_read_lazily(pictures):
    array, contents = np.zeros((2, 2, 3), np.uint8), io.BytesIO(b'two\nlines')

    def endless():
        while True:
            yield [array, f'{pictures}/a.png', contents]

    expanded = expand_inputs(endless())
    assert [next(expanded) for _ in range(4)][1:] == [f'{pictures}/a.png', contents, array]


def test_items_that_are_no_pictures_are_kept(pictures):
    """Each gets its own answer; none is taken apart into lines, numbers or keys."""
    with open(f'{pictures}/a.png', 'rb') as file:
        items = [None, 3, b'a.png', {'a.png': 1}, file, torch.zeros(3, 4, 4), torch.tensor(1)]
        assert all(found is item for found, item in zip(expand_inputs(items), items, strict=True))


@pytest.mark.parametrize('inputs', [3, None, b'a.png', {'a.png': 1}])
def test_other_types_are_refused(inputs):
    with pytest.raises(TypeError, match='a picture is a path, an array'):
        list(expand_inputs(inputs))


def test_videos_are_found_where_they_are_asked_for(pictures):
    for name in ('deep/d.MP4', 'e.webm'):
        (pictures / name).touch()
    assert names(pictures, pictures) == ['a.png', 'b.JPG', 'deep/c.gif']
    found = [os.path.relpath(path, pictures) for path in expand_inputs(pictures, IMAGE_ENDINGS | VIDEO_ENDINGS)]
    assert found == ['a.png', 'b.JPG', 'e.webm', 'deep/c.gif', 'deep/d.MP4']
    assert [is_video(path) for path in found] == [False, False, True, False, True]
