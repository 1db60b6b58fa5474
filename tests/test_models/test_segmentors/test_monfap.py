import pytest
import torch
import torch.nn.functional as F

from tests.samples import ATTO_CHANNELS, build, make_samples, monfap_cfg, train_steps


@pytest.fixture(scope='module')
def model():
    return build(monfap_cfg()).eval()


def images(size=(64, 64), batch=2):
    torch.manual_seed(1)
    return torch.randn(batch, 3, *size)


def set_test_cfg(model, **test_cfg):
    model.test_cfg = dict(mode='whole') | test_cfg


def test_tensor_mode_returns_both_logits(model):
    cls_logits, mask_logits = model(images())
    feats = model.extract_feat(images())
    expected = model.decode_head(feats, model.neck(feats))
    torch.testing.assert_close((cls_logits, mask_logits), expected[:2])


def test_predict_keeps_both_outputs_at_the_original_size(model):
    set_test_cfg(model)
    samples = make_samples((64, 64))
    for sample in samples:
        sample.set_metainfo(dict(ori_shape=(90, 50)))
    cls_logits, mask_logits = model(images())
    with torch.no_grad():
        samples = model.predict(images(), samples)
    for sample, y, m in zip(samples, cls_logits, mask_logits):
        torch.testing.assert_close(sample.pred_label.score, y.softmax(dim=0))
        assert sample.pred_label.label.item() == y.argmax().item()
        m = F.interpolate(m[None], (64, 64), mode='bilinear')
        m = F.interpolate(m, (90, 50), mode='bilinear')[0]
        torch.testing.assert_close(sample.seg_logits.data, m)
        assert torch.equal(sample.pred_sem_seg.data, m.argmax(dim=0, keepdim=True))
        assert sample.coarse_prob.shape == (64, 64)
        assert 0 <= sample.coarse_prob.data.min() <= sample.coarse_prob.data.max() <= 1


def test_predict_tells_the_gates_of_every_level(model):
    set_test_cfg(model)
    sample = model.predict(images(batch=1))[0]
    expected = [level.gate(feat)[0] for level, feat in zip(model.neck.levels, model.extract_feat(images(batch=1)))]
    torch.testing.assert_close(sample.gates.value, torch.stack(expected))
    assert 'gates' not in build(monfap_cfg() | dict(neck=None)).eval().predict(images(batch=1))[0]


def test_predict_without_samples(model):
    set_test_cfg(model)
    samples = model.predict(images())
    assert len(samples) == 2
    assert samples[0].seg_logits.shape == (64, 64)


def test_flip_and_padding_are_undone(model):
    set_test_cfg(model)
    samples = make_samples((64, 64), labels=(1,), flip=True, flip_direction='horizontal', padding_size=[0, 14, 0, 4])
    samples[0].set_metainfo(dict(ori_shape=(60, 50)))
    prediction = model.inference(images(batch=1), [{}])
    sample = model.predict(images(batch=1), samples)[0]
    torch.testing.assert_close(sample.seg_logits.data, prediction.seg_logits[0, :, :60, :50].flip(2))
    torch.testing.assert_close(sample.coarse_prob.data, prediction.coarse_prob[0, :, :60, :50].flip(2))


def test_slide_with_one_window_is_whole(model):
    set_test_cfg(model)
    whole = model.inference(images(), [])
    set_test_cfg(model, mode='slide', crop_size=(64, 64), stride=(32, 32))
    for a, b in zip(model.inference(images(), []), whole):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize('window_score', ['max', 'mean'])
def test_slide_averages_overlaps_and_reduces_the_windows(model, window_score):
    set_test_cfg(model, mode='slide', crop_size=(64, 64), stride=(32, 48), window_score=window_score)
    x = images((80, 112))
    slide = model.inference(x, [])
    logits, count, scores, gates = torch.zeros(2, 2, 80, 112), torch.zeros(80, 112), [], []
    for top in (0, 16):
        for left in (0, 48):
            window = model.encode_decode(x[:, :, top : top + 64, left : left + 64], [])
            logits[:, :, top : top + 64, left : left + 64] += window.seg_logits
            count[top : top + 64, left : left + 64] += 1
            scores.append(window.scores)
            gates.append(window.gates)
    torch.testing.assert_close(slide.gates, torch.stack(gates).mean(dim=0))
    torch.testing.assert_close(slide.seg_logits, logits / count)
    fake = torch.stack(scores)[..., 1]
    torch.testing.assert_close(slide.scores[:, 1], fake.amax(dim=0) if window_score == 'max' else fake.mean(dim=0))
    torch.testing.assert_close(slide.scores.sum(dim=1), torch.ones(2))


def test_slide_on_an_image_smaller_than_the_window(model):
    set_test_cfg(model)
    whole = model.inference(images((48, 40)), [])
    set_test_cfg(model, mode='slide', crop_size=(64, 64), stride=(32, 32))
    torch.testing.assert_close(model.inference(images((48, 40)), []).seg_logits, whole.seg_logits)


@pytest.mark.parametrize('size', [(32, 32), (33, 47), (70, 130), (61, 35), (16, 16), (1, 1)])
def test_any_size(model, size):
    set_test_cfg(model)
    prediction = model.inference(images(size), [])
    assert prediction.seg_logits.shape == (2, 2, *size)
    assert all(torch.isfinite(x).all() for x in prediction)


@pytest.mark.parametrize('size', [(32, 32), (50, 70)])
@pytest.mark.parametrize('labels', [(0, 1), (0, 0), (1, 1)])
def test_trains_on_any_mix_and_size(size, labels):
    model = build(monfap_cfg())
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    train_steps(model, images(size), make_samples(size, labels))
    assert [name for name, p in model.named_parameters() if torch.equal(p, before[name])] == []


@pytest.mark.parametrize('label', [0, 1])
def test_trains_on_a_batch_of_one(label):
    model = build(monfap_cfg())
    losses = model.loss(images(batch=1), make_samples((64, 64), (label,)))
    missing = 'manipulated' if label == 0 else 'genuine'
    assert losses[f'loss_pix_{missing}'].item() == losses[f'loss_aux_{missing}'].item() == 0
    train_steps(model, images(batch=1), make_samples((64, 64), (label,)))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_amp_is_near_fp32(model, dtype):
    set_test_cfg(model)
    with torch.no_grad():
        expected = model(images())
        with torch.autocast('cpu', dtype=dtype):
            half = model(images())
    for a, b in zip(half, expected):
        assert torch.isfinite(a).all()
        assert F.cosine_similarity(a.float().flatten(), b.flatten(), dim=0) > 0.99


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('labels', [(0, 1), (0, 0)])
def test_amp_trains_without_nan(dtype, labels):
    model = build(monfap_cfg())
    with torch.autocast('cpu', dtype=dtype):
        losses = model.loss(images(), make_samples((64, 64), labels))
    assert all(loss.dtype == torch.float32 and torch.isfinite(loss) for loss in losses.values())
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_amp_survives_masks_that_block_everything():
    model = build(monfap_cfg())
    torch.nn.init.constant_(model.decode_head.coarse_localizer[-1].bias, -1e4)
    for dtype in (torch.float16, torch.bfloat16):
        with torch.autocast('cpu', dtype=dtype):
            losses = model.loss(images(), make_samples((64, 64)))
        assert torch.isfinite(losses['loss_img'])
        assert torch.isfinite(losses['loss_pix_manipulated'])


@pytest.mark.parametrize(
    'switches',
    [
        dict(neck=dict(experts=('hf', 'srm'))),
        dict(neck=dict(top_k=1)),
        dict(neck=dict(fusion='cat')),
        dict(neck=dict(num_shared_experts=3)),
        dict(neck=dict(loss_importance_weight=0)),
        dict(head=dict(mask_threshold=0.0)),
        dict(head=dict(num_scales=1)),
        dict(head=dict(num_scales=2), without_neck=True),
        dict(head=dict(task_mode='two_branch')),
        dict(head=dict(task_mode='additional_loss')),
        dict(head=dict(task_mode='global_statistics')),
    ],
    ids=str,
)
def test_every_parameter_is_trained_under(switches):
    """train_steps fails if a parameter gets no gradient."""
    cfg = monfap_cfg(head=switches.get('head', {}))
    cfg['neck'].update(switches.get('neck', {}))
    if switches.get('without_neck'):
        cfg['neck'] = None
    train_steps(build(cfg), images(), make_samples((64, 64)))


def test_fp16_survives_bayar_weights_that_sum_to_zero():
    model = build(monfap_cfg()).eval()
    with torch.no_grad():
        for level in model.neck.levels:
            weight = level.experts['bayar'].weight
            weight[0] -= weight[0].mean(dim=-1, keepdim=True)
        with torch.autocast('cpu', dtype=torch.float16):
            cls_logits, mask_logits = model(images())
    assert torch.isfinite(cls_logits).all()
    assert torch.isfinite(mask_logits).all()


def test_without_neck_there_are_no_cues():
    model = build({**monfap_cfg(), 'neck': None}).eval()
    torch.testing.assert_close(model(images()), model.decode_head(model.extract_feat(images()))[:2])
    assert not any('importance' in name for name in model.loss(images(), make_samples((64, 64))))


def test_projection_comes_before_neck_and_head():
    cfg = monfap_cfg(in_channels=[8, 16, 24, 32])
    cfg['projection'] = dict(type='ChannelProjection', in_channels=ATTO_CHANNELS, out_channels=[8, 16, 24, 32])
    model = build(cfg)
    assert [feat.shape[1] for feat in model.extract_feat(images())] == [8, 16, 24, 32]
    train_steps(model, images(), make_samples((64, 64)))


def test_auxiliary_head_of_mmseg_trains_beside():
    auxiliary = dict(type='FCNHead', in_channels=160, in_index=2, channels=8, num_convs=1, num_classes=2)
    losses = build(monfap_cfg(auxiliary_head=auxiliary)).loss(images(), make_samples((64, 64)))
    assert 'aux.loss_ce' in losses


@pytest.mark.parametrize(
    ('test_cfg', 'message'),
    [
        (dict(mode='pyramid'), "'whole' or 'slide'"),
        (dict(mode='slide', crop_size=(64, 64)), 'needs stride'),
        (dict(mode='slide', crop_size=(64, 64), stride=(32, 32), window_score='median'), "'max' or 'mean'"),
        (dict(mode='slide', crop_size=(32, 32), stride=(32, 48)), 'stride must be positive and at most crop_size'),
        (dict(mode='slide', crop_size=(32, 32), stride=(0, 32)), 'stride must be positive and at most crop_size'),
    ],
)
def test_bad_test_cfg(test_cfg, message):
    with pytest.raises(ValueError, match=message):
        build(monfap_cfg(test_cfg=test_cfg))


def test_head_without_image_label():
    cfg = monfap_cfg()
    cfg['decode_head'] = dict(type='FCNHead', in_channels=320, in_index=3, channels=8, num_convs=1, num_classes=2)
    with pytest.raises(TypeError, match='such as FUPHead, but got FCNHead'):
        build(cfg)
