import os
import pickle
import traceback
from pathlib import Path

import pytest
import torch

from monfap_mm.apis import ForgeryInferencer
from monfap_mm.cli import main
from monfap_mm.model_files.loading import build_model, load_config, pipeline_without_loading


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def refusal(config, weights) -> str:
    with pytest.raises(ValueError) as error:
        ForgeryInferencer(config, str(weights), device='cpu')
    return str(error.value)


@pytest.mark.parametrize('save', [torch.save, lambda bomb, path: path.write_bytes(pickle.dumps(bomb))])
def test_a_pickle_bomb_is_refused_unexploded(save, config, tmp_path):
    save(dict(state_dict={}, meta=Bomb(tmp_path / 'exploded')), tmp_path / 'bomb.pth')
    assert 'bomb.pth is refused' in refusal(config, tmp_path / 'bomb.pth')
    assert not (tmp_path / 'exploded').exists()


def test_nobody_is_advised_to_load_it_all_the_same(config, tmp_path):
    """PyTorch's own error tells how to switch the protection off."""
    torch.save(dict(state_dict={}, meta=Bomb(tmp_path / 'exploded')), tmp_path / 'bomb.pth')
    with pytest.raises(ValueError, match=r'it holds (posix|nt).mkdir, which could run code$') as error:
        ForgeryInferencer(config, tmp_path / 'bomb.pth', device='cpu')
    shown = ''.join(traceback.format_exception(error.value))
    assert 'weights_only' not in shown
    assert 'trust' not in shown


def test_a_folder_is_no_checkpoint(config, tmp_path):
    assert f'{tmp_path} cannot be read: Is a directory' in refusal(config, tmp_path)


@pytest.mark.parametrize('name', ['x.pth', 'x.pt2', 'x.jpg', 'x'])
def test_a_checkpoint_is_no_config(name, weights, tmp_path, capsys):
    path = tmp_path / name
    path.write_bytes(Path(weights).read_bytes())
    with pytest.raises(ValueError, match=r'x.* is no config \(.py, .* a checkpoint is given as weights'):
        ForgeryInferencer(path, device='cpu')
    assert main(['predict', 'picture.jpg', '--model', str(path), '--out', str(tmp_path / 'out')]) == 2
    assert '--model CONFIG --weights CHECKPOINT' in capsys.readouterr().err


def test_other_files_are_refused(config, tmp_path):
    (tmp_path / 'empty.pth').touch()
    (tmp_path / 'text.pth').write_text('weights')
    torch.save([1, 2], tmp_path / 'list.pth')
    assert 'empty.pth is refused' in refusal(config, tmp_path / 'empty.pth')
    assert 'text.pth is refused' in refusal(config, tmp_path / 'text.pth')
    assert 'list.pth is no checkpoint: it holds a list' in refusal(config, tmp_path / 'list.pth')


def test_weights_of_another_model_are_refused(config, weights, tmp_path):
    checkpoint = torch.load(weights)
    name = next(iter(checkpoint['state_dict']))
    del checkpoint['state_dict'][name]
    torch.save(checkpoint, tmp_path / 'part.pth')
    assert f'1 missing: {name}' in refusal(config, tmp_path / 'part.pth')
    torch.save(dict(model=checkpoint['state_dict']), tmp_path / 'authors.pth')
    said = refusal(config, tmp_path / 'authors.pth')
    assert 'official2mm.py converts checkpoints of the authors, peers2mm.py those of the other systems' in said
    # As CAT-Net's authors keep theirs; ours have 'meta' too.
    torch.save(dict(epoch=3, state_dict=checkpoint['state_dict']), tmp_path / 'peer.pth')
    assert 'peers2mm.py' in refusal(config, tmp_path / 'peer.pth')
    assert 'another model or config?' in refusal(config, tmp_path / 'part.pth')


@pytest.mark.parametrize('content', [dict(state_dict=None), dict(state_dict=[1]), {}, {1: torch.ones(1)}])
def test_a_checkpoint_without_weights_lacks_them_all(config, tmp_path, content):
    torch.save(content, tmp_path / 'none.pth')
    said = refusal(config, tmp_path / 'none.pth')
    assert ' missing: backbone.' in said
    assert 'unexpected' not in said


def test_weights_of_a_wrapped_model_fit(config, weights, tmp_path):
    state_dict = torch.load(weights)['state_dict']
    # DDP around test-time augmentation; what is no weight does not count.
    wrapped = {f'module.module.{key}': value for key, value in state_dict.items()} | {'epoch': 3, 0: torch.ones(1)}
    torch.save(wrapped, tmp_path / 'ddp.pth')
    cfg, _ = load_config(config, None)
    model, expected = (build_model(cfg, str(path), 'cpu') for path in (tmp_path / 'ddp.pth', weights))
    assert not model.training
    for key, value in model.state_dict().items():
        assert torch.equal(value, expected.state_dict()[key]), key


def test_missing_files_are_named(config):
    with pytest.raises(FileNotFoundError, match='there is no checkpoint no.pth'):
        ForgeryInferencer(config, 'no.pth', device='cpu')
    with pytest.raises(FileNotFoundError, match='there is no config file no.py'):
        ForgeryInferencer('no.py', 'no.pth', device='cpu')


def test_wrong_arguments(config, weights):
    with pytest.raises(ValueError, match='at random'):
        ForgeryInferencer(config)
    with pytest.raises(ValueError, match="mode must be one of whole, slide, got 'both'"):
        ForgeryInferencer(config, weights, mode='both')
    with pytest.raises(ValueError, match='threshold must lie in 0 to 1, got 50'):
        ForgeryInferencer(config, weights, threshold=50)


def test_windows_have_the_size_of_the_training_pictures(config):
    cfg, _ = load_config(config, 'slide')
    assert cfg.model.test_cfg == dict(mode='slide', crop_size=(96, 96), stride=(64, 64))
    assert [step.type for step in pipeline_without_loading(cfg, 'slide')] == ['PackForgeryInputs']
    assert [step.type for step in pipeline_without_loading(cfg, 'whole')] == ['Resize', 'PackForgeryInputs']


def test_windows_without_a_resize_have_the_size_of_the_crops(config):
    cfg, _ = load_config(config, None)
    assert cfg.model.test_cfg == dict(mode='whole')
    del cfg.test_dataloader.dataset.pipeline[1]
    assert load_config(cfg, 'slide')[0].model.test_cfg.crop_size == (128, 128)
    del cfg.model.data_preprocessor.size
    with pytest.raises(ValueError, match='set model.test_cfg.crop_size'):
        load_config(cfg, 'slide')


def test_the_config_decides_on_windows_where_it_says_something(config):
    cfg, _ = load_config(config, None)
    cfg.model.test_cfg.update(crop_size=(40, 50), stride=(30, 30))
    assert load_config(cfg, 'slide')[0].model.test_cfg == dict(mode='slide', crop_size=(40, 50), stride=(30, 30))
