import pytest
import torch

from monfap_mm.deployment import CheckError, export_model
from monfap_mm.deployment import exporting as job
from monfap_mm.model_files.onnx_metadata import KEY

from ..test_models.test_baselines.small import build_small, small_config
from .samples import METADATA


class Doubles(torch.nn.Module):
    """Stands for a model: two answers, and none of them depends on ``size``."""

    model = None

    def forward(self, image, size):
        return dict(score=image.float().mean(dim=(1, 2, 3)) / 255, logits=image.float() / 128)


@pytest.fixture
def fast(monkeypatch):
    """Without the minute that the translation to ONNX takes."""
    monkeypatch.setattr(job, 'ExportForm', lambda model, metadata: Doubles())


def test_a_pt2_file_answers_as_the_model(fast, onnx_model, tmp_path):
    out = tmp_path / 'x.pt2'
    exported = export_model(onnx_model.config, onnx_model.weights, out)
    assert exported.difference < 1e-6
    assert exported.size == (64, 96)
    extra = {KEY: ''}
    module = torch.export.load(out, extra_files=extra).module()
    images = torch.randint(256, (1, 20, 30, 3), dtype=torch.uint8)
    torch.testing.assert_close(module(images, torch.tensor([1, 1]))['logits'], images / 128)
    assert '"config": "tiny"' in extra[KEY]
    assert set(exported.benchmark((1, 8, 8), rounds=1)) == {'eager', 'exported', 'ratio'}


def test_nothing_is_written_where_the_answers_differ(fast, onnx_model, tmp_path, monkeypatch):
    def wrong(content):
        def run(images, size):
            return {name: value.numpy() + 1e-3 for name, value in Doubles()(torch.from_numpy(images), size).items()}

        return run

    monkeypatch.setattr(job, '_run_pt2', wrong)
    out = tmp_path / 'x.pt2'
    out.write_text('an earlier one')
    with pytest.raises(CheckError, match='differs by'):
        export_model(onnx_model.config, onnx_model.weights, out)
    assert [path.name for path in tmp_path.iterdir()] == ['x.pt2']
    assert out.read_text() == 'an earlier one'


@pytest.mark.parametrize('name', ['mvss_net', pytest.param('pscc_net', marks=pytest.mark.slow)])
def test_peers(name, tmp_path):
    """Through their shipped recipes, to files that answer as the models at every size that is checked."""
    small_config(name).dump(tmp_path / 'small.py')
    torch.save(dict(state_dict=build_small(name).state_dict()), tmp_path / 'small.pth')
    exported = export_model(str(tmp_path / 'small.py'), str(tmp_path / 'small.pth'), tmp_path / 'small.onnx')
    assert exported.difference < 1e-4
    assert (tmp_path / 'small.onnx').is_file()


def test_unknown_endings_are_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match=r'must end with .onnx or .pt2, got .*x.engine'):
        export_model('config', 'weights', tmp_path / 'x.engine')


def test_size_of_testing():
    assert job._size(METADATA) == (64, 96)


@pytest.mark.parametrize('options', [dict(half_weights=True), dict(card='for people')])
def test_what_a_pt2_file_cannot_hold_is_refused_at_once(options, tmp_path):
    with pytest.raises(ValueError, match=r'only .onnx files have weights of 16 bits or a card, not .*x.pt2'):
        export_model('config', 'weights', tmp_path / 'x.pt2', **options)
