import pytest
import torch
from torch import nn

from monfap_mm.engine.resume import ResumeError
from monfap_mm.utils.state_dicts import keep_settings

from ..toy import ToyModel, make_runner


@pytest.fixture
def weights():
    return ToyModel().state_dict()


def start(tmp_path, state_dict, **options):
    torch.save(dict(state_dict=state_dict, meta={}), tmp_path / 'start.pth')
    runner = make_runner(tmp_path / 'work', scores=(10,), load_from=str(tmp_path / 'start.pth'), **options)
    runner.load_or_resume()
    return runner, next((tmp_path / 'work').glob('*/*.log')).read_text()


def test_a_checkpoint_that_fits_is_loaded_without_a_word(tmp_path, weights):
    runner, log = start(tmp_path, {f'module.{key}': value for key, value in weights.items()})
    assert 'Weights that fit' not in log
    assert torch.equal(runner.model.backbone.weight.cpu(), weights['backbone.weight'])


def test_a_backbone_alone_is_loaded(tmp_path, weights):
    backbone = {key: value for key, value in weights.items() if key.startswith('backbone')}
    runner, log = start(tmp_path, backbone | {'head.fc.weight': torch.ones(1000, 2)})
    assert 'Weights that fit, by part of the model: backbone 2 of 2, decode_head 0 of 2.' in log
    assert torch.equal(runner.model.backbone.weight.cpu(), weights['backbone.weight'])


def test_another_number_of_classes_is_loaded(tmp_path, weights):
    other = weights | {'decode_head.weight': torch.ones(150, 2), 'decode_head.bias': torch.ones(150)}
    _, log = start(tmp_path, other)
    assert 'backbone 2 of 2, decode_head 0 of 2' in log


def test_another_size_is_an_error_that_counts(tmp_path):
    with pytest.raises(ValueError, match='does not fit the model') as error:
        start(tmp_path, ToyModel(width=3).state_dict())
    lines = str(error.value).splitlines()
    assert (
        lines[1]
        == 'At least one part of the model must get 90% of its weights, but it is backbone 0 of 2, decode_head 1 of 2.'
    )
    assert '3 of another shape: backbone.weight (model (2, 1), checkpoint (3, 1))' in lines[2]
    assert len(lines) == 3


@pytest.mark.parametrize(('fitting', 'enough'), [(9, True), (8, False)])
def test_nine_of_ten_weights_of_a_part_are_enough(tmp_path, monkeypatch, fitting, enough):
    def build(self, width=2):
        super(ToyModel, self).__init__()
        self.backbone = nn.Sequential(*(nn.Linear(1, 1) for _ in range(5)))
        self.decode_head = nn.Linear(1, 1)

    monkeypatch.setattr(ToyModel, '__init__', build)
    names = [f'backbone.{i}.{kind}' for i in range(5) for kind in ('weight', 'bias')]
    given = {name: torch.ones((1, 1) if 'weight' in name else 1) for name in names[:fitting]}
    if enough:
        assert f'backbone {fitting} of 10, decode_head 0 of 2' in start(tmp_path, given)[1]
    else:
        with pytest.raises(ValueError, match=rf'it is backbone {fitting} of 10, decode_head 0 of 2'):
            start(tmp_path, given)


def test_the_authors_checkpoints_are_known(tmp_path):
    torch.save(dict(model={'backbone_net.x': torch.ones(1)}), tmp_path / 'theirs.pth')
    runner = make_runner(tmp_path / 'work', scores=(10,), load_from=str(tmp_path / 'theirs.pth'))
    with pytest.raises(ValueError, match='official2mm.py converts .* peers2mm.py'):
        runner.load_or_resume()


def test_other_names_are_an_error(tmp_path):
    with pytest.raises(ValueError, match='backbone 0 of 2, decode_head 0 of 2'):
        start(tmp_path, nn.Linear(1, 2).state_dict())


def test_to_resume_all_weights_must_fit(tmp_path, weights):
    del weights['decode_head.bias']
    with pytest.raises(ValueError, match='To resume, all weights and settings must fit'):
        start(tmp_path, weights, resume=True)


def test_counters_of_batch_norm_do_not_count(tmp_path, monkeypatch):
    def build(self, width=2):
        super(ToyModel, self).__init__()
        self.backbone, self.decode_head = nn.BatchNorm1d(2), nn.Linear(2, 1)

    monkeypatch.setattr(ToyModel, '__init__', build)
    state_dict = {f'backbone.{key}': value for key, value in nn.BatchNorm1d(2).state_dict().items()}
    del state_dict['backbone.num_batches_tracked']
    _, log = start(tmp_path, state_dict)
    assert 'backbone 4 of 4, decode_head 0 of 2' in log


@pytest.fixture
def trained_otherwise(monkeypatch):
    """Weights of a threshold of 0.3, for a model of 0.5."""
    build = ToyModel.__init__

    def build_with_settings(self, width=2):
        build(self, width)
        keep_settings(self)

    monkeypatch.setattr(ToyModel, '__init__', build_with_settings)
    monkeypatch.setattr(ToyModel, 'answer_settings', dict(threshold=0.3), raising=False)
    state_dict = ToyModel().state_dict()
    monkeypatch.setattr(ToyModel, 'answer_settings', dict(threshold=0.5))
    return state_dict


def test_another_setting_is_named_and_the_weights_are_not_said_to_be_missing(tmp_path, trained_otherwise):
    _, log = start(tmp_path, trained_otherwise)
    assert 'threshold is 0.5 in the config, and the checkpoint was trained with 0.3' in log
    assert 'Weights that fit' not in log


def test_to_resume_all_settings_must_fit(tmp_path, trained_otherwise):
    with pytest.raises(ValueError, match='threshold is 0.5 in the config'):
        start(tmp_path, trained_otherwise, resume=True)


def test_a_checkpoint_without_the_state_of_the_optimizer_is_told(tmp_path):
    make_runner(tmp_path, scores=(10,)).train()
    log = 'has no state of the optimizer and the learning rate'
    for name, said in (('epoch_1.pth', False), ('best_forgery_IoU-f_epoch_1.pth', True)):
        work_dir = tmp_path / name.removesuffix('.pth')
        runner = make_runner(work_dir, resume=True, load_from=str(tmp_path / name), scores=(10, 20))
        runner.train()
        assert runner.epoch == 2
        lines = [line for line in next(work_dir.glob('*/*.log')).read_text().splitlines() if log in line]
        assert len(lines) == said
        assert all(f'{name} {log}, as a best_*.pth has none' in line for line in lines)


def test_weights_that_no_training_has_saved_are_nothing_to_resume(tmp_path):
    make_runner(tmp_path, scores=(10,)).train()
    checkpoint = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    for name, content in (
        ('published', dict(meta={}, state_dict=checkpoint['state_dict'])),
        ('bare', checkpoint['state_dict']),
    ):
        torch.save(content, tmp_path / f'{name}.pth')
        runner = make_runner(tmp_path / name, resume=True, load_from=str(tmp_path / f'{name}.pth'))
        with pytest.raises(ResumeError, match=rf'{name}\.pth holds weights, but not where .* load_from=FILE'):
            runner.train()
