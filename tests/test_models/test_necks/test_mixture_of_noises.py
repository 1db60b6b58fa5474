import pytest
import torch

from monfap_mm.models import MixtureOfNoises
from monfap_mm.models.losses import importance_loss

CHANNELS = [4, 6, 8, 10]


def features(batch=2):
    torch.manual_seed(0)
    return [torch.randn(batch, c, s, s) for c, s in zip(CHANNELS, (16, 8, 4, 2))]


def test_loss_is_eq_13_term_by_term():
    neck, feats = MixtureOfNoises(CHANNELS, loss_importance_weight=0.3).eval(), features()
    cues, losses = neck.loss(feats)
    for i, (level, feat) in enumerate(zip(neck.levels, feats)):
        cue, gates = level(feat)
        torch.testing.assert_close(cues[i], cue)
        torch.testing.assert_close(losses[f'loss_importance_{i}'], importance_loss(gates, 0.3))
    assert len(losses) == 4


def test_residual_adds_the_features():
    neck, feats = MixtureOfNoises(CHANNELS).eval(), features()
    cues = neck(feats)
    neck.residual = True
    for total, feat, cue in zip(neck(feats), feats, cues):
        torch.testing.assert_close(total, feat + cue)


@pytest.mark.parametrize('switch', [dict(loss_importance_weight=0), dict(fusion='add'), dict(fusion='cat')])
def test_no_importance_loss(switch):
    cues, losses = MixtureOfNoises(CHANNELS, **switch).loss(features())
    assert losses == {}
    assert [cue.shape for cue in cues] == [feat.shape for feat in features()]


@pytest.mark.parametrize('experts', [('hf',), ('hf', 'srm'), ('hf', 'srm', 'bayar')])
def test_fewer_experts(experts):
    neck = MixtureOfNoises(CHANNELS, experts=experts)
    cues, losses = neck.loss(features())
    assert list(neck.levels[0].experts) == list(experts)
    assert all(torch.isfinite(x).all() for x in (*cues, *losses.values()))


def test_wrong_in_channels():
    with pytest.raises(ValueError, match=r'in_channels=\[4, 6, 8, 12\], but the features have \[4, 6, 8, 10\]'):
        MixtureOfNoises([4, 6, 8, 12])(features())


def test_top_k_above_the_number_of_experts():
    with pytest.raises(ValueError, match='number of experts .2., but got 3'):
        MixtureOfNoises(CHANNELS, experts=('cd', 'hf'), top_k=3)


def test_negative_importance_weight():
    with pytest.raises(ValueError, match='loss_importance_weight must be >= 0'):
        MixtureOfNoises(CHANNELS, loss_importance_weight=-0.1)


@pytest.mark.parametrize(('switch', 'kept'), [({}, 2), (dict(top_k=1), 1), (dict(top_k=2), 2)])
def test_settings_beside_the_weights_have_the_number_that_is_kept(switch, kept):
    neck = MixtureOfNoises(CHANNELS, experts=('hf', 'cd'), **switch)
    assert neck.answer_settings == dict(experts=('hf', 'cd'), top_k=kept, residual=False)
    assert {level.gate.top_k for level in neck.levels} == {kept}
