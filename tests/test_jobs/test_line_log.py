import multiprocessing
import resource

import pytest

from monfap_mm.jobs.line_log import LineLog, whole_lines


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'log.jsonl'


def fill(path, *lines) -> list[int]:
    with LineLog(path) as log:
        return [log.append(line) for line in lines]


def test_lines_are_on_disk_at_once_and_begin_where_it_says(path):
    with LineLog(path) as log:
        assert log.is_empty
        assert [log.append('a\n'), log.append('\xe4\n'), log.append('c\n')] == [0, 2, 5]
        assert path.read_bytes() == 'a\n\xe4\nc\n'.encode()
        assert not log.is_empty
    assert list(whole_lines(path)) == [b'a\n', '\xe4\n'.encode(), b'c\n']


@pytest.mark.parametrize('torn', ['', 'b', 'b' * 200_000, 'b\0c'])
@pytest.mark.parametrize('whole', ['', 'a\n', 'a\n' * 100_000])
def test_a_torn_end_is_cut_off_by_the_first_line(path, whole, torn):
    path.write_text(whole + torn)
    assert b''.join(whole_lines(path)) == whole.encode()
    with LineLog(path) as log:
        assert log.is_empty == (not whole)
        assert path.read_text() == whole + torn, 'nothing was written, so nothing may be lost'
        assert log.append('z\n') == len(whole)
    assert path.read_text() == f'{whole}z\n'


def test_a_full_disk_leaves_whole_lines(path):
    """A limit on the size of files takes a part of a line, as a full disk does."""

    def fill_the_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (25, 25))
        with LineLog(path) as log:
            for number in range(3):
                log.append(f'line {number}.\n')
            with pytest.raises(OSError, match='File too large'):
                log.append('line 3.\n')

    process = multiprocessing.get_context('fork').Process(target=fill_the_disk)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert path.read_text() == 'line 0.\nline 1.\nline 2.\n'
    assert fill(path, 'line 3.\n') == [24]


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(IsADirectoryError):
        LineLog(tmp_path)
