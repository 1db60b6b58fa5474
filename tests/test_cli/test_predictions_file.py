import json
import multiprocessing
import os
import random
import time

import pytest

from monfap_mm.cli.predictions_file import PredictionsError, PredictionsFile, read_predictions, to_line
from monfap_mm.structures import ForgeryResult

SETTINGS = dict(weights='1', threshold=0.5)


def answer(path, error=None) -> dict:
    return ForgeryResult(path, error=error).to_json()


def write(folder, *answers, resume=False) -> set[str]:
    """Returns the names of the files that were done before."""
    folder.mkdir(parents=True, exist_ok=True)
    with PredictionsFile(folder, SETTINGS, resume) as file:
        done = {os.path.basename(key) for key in file.done}
        for values in answers:
            file.append(values)
        file.finish()
    return done


def paths(folder) -> list[str]:
    return [values['path'] for values in read_predictions(folder / 'predictions.jsonl')]


def test_an_answer_is_on_disk_at_once(tmp_path):
    with PredictionsFile(tmp_path, SETTINGS, resume=False) as file:
        file.append(answer('a'))
        assert paths(tmp_path) == ['a']


def test_resume_tells_what_is_done_and_tries_errors_again(tmp_path):
    write(tmp_path, answer('a'), answer('b', error='broken'), answer('c'))
    assert write(tmp_path, answer('b'), answer('d'), resume=True) == {'a', 'c'}
    assert paths(tmp_path) == ['a', 'c', 'b', 'd']


def test_a_file_that_is_not_tried_again_keeps_its_error(tmp_path):
    write(tmp_path, answer('a', error='broken'), answer('b', error='broken'))
    assert write(tmp_path, answer('c'), answer('b'), resume=True) == set()
    found = list(read_predictions(tmp_path / 'predictions.jsonl'))
    assert [(values['path'], values['error']) for values in found] == [('a', 'broken'), ('c', None), ('b', None)]


@pytest.mark.parametrize('kept', [1, 20, -1])
def test_a_line_that_was_cut_off_is_done_again(tmp_path, kept):
    write(tmp_path, answer('a'))
    with open(tmp_path / 'predictions.jsonl', 'a') as file:
        file.write(to_line(answer('b'))[:kept])
    assert paths(tmp_path) == ['a']
    assert write(tmp_path, answer('b'), resume=True) == {'a'}
    assert paths(tmp_path) == ['a', 'b']


def test_resume_in_a_new_folder_starts(tmp_path):
    assert write(tmp_path / 'new', answer('a'), resume=True) == set()
    assert paths(tmp_path / 'new') == ['a']


def test_answers_are_not_overwritten(tmp_path):
    write(tmp_path, answer('a'))
    with pytest.raises(PredictionsError, match='is there already: --resume'):
        write(tmp_path)
    assert paths(tmp_path) == ['a']


def test_answers_of_two_models_are_not_mixed(tmp_path):
    write(tmp_path, answer('a'))
    (tmp_path / 'run.json').write_text(json.dumps(SETTINGS | dict(weights='2')))
    with pytest.raises(PredictionsError, match=r"other settings \(weights: '2', now '1'\)"):
        write(tmp_path, resume=True)
    for content in ('{', '[]', '\xff'):
        (tmp_path / 'run.json').write_bytes(content.encode('latin1'))
        with pytest.raises(PredictionsError, match='missing or broken'):
            write(tmp_path, resume=True)
    assert paths(tmp_path) == ['a']


def test_a_new_answer_takes_the_place_of_the_old_one(tmp_path):
    old, new = answer('a') | dict(source=dict(bytes=1, modified=1.5)), answer('./a') | dict(source=None)
    write(tmp_path, old, answer('b'))
    assert write(tmp_path, new, resume=True) == {'a', 'b'}
    assert paths(tmp_path) == ['b', './a']


def test_a_kill_between_two_answers_for_a_file_leaves_the_later(tmp_path):
    write(tmp_path, answer('a') | dict(note='old'), answer('b'))
    with open(tmp_path / 'predictions.jsonl', 'a') as file:
        file.write(to_line(answer('a') | dict(note='new')))
    write(tmp_path, resume=True)
    assert paths(tmp_path) == ['b', 'a']
    assert [values['note'] for values in read_predictions(tmp_path / 'predictions.jsonl')] == [None, 'new']


def test_what_a_file_was_like_is_known_again(tmp_path):
    write(tmp_path, answer('a') | dict(source=dict(bytes=1, modified=1.5)), answer('b'))
    with PredictionsFile(tmp_path, SETTINGS, resume=True) as file:
        assert list(file.done.values()) == [dict(bytes=1, modified=1.5), None]


def test_kills_at_any_moment_lose_no_answer_and_leave_one_for_each(tmp_path):
    names, rng = [str(number) for number in range(30)], random.Random(0)

    def run():
        """Answers what is left, and three files again, as if they had changed."""
        with PredictionsFile(tmp_path, SETTINGS, resume=True) as file:
            done = {os.path.basename(key) for key in file.done}
            for name in [name for name in names if name not in done] + names[:3]:
                file.append(answer(name))
                time.sleep(0.001)
            file.finish()

    before = set()
    for _ in range(12):
        process = multiprocessing.get_context('fork').Process(target=run)
        process.start()
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.join()
        after = set(paths(tmp_path)) if (tmp_path / 'predictions.jsonl').exists() else set()
        assert before <= after
        before = after
    run()
    assert sorted(paths(tmp_path)) == sorted(names)


def test_another_file_is_left_as_it_is(tmp_path):
    write(tmp_path, answer('a'))
    (tmp_path / 'predictions.jsonl').write_text(to_line(answer('a')) + '{"mine": 1}\n')
    with pytest.raises(PredictionsError, match='line 2: an answer of schema version 1 was expected'):
        write(tmp_path, resume=True)
    assert '"mine"' in (tmp_path / 'predictions.jsonl').read_text()


def test_names_that_are_not_unicode_survive(tmp_path):
    name = b'caf\xe9.png'.decode('utf-8', 'surrogateescape')
    write(tmp_path, answer(name))
    assert write(tmp_path, resume=True) == {name}
