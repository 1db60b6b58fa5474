import numpy as np
import pytest
import torch

from monfap_mm.model_files.conversion import (
    ConversionError,
    read_foreign,
    require_fit,
    save_converted,
    take_state_dict,
)

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


def test_the_state_dict_is_found_in_order_of_preference():
    checkpoint = dict(ema={'module.w': WEIGHT + 1}, model={'module.w': WEIGHT}, epoch=3)
    torch.testing.assert_close(take_state_dict(checkpoint, 'model', 'ema')['w'], WEIGHT)
    torch.testing.assert_close(take_state_dict(checkpoint, 'state_dict', 'ema')['w'], WEIGHT + 1)
    torch.testing.assert_close(take_state_dict({'w': WEIGHT}, 'model')['w'], WEIGHT)


@pytest.mark.parametrize('checkpoint', [dict(model=3), dict(model={}), dict(epoch=3), {}])
def test_a_checkpoint_without_weights(checkpoint):
    with pytest.raises(ConversionError, match='has no weights'):
        take_state_dict(checkpoint, 'model')


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
    save_converted(dict(target), target, tmp_path / 'theirs.pth', tmp_path / 'new' / 'ours.pth')
    written = torch.load(tmp_path / 'new' / 'ours.pth', weights_only=True)
    assert written['state_dict']._metadata['']['settings'] == dict(window=7)
    assert written['meta']['converted_from'] == 'theirs.pth'
