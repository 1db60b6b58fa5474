import multiprocessing
import os
import random
import resource
import stat
import time

import pytest

from monfap_mm.utils.atomic_write import atomic_write, remove_leftovers, written_aside


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_bytes_and_text(tmp_path):
    atomic_write(tmp_path / 'x', b'\r\n\xff')
    assert (tmp_path / 'x').read_bytes() == b'\r\n\xff'
    atomic_write(str(tmp_path / 'x'), 'ä\n')
    assert (tmp_path / 'x').read_bytes() == 'ä\n'.encode()
    assert names(tmp_path) == ['x']


def test_a_failure_leaves_what_was_there(tmp_path):
    atomic_write(tmp_path / 'x', 'old')
    with pytest.raises(UnicodeEncodeError):
        atomic_write(tmp_path / 'x', '\ud800')
    assert (tmp_path / 'x').read_text() == 'old'
    with pytest.raises(FileNotFoundError):
        atomic_write(tmp_path / 'missing' / 'x', 'new')


@pytest.mark.parametrize('stopped_by', [OSError(28, 'No space left on device'), KeyboardInterrupt()])
def test_what_was_begun_is_removed(tmp_path, stopped_by):
    atomic_write(tmp_path / 'x', 'old')

    def stop_midway():
        with written_aside(tmp_path / 'x') as temporary:
            temporary.write_text('half')
            raise stopped_by

    with pytest.raises(type(stopped_by)):
        stop_midway()
    assert (tmp_path / 'x').read_text() == 'old'
    assert names(tmp_path) == ['x']


def test_until_the_end_of_the_block_nothing_is_seen(tmp_path):
    with written_aside(tmp_path / 'x.mp4') as temporary:
        temporary.write_text('new')
        assert temporary.parent == tmp_path
        assert temporary.name.startswith('.')
        assert temporary.suffix == '.mp4'
        assert not (tmp_path / 'x.mp4').exists()
    assert names(tmp_path) == ['x.mp4']


def test_two_writers_do_not_meet(tmp_path):
    with written_aside(tmp_path / 'x') as first, written_aside(tmp_path / 'x') as second:
        first.write_text('first')
        second.write_text('second')
    assert (tmp_path / 'x').read_text() == 'first'  # whose block ends last
    assert names(tmp_path) == ['x']


def test_names_as_long_as_the_file_system_allows(tmp_path):
    for name in ('n' * 255, 'n.' + 'e' * 253):
        atomic_write(tmp_path / name, 'x')
        assert (tmp_path / name).read_text() == 'x'


def test_permissions_are_those_of_an_ordinary_file_or_of_the_one_before(tmp_path):
    mask = os.umask(0o027)
    try:
        atomic_write(tmp_path / 'x', 'new')
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / 'x').stat().st_mode) == 0o640
    (tmp_path / 'x').chmod(0o444)
    atomic_write(tmp_path / 'x', 'newer')
    assert stat.S_IMODE((tmp_path / 'x').stat().st_mode) == 0o444


def test_a_link_is_replaced_and_what_it_points_to_stays(tmp_path):
    (tmp_path / 'photo').write_text('original')
    (tmp_path / 'x').symlink_to('photo')
    atomic_write(tmp_path / 'x', 'new')
    assert (tmp_path / 'photo').read_text() == 'original'
    assert not (tmp_path / 'x').is_symlink()
    with written_aside(tmp_path / 'x') as temporary:
        temporary.symlink_to('photo')
    assert (tmp_path / 'x').is_symlink()


def test_a_hard_link_to_an_original_changes_nothing_of_it(tmp_path):
    (tmp_path / 'original').write_text('photo')
    (tmp_path / 'original').chmod(0o444)
    atomic_write(tmp_path / 'x', 'a copy of before')
    with written_aside(tmp_path / 'x') as temporary:
        os.link(tmp_path / 'original', temporary)
    assert (tmp_path / 'x').samefile(tmp_path / 'original')
    assert stat.S_IMODE((tmp_path / 'original').stat().st_mode) == 0o444
    with written_aside(tmp_path / 'x') as temporary:  # once more: renaming a link to itself does nothing
        os.link(tmp_path / 'original', temporary)
    assert names(tmp_path) == ['original', 'x']


def test_what_is_no_file_is_not_replaced(tmp_path):
    (tmp_path / 'folder').mkdir()
    os.mkfifo(tmp_path / 'pipe')
    for name in ('folder', 'pipe'):
        with pytest.raises(FileExistsError, match='not a regular file'):
            atomic_write(tmp_path / name, 'x')
    assert names(tmp_path) == ['folder', 'pipe']


def test_a_kill_at_any_moment_leaves_one_or_the_other(tmp_path):
    def write_on():
        while True:
            for letter in 'ab':
                atomic_write(tmp_path / 'x', letter * 2_000_000)

    rng = random.Random(0)
    atomic_write(tmp_path / 'x', 'a' * 2_000_000)
    for _ in range(8):
        process = multiprocessing.get_context('fork').Process(target=write_on)
        process.start()
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.join()
        assert (tmp_path / 'x').read_text() in ('a' * 2_000_000, 'b' * 2_000_000)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ['x']


def test_a_full_disk_leaves_what_was_there(tmp_path):
    def write():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(OSError, match='File too large'):
            atomic_write(tmp_path / 'x', 'n' * 1001)

    atomic_write(tmp_path / 'x', 'old')
    process = multiprocessing.get_context('fork').Process(target=write)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert (tmp_path / 'x').read_text() == 'old'
    assert names(tmp_path) == ['x']


def test_left_overs_of_a_kill_are_removed(tmp_path):
    (tmp_path / '.writing-0123.png').write_text('half')
    (tmp_path / 'writing.png').write_text('whole')
    remove_leftovers(tmp_path)
    remove_leftovers(tmp_path / 'missing')
    assert names(tmp_path) == ['writing.png']


def test_elsewhere(tmp_path):
    (tmp_path / 'aside').mkdir()
    with written_aside(tmp_path / 'x', tmp_path / 'aside') as temporary:
        temporary.write_text('new')
        assert temporary.parent == tmp_path / 'aside'
    assert (tmp_path / 'x').read_text() == 'new'
