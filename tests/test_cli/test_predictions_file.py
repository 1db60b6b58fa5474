import json

import pytest

from monfap_mm.cli.predictions_file import PredictionsError, PredictionsFile, read_predictions, to_line
from monfap_mm.structures import ForgeryResult

SETTINGS = dict(weights='1', threshold=0.5)


def answer(path, error=None) -> dict:
    return ForgeryResult(path, error=error).to_json()


def write(folder, *answers, resume=False) -> set[str]:
    with PredictionsFile(folder, SETTINGS, resume) as file:
        done = set(file.done)
        for values in answers:
            file.append(values)
    return done


def paths(folder) -> list[str]:
    return [values['path'] for values in read_predictions(folder / 'predictions.jsonl')]


def test_an_answer_is_on_disk_at_once(tmp_path):
    with PredictionsFile(tmp_path / 'new' / 'folder', SETTINGS, resume=False) as file:
        file.append(answer('a'))
        assert paths(tmp_path / 'new' / 'folder') == ['a']


def test_resume_tells_what_is_done_and_tries_errors_again(tmp_path):
    write(tmp_path, answer('a'), answer('b', error='broken'), answer('c'))
    assert write(tmp_path, answer('b'), answer('d'), resume=True) == {'a', 'c'}
    assert paths(tmp_path) == ['a', 'c', 'b', 'd']


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
    (tmp_path / 'run.json').write_text('{')
    with pytest.raises(PredictionsError, match='missing or broken'):
        write(tmp_path, resume=True)
    assert paths(tmp_path) == ['a']


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
