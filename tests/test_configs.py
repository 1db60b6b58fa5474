"""All configs: they parse, build, and hold the paper's numbers."""

import re
from collections import Counter
from copy import deepcopy
from functools import cache
from pathlib import Path

import modelindex
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS, VISUALIZERS
from mmseg.structures import SegDataSample

from monfap_mm.models import ForgerySegmentor

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / 'configs'
ALL = sorted(path for path in CONFIGS.rglob('*.py') if '_base_' not in path.parts)
PAPER = sorted((CONFIGS / 'monfap').glob('monfap-*_8xb32-40e_*.py'))
LEVELS = (4, 8, 16, 32)


parsed = cache(Config.fromfile)


def load(path) -> Config:
    """A copy, which may be changed: parsing takes 24 ms, and each config is wanted by several tests."""
    return deepcopy(parsed(path))


def pretrained(model) -> list[dict]:
    """All dicts within the model's config that name weights to fetch."""
    found = []
    if isinstance(model, dict):
        init = model.get('init_cfg')
        if isinstance(init, dict) and init.get('override', init).get('type') == 'Pretrained':
            found.append(model)
        model = list(model.values())
    if isinstance(model, (list, tuple)):
        found += [one for value in model for one in pretrained(value)]
    return found


def without_weights(cfg: Config):
    """The model's config with no pretrained weights to fetch."""
    for part in pretrained(cfg.model):
        part['init_cfg'] = None
    return cfg.model


def innermost(dataset: dict) -> dict:
    """The data set itself, without those that wrap it to repeat its samples."""
    return innermost(dataset.dataset) if 'dataset' in dataset else dataset


def is_peer(path) -> bool:
    return parsed(path).model.type not in ('MoNFAP', 'EncoderDecoder')


def by_name(paths):
    return pytest.mark.parametrize('path', paths, ids=lambda path: path.stem)


def test_base_names_are_unique():
    repeated = [name for name, count in Counter(path.name for path in CONFIGS.rglob('*.py')).items() if count > 1]
    assert not repeated, 'mim finds configs by their base name'


def test_the_models_and_datasets_of_the_paper_have_configs():
    names = {path.stem for path in PAPER}
    wanted = {f'monfap-{m}_8xb32-40e_{d}-512x512' for m in ('c', 'r', 'r-slim') for d in ('ofv2', 'ffiw')}
    assert wanted <= names


def batch_of_one(height, width, pipeline=()):
    size = (height, width)
    if any(step.type == 'LoadJpegGrid' for step in pipeline):
        image = np.random.RandomState(0).randint(0, 256, (*size, 3), dtype=np.uint8)
        packing = Compose([dict(type='LoadJpegGrid'), dict(type='PackForgeryInputs')])
        packed = packing(dict(img=image, img_path='array', img_file=None, img_shape=size, ori_shape=size))
        return {key: [value] for key, value in packed.items()}
    sample = SegDataSample(metainfo=dict(ori_shape=size, img_shape=size))
    return dict(inputs=torch.randint(0, 256, (1, 3, *size), dtype=torch.uint8), data_samples=[sample])


def in_full(path):
    """Peers are tested at reduced size by tests of their own; for MoNFAP-R stands its slim variant."""
    is_large = is_peer(path) and path.parent.name != 'demo' or path.stem.startswith('monfap-r_')
    return pytest.param(path, marks=pytest.mark.slow if is_large else ())


# One config for each model: the others differ in their data only.
@by_name([in_full(path) for path in {str(parsed(path).model): path for path in ALL}.values()])
def test_model_builds_and_predicts(path):
    cfg = load(path)
    pipeline = cfg.test_dataloader.dataset.pipeline
    model = revert_sync_batchnorm(MODELS.build(without_weights(cfg))).eval()
    data = batch_of_one(64, 64, pipeline)
    with torch.no_grad():
        if not is_peer(path):
            inputs = model.data_preprocessor(data)['inputs'].float()
            strides = (3.5, 7, 14, 28) if 'dinov2' in path.stem else LEVELS
            assert [feat.shape[-1] for feat in model.extract_feat(inputs)] == [inputs.shape[-1] / s for s in strides]
        (sample,) = model.test_step(data)
    assert sample.seg_logits.data.shape == (2, 64, 64)
    assert sample.pred_sem_seg.data.shape == (1, 64, 64)
    assert ('pred_label' in sample) == isinstance(model, ForgerySegmentor)
    with torch.no_grad():
        (sample,) = model.test_step(batch_of_one(16, 9, pipeline))
    assert sample.seg_logits.data.shape == (2, 16, 9)


@by_name(ALL)
def test_everything_named_is_registered(path):
    cfg = load(path)
    for dataloader in (cfg.get('train_dataloader'), cfg.get('val_dataloader'), cfg.test_dataloader):
        if dataloader is not None:
            dataset = innermost(dataloader.dataset)
            assert DATASETS.get(dataset.type) is not None
            Compose([TRANSFORMS.build(step) for step in dataset.pipeline])
    Compose([TRANSFORMS.build(step) for step in cfg.tta_pipeline])
    assert METRICS.build(cfg.test_evaluator).prefix == 'forgery'
    for hook in cfg.default_hooks.values():
        HOOKS.build(hook)
    assert VISUALIZERS.get(cfg.visualizer.type) is not None
    assert MODELS.get(cfg.tta_model.type) is not None


@by_name(ALL)
def test_pretrained_weights_have_an_address(path):
    inits = [part.init_cfg for part in pretrained(load(path).model)]
    if path.parent.name in ('demo', 'starter'):
        assert not any('://' in init.checkpoint for init in inits), 'they run without network'
        return
    if not is_peer(path):  # some peers train from scratch
        assert len(inits) == 1
    for init in inits:
        init = init.get('override', init)  # of a backbone of timm
        assert re.fullmatch(
            r'https://download\.openmmlab\.com/\S+-[0-9a-f]{8}\.pth|(torchvision|open-mmlab)://\S+'
            r'|https://github\.com/rwightman/pytorch-image-models/releases/download/\S+-[0-9a-f]{8}\.pth',
            init.checkpoint,
        )


@by_name(PAPER)
def test_schedule_of_the_paper(path):
    cfg = load(path)
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr, optimizer.betas, optimizer.weight_decay) == (
        'AdamW',
        6e-5,
        (0.9, 0.999),
        0.01,
    )
    (poly,) = cfg.param_scheduler
    assert (poly.type, poly.power, poly.eta_min, poly.begin, poly.end) == ('PolyLR', 0.9, 0, 0, 40)
    assert poly.convert_to_iter_based
    assert (cfg.train_cfg.max_epochs, cfg.train_cfg.val_interval) == (40, 1)
    assert cfg.train_dataloader.batch_size == 32
    assert (cfg.auto_scale_lr.enable, cfg.auto_scale_lr.base_batch_size) == (False, 8 * 32)
    assert (cfg.default_hooks.checkpoint.save_best, cfg.default_hooks.checkpoint.rule) == ('forgery/IoU-f', 'greater')


@by_name(sorted(CONFIGS.rglob('*.py')))
def test_only_training_replaces_broken_pictures(path):
    cfg = load(path)
    for split in ('train', 'val', 'test'):
        dataset = (cfg.get(f'{split}_dataloader') or {}).get('dataset')
        if dataset is not None:
            dataset = innermost(dataset)
            expected = ('replace', False) if split == 'train' else ('raise', True)
            assert (dataset.get('on_error', 'raise'), dataset.get('test_mode', False)) == expected


@by_name(PAPER)
def test_model_of_the_paper(path):
    model = load(path).model
    assert model.data_preprocessor.size == (512, 512)
    assert model.neck.loss_importance_weight == 0.1
    assert (set(model.neck.experts), model.neck.fusion) == ({'cd', 'bayar', 'srm', 'hf'}, 'mone')
    assert 'top_k' not in model.neck  # all of them, so that fewer experts need no second key
    assert model.decode_head.loss_decode.manipulated_weight == 10
    assert (model.decode_head.num_heads, model.decode_head.mask_threshold) == (8, 0.5)
    assert (model.decode_head.task_mode, model.decode_head.num_scales) == ('token', 4)
    assert model.neck.norm_cfg.type == model.decode_head.norm_cfg.type == 'SyncBN'
    if model.backbone.type == 'ConvNeXtV2':
        assert (model.backbone.arch, model.backbone.drop_path_rate) == ('atto', 0.4)


def test_augmentation_is_the_papers_resize_and_flip():
    steps = load(CONFIGS / 'monfap' / 'monfap-c_8xb32-40e_ofv2-512x512.py').train_dataloader.dataset.pipeline
    assert [step.type for step in steps] == [
        'LoadForgeryImage',
        'LoadForgeryAnnotations',
        'ForgeryResize',
        'RandomFlip',
        'PackForgeryInputs',
    ]
    assert (steps[2].scale, steps[2].keep_ratio, steps[3].prob) == ((512, 512), False, 0.5)


def test_augmentation_of_the_authors_code():
    path = CONFIGS / 'monfap' / 'monfap-c_8xb32-40e_authors-aug_ofv2-512x512.py'
    steps = {step.type: step for step in load(path).train_dataloader.dataset.pipeline}
    resize, crop = steps['RandomResize'], steps['RandomCrop']
    assert (resize.scale, resize.ratio_range, resize.keep_ratio) == ((1024, 512), (0.5, 2.0), True)
    assert resize.resize_type == 'ForgeryResize'
    assert (crop.crop_size, crop.cat_max_ratio) == ((512, 512), 0.75)
    assert steps['RandomFlip'].prob == 0.5
    assert 'PhotoMetricDistortion' in steps


@pytest.mark.parametrize('backbone', ['swin-tiny', 'mit-b0', 'hrnetv2-w18'])
def test_swapping_the_backbone_takes_only_backbone_and_channels(backbone):
    path = CONFIGS / 'monfap' / f'monfap_{backbone}_8xb32-40e_ofv2-512x512.py'
    swapped, base = load(path), load(CONFIGS / 'monfap' / 'monfap-c_8xb32-40e_ofv2-512x512.py')
    for cfg in (swapped, base):
        del cfg.model['backbone'], cfg.model.neck['in_channels'], cfg.model.decode_head['in_channels']
        cfg.pop('checkpoint_file')
    if backbone == 'hrnetv2-w18':  # its 18 channels are no multiple of 8
        assert swapped.model.decode_head.pop('num_heads') == 6
        base.model.decode_head.pop('num_heads')
    swapped.pop('checkpoint_file', None)
    assert swapped.to_dict() == base.to_dict()


def test_demo_compares_on_an_equal_budget():
    ours, fcn = (load(CONFIGS / 'demo' / name) for name in ('monfap-c_demo.py', 'fcn_demo.py'))
    assert ours.model.backbone == fcn.model.backbone
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'randomness', 'test_dataloader'):
        assert ours[key] == fcn[key]
    assert ours.param_scheduler[-1].end == ours.train_cfg.max_epochs


def test_optimizer_takes_the_whole_model():
    cfg = load(CONFIGS / 'monfap' / 'monfap-c_8xb32-40e_ofv2-512x512.py')
    model = MODELS.build(without_weights(cfg))
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    (group,) = wrapper.optimizer.param_groups
    assert len(group['params']) == len(list(model.parameters()))
    assert (group['lr'], group['betas'], group['weight_decay']) == (6e-5, (0.9, 0.999), 0.01)


def test_model_index_names_configs_that_exist(monkeypatch):
    monkeypatch.chdir(ROOT)
    index = modelindex.load('model-index.yml')
    index.build_models_with_collections()
    listed = [*CONFIGS.glob('monfap/*_8xb32-40e_*.py'), *CONFIGS.glob('baselines/*/*.py')]
    assert {model.name for model in index.models} == {path.stem for path in listed}
    for model in index.models:
        assert (ROOT / model.config).is_file()
        assert model.name == Path(model.config).stem
        collection = next(one for one in index.collections if one.name == model.in_collection)
        assert (ROOT / collection.readme).parent == (ROOT / model.config).parent
        assert not model.results, 'nothing has been trained here yet'


def test_every_peer_has_the_authors_recipe_and_the_common_one():
    for folder in (CONFIGS / 'baselines').iterdir():
        if folder.is_dir():
            names = [path.stem for path in folder.glob('*.py')]
            assert sum('_common-recipe_' in name for name in names) >= 1, folder
            for dataset in ('ofv2', 'ffiw'):
                wanted = f'_{dataset}-'
                assert any(wanted in name and '_common-recipe_' not in name for name in names), (folder, dataset)


@by_name(sorted((CONFIGS / 'baselines').glob('*/*_common-recipe_*.py')))
def test_the_common_recipe_is_that_of_monfap(path):
    """The same data in the same batches, and the same schedule: a comparison on an equal budget."""
    dataset = re.search('_(ofv2|ffiw|casia2)-', path.stem)[1]
    folder, name = ('cross_dataset', 'monfap-c') if dataset == 'casia2' else ('monfap', 'monfap-c')
    cfg, ours = load(path), load(CONFIGS / folder / f'{name}_8xb32-40e_{dataset}-512x512.py')
    for key in ('train_cfg', 'param_scheduler', 'auto_scale_lr'):
        assert cfg[key] == ours[key]
    per_step = cfg.train_dataloader.batch_size * cfg.optim_wrapper.get('accumulative_counts', 1)
    assert per_step == ours.train_dataloader.batch_size
    assert cfg.train_dataloader.dataset.ann_file == ours.train_dataloader.dataset.ann_file
