from argparse import Namespace

import numpy as np
import pytest
import torch

from monfap_mm.model_files.conversion import (
    PLACES,
    ConversionError,
    Folder,
    build_target,
    join_files,
    read_foreign,
    require_fit,
    save_converted,
    take_state_dict,
)
from tests.older_file import OlderFile

WEIGHT = torch.arange(3.0)


def test_arrays_of_numpy_are_read_as_tensors(tmp_path):
    np.savez(tmp_path / 'x.npz', **{'block1/weights': np.arange(3, dtype=np.float32)})
    read = read_foreign(tmp_path / 'x.npz')
    assert list(read) == ['block1/weights']
    torch.testing.assert_close(read['block1/weights'], WEIGHT)


def test_arrays_that_could_run_code_are_refused(tmp_path):
    np.savez(tmp_path / 'x.npz', a=np.array([print], dtype=object))
    with pytest.raises(ConversionError, match='cannot be read as a checkpoint'):
        read_foreign(tmp_path / 'x.npz')


@pytest.mark.parametrize('name', ['x.npz', 'x.pth'])
def test_damaged_and_missing_files(name, tmp_path):
    with pytest.raises(ConversionError, match='does not exist'):
        read_foreign(tmp_path / name)
    (tmp_path / name).write_bytes(b'PK\x03\x04 nothing')
    with pytest.raises(ConversionError, match='cannot be read as a checkpoint'):
        read_foreign(tmp_path / name)


def test_a_folder_is_read_file_by_file(tmp_path):
    with pytest.raises(ConversionError, match='has no file that ends in'):
        read_foreign(tmp_path)
    (tmp_path / 'HRNet').mkdir()
    torch.save(dict(model=dict(w=WEIGHT)), tmp_path / 'HRNet' / '1.pth')
    torch.save(dict(w=WEIGHT + 1), tmp_path / 'head.pth')
    (tmp_path / 'notes.txt').write_text('no weights')
    read = read_foreign(tmp_path)
    assert list(read) == ['HRNet/1.pth', 'head.pth']
    torch.testing.assert_close(read['HRNet/1.pth']['model']['w'], WEIGHT)
    torch.testing.assert_close(read['head.pth']['w'], WEIGHT + 1)


def test_arguments_of_a_training_script_beside_the_weights_are_read(tmp_path):
    torch.save(dict(model=dict(w=WEIGHT), args=Namespace(lr=0.1)), tmp_path / 'x.pth')
    torch.testing.assert_close(read_foreign(tmp_path / 'x.pth')['model']['w'], WEIGHT)
    torch.save(dict(model=dict(w=WEIGHT), args=Namespace(run=print)), tmp_path / 'x.pth')
    with pytest.raises(ConversionError, match='which could run code'):
        read_foreign(tmp_path / 'x.pth')


PARTS = {'stem.w': 'backbone.', 'fc.w': 'head.'}


def test_files_of_the_parts_are_joined_whatever_their_names():
    backbone, head = {'module.stem.w': WEIGHT}, {'fc.w': WEIGHT + 1, 'fc.b': WEIGHT}
    joined = {'backbone.stem.w': WEIGHT, 'head.fc.w': WEIGHT + 1, 'head.fc.b': WEIGHT}
    in_one = (dict(model=joined, epoch=3), dict(model=joined, optimizer=dict(state={})), joined)
    for checkpoint in (Folder({'1.pth': dict(model=backbone), '2.pth': head}), *in_one):
        found = join_files(checkpoint, PARTS)
        assert found.keys() == joined.keys()
        for key, value in joined.items():
            torch.testing.assert_close(found[key], value)
    with_another = Folder({'1.pth': backbone, 'other.pth': dict(x=WEIGHT)})
    assert join_files(with_another, PARTS).keys() == {'backbone.stem.w', 'x'}


@pytest.mark.parametrize(
    ('second', 'words'),
    [
        ({'stem.w': WEIGHT}, 'a/1.pth and a/2.pth both hold the weights backbone.'),  # of another epoch
        (dict(epoch=3), 'a/2.pth: the checkpoint has no weights'),
    ],
)
def test_files_of_which_one_does_not_belong_are_named(second, words):
    with pytest.raises(ConversionError, match=words):
        join_files(Folder({'a/1.pth': {'stem.w': WEIGHT}, 'a/2.pth': second}), PARTS)


def test_files_of_another_system_are_named():
    others = Folder({'HRNet.pth': dict(x=WEIGHT), 'Head.pth': dict(y=WEIGHT)})
    with pytest.raises(ConversionError, match='HRNet.pth and Head.pth are of another system'):
        join_files(others, PARTS)


def test_the_state_dict_is_found_wherever_training_scripts_keep_it():
    for place in PLACES:
        checkpoint = {'optimizer': dict(state={}), place: {'module.w': WEIGHT}, 'epoch': 3}
        torch.testing.assert_close(take_state_dict(checkpoint)['w'], WEIGHT)
    torch.testing.assert_close(take_state_dict({'w': WEIGHT})['w'], WEIGHT)


@pytest.mark.parametrize(
    ('checkpoint', 'found'),
    [
        (dict(model=3), "under 'model': 'model' is of type int"),
        (dict(model={}), "under 'model': 'model' is an empty dict"),
        (dict(model=dict.fromkeys('abcdefg')), "'model' is a dict of 'a', 'b', 'c', 'd', 'e', and 2 more"),
        (dict(model={1: WEIGHT}), "'model' is a dict of 1"),  # no name
        (dict(epoch=3), "at the top, nor any of 'state_dict', .*: the file is a dict of 'epoch'"),
        ({}, "'model_state': the file is an empty dict"),
    ],
)
def test_a_checkpoint_without_weights(checkpoint, found):
    with pytest.raises(ConversionError, match=f'^the checkpoint has no weights .*{found}$'):
        take_state_dict(checkpoint)


def test_a_folder_where_one_file_is_expected(tmp_path):
    for name in ('a.pth', 'b.pt'):
        torch.save(dict(w=WEIGHT), tmp_path / name)
    with pytest.raises(ConversionError, match='One file is expected, but IN is a folder with a.pth, b.pt: name it'):
        take_state_dict(read_foreign(tmp_path))


def test_a_config_without_a_model(tmp_path):
    (tmp_path / 'c.py').write_text('x = 3\n')
    for name in ('c.py', 'gone.py'):
        with pytest.raises(ConversionError, match=f'{name} is no config of a model'):
            build_target(tmp_path / name)


def test_what_does_not_fit_is_named():
    require_fit({'w': WEIGHT}, {'w': WEIGHT})
    with pytest.raises(ConversionError) as refusal:
        require_fit({'w': WEIGHT, 'extra': WEIGHT}, {'w': WEIGHT[:2], 'lacking': WEIGHT})
    assert '1 missing: lacking' in str(refusal.value)
    assert '1 unexpected: extra' in str(refusal.value)
    assert 'w (model (2,), checkpoint (3,))' in str(refusal.value)


def test_the_settings_of_the_config_go_with_the_weights(tmp_path):
    target = torch.nn.Linear(2, 2).state_dict()
    target._metadata['']['settings'] = dict(window=7)
    older = OlderFile(tmp_path / 'new' / 'ours.pth')
    (tmp_path / 'theirs.pth').touch()
    save_converted(dict(target), target, tmp_path / 'theirs.pth', tmp_path / 'new' / 'ours.pth')
    assert older.was_replaced_as_a_whole()
    written = torch.load(tmp_path / 'new' / 'ours.pth', weights_only=True)
    assert written['state_dict']._metadata['']['settings'] == dict(window=7)
    assert written['meta']['converted_from'] == 'theirs.pth'
