import hashlib
import os

import pytest

from monfap_mm.curation.annotations import find_annotations, hash_annotations
from monfap_mm.jobs.errors import JobError
from monfap_mm.media.errors import BadInput
from monfap_mm.media.folders import find_files
from monfap_mm.media.paths import by_letters, find_alike, find_partners, safe_join, safe_name


@pytest.fixture
def source(tmp_path):
    root = tmp_path / 'source'
    (root / 'sub').mkdir(parents=True)
    (root / 'sub/a b.jpg').write_bytes(b'1')
    (tmp_path / 'secret.jpg').write_bytes(b'2')
    (root / 'out.jpg').symlink_to(tmp_path / 'secret.jpg')
    (root / 'in.jpg').symlink_to('sub/a b.jpg')
    (root / 'loop.jpg').symlink_to('loop.jpg')
    (root / 'outside').symlink_to(tmp_path)
    os.mkfifo(root / 'pipe.jpg')
    return root


def test_a_name_means_the_file_below_the_root(source):
    assert safe_join(source, 'sub/a b.jpg') == (source / 'sub/a b.jpg').resolve()
    assert safe_join(source, './sub//a b.jpg') == (source / 'sub/a b.jpg').resolve()
    assert safe_join(source, 'in.jpg') == (source / 'sub/a b.jpg').resolve()


def test_the_root_itself_may_be_a_link(source, tmp_path):
    (tmp_path / 'link').symlink_to(source)
    assert safe_join(tmp_path / 'link', 'sub/a b.jpg').name == 'a b.jpg'


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('../secret.jpg', 'leads out'),
        ('sub/../../secret.jpg', 'leads out'),
        ('/etc/passwd', 'leads out'),
        ('out.jpg', 'link that leads out'),
        ('outside/secret.jpg', 'link that leads out'),
        ('loop.jpg', ''),
        ('pipe.jpg', 'not a regular file'),
        ('sub', 'not a regular file'),
        ('', 'no file name'),
        ('a\0b', 'no file name'),
        (None, 'no file name'),
        ('missing.jpg', 'no such file'),
        ('\ud800.jpg', ''),
        ('x' * 5000, ''),
    ],
)
def test_hostile_names_are_refused(source, name, reason):
    with pytest.raises(BadInput, match=reason):
        safe_join(source, name)


@pytest.mark.parametrize(
    ('name', 'safe'),
    [
        ('sub/plain-1.jpg', 'sub/plain-1.jpg'),
        ('with space.jpg', 'with space.jpg'),
        ('Zoë 顔.png', 'Zoë 顔.png'),
        ('line\nbreak\tand tab.jpg', 'line%0Abreak%09and tab.jpg'),
        ('100%.jpg', '100%25.jpg'),
        (' ends /x', '%20ends%20/x'),
        ('no\xa0break.jpg', 'no%C2%A0break.jpg'),
        (os.fsdecode(b'bytes\xff.jpg'), 'bytes%FF.jpg'),
        ('half \ud800.jpg', 'half %ED%A0%80.jpg'),
    ],
)
def test_safe_names(name, safe):
    assert safe_name(name) == safe


def test_names_of_all_kinds_survive_a_list_and_stay_different():
    from monfap_mm.datasets.forgery_list import parse_list

    names = ['a b', 'a\tb', 'a%09b', 'a\nb', ' a', 'a ', '#a', 'é', 'e\u0301', 'x' * 240, 'x' * 241, 'a\x85b', '\u2028']
    safe = [f'images/{safe_name(name)}' for name in names]
    assert len(set(safe)) == len(names)
    entries, problems = parse_list('\n'.join(f'{name}\t1\t{name}.png' for name in safe))
    assert not problems
    assert [entry.image for entry in entries] == safe
    assert all(len(part.encode()) <= 255 for name in safe for part in name.split('/'))


def test_find_files_is_sorted_and_leaves_out_what_is_hidden_or_of_another_kind(source):
    (source / 'sub/B.JPG').write_bytes(b'')
    (source / 'sub/notes.txt').write_bytes(b'')
    (source / '.hidden.jpg').write_bytes(b'')
    (source / '.cache').mkdir()
    (source / '.cache/c.jpg').write_bytes(b'')
    assert list(find_files(source)) == ['in.jpg', 'loop.jpg', 'out.jpg', 'pipe.jpg', 'sub/B.JPG', 'sub/a b.jpg']


def test_a_long_name_with_half_a_surrogate_pair_is_cut():
    assert len(safe_name('\ud800' * 300)) <= 200


def test_annotations_are_the_uppermost_file_and_hashed_by_name(source):
    assert find_annotations(source, 'a.json') is None
    (source / 'sub/a.json').write_bytes(b'deep')
    assert find_annotations(source, 'a.json') == source / 'sub/a.json'
    (source / 'a.json').write_bytes(b'top')
    assert find_annotations(source, 'a.json') == source / 'a.json'
    hashed = hash_annotations([source / 'a.json'])
    assert hashed == {'a.json': hashlib.sha256(b'top').hexdigest()}


@pytest.mark.parametrize('name', ['pipe.jpg', 'out.jpg', 'sub'])
def test_annotations_that_are_no_file_of_the_source_are_refused(source, name):
    with pytest.raises(JobError, match=f'Cannot read the annotations .*{name}'):
        find_annotations(source, name)


def test_names_that_differ_only_in_letter_case_are_found_where_there_is_one(source):
    assert safe_join(source, 'SUB/A b.JPG') == (source / 'sub/a b.jpg').resolve()
    (source / 'sub/A b.jpg').write_bytes(b'3')
    assert safe_join(source, 'sub/A b.jpg').read_bytes() == b'3'
    assert safe_join(source, 'sub/a b.jpg').read_bytes() == b'1'
    with pytest.raises(BadInput, match='no such file'):
        safe_join(source, 'sub/a B.jpg')
    with pytest.raises(BadInput, match='leads out'):
        safe_join(source, 'OUT.jpg')


def test_the_only_name_that_is_alike():
    names = by_letters(['a.PNG', 'b.png', 'B.png', 'Straße.png'])
    assert find_alike('A.png', names) == 'a.PNG'
    assert find_alike('B.png', names) == 'B.png'
    assert find_alike('b.PNG', names) is None
    assert find_alike('STRASSE.png', names) == 'Straße.png'
    assert find_alike('c.png', names) is None


def test_partners_are_each_others_only_likeness():
    partners = find_partners({name: name for name in 'aBcCdDe'}, ['A', 'b', 'c', 'D', 'e', 'E'])
    assert partners == dict(a='A', B='b', c='c', C=None, d=None, D='D', e='e')
    assert find_partners({'x': 'x', 'X': 'X'}, 'x') == {'x': 'x', 'X': None}
    assert find_partners({'y': 'y', 'Y': 'Y'}, 'yY') == {'y': 'y', 'Y': 'Y'}
    assert find_partners({'ab': 'ab', 'aB': 'aB'}, ['AB']) == {'ab': None, 'aB': None}
    # Two things may want the very same name.
    assert find_partners({1: 'z', 2: 'z'}, 'Z') == {1: 'Z', 2: 'Z'}
