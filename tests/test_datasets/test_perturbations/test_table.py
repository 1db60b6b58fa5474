import subprocess
import sys

import pytest

from monfap_mm.datasets.perturbations import PERTURBATIONS, load_table

NOISE = dict(type='noise', kind='gaussian', std=[1, 2])


def one(entry):
    return load_table(dict(mine=dict(it=entry)))['mine'][0]


def test_names_of_families_and_of_perturbations():
    table = load_table(['edge', 'jpeg', 'fog'])
    assert list(table) == ['edge', 'corruption', 'external']
    assert [entry.name for entry in table['edge']] == list(PERTURBATIONS['edge'])
    assert [entry.name for entry in table['corruption']] == ['jpeg']
    assert [entry.name for entry in load_table('fog')['external']] == ['fog']


def test_a_list_holds_one_value_for_each_severity():
    entry = one(NOISE)
    assert entry.num_severities == 2
    assert [entry.at(severity) for severity in (1, 2)] == [dict(kind='gaussian', std=1), dict(kind='gaussian', std=2)]
    assert one(dict(type='ToGray')).at(17) == {}
    for severity in (0, 3):
        with pytest.raises(ValueError, match=f'mine/it has severities 1 to 2, got {severity}'):
            entry.at(severity)


@pytest.mark.parametrize(
    ('families', 'message'),
    [
        (['gausian_noise'], "no family or perturbation 'gausian_noise'; did you mean gaussian_noise, "),
        (['colour'], "'colour'; did you mean color"),
        (['xyzzy'], "no family or perturbation 'xyzzy'$"),
        ([], 'no perturbation to choose from'),
        (dict(mine={}), 'no perturbation to choose from'),
        (dict(mine=dict(it=dict(std=3))), r'mine/it: expected dict\(type=\.\.\., <arguments>\)'),
        (dict(mine=dict(it='ToGray')), 'mine/it: expected'),
        (dict(mine='jpeg'), r"family mine: expected dict\(<name>=dict\(type=\.\.\.\)\), got 'jpeg'"),
    ],
)
def test_bad_tables(families, message):
    with pytest.raises(ValueError, match=message):
        load_table(families)


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        (dict(type='GausNoise'), "mine/it: There is no transform 'GausNoise'; did you mean GaussNoise"),
        (dict(type='Compose'), "no transform 'Compose'"),
        (dict(type='Blur', blur_limits=(3, 3)), 'mine/it: albumentations .* refuses .*blur_limits.*not valid'),
        (dict(type='MedianBlur', blur_limits=(3, 3)), 'mine/it: albumentations .* refuses .*blur_limits'),
        (dict(type='PixelDropout', dropout_prob=2), 'mine/it: albumentations .* refuses'),
        (dict(type='noise', kind='gaussian', sigma=3), 'mine/it: noise does not take .*sigma'),
        (dict(type='noise', kind=['gaussian', 'laplace'], std=[1, 2, 3]), 'mine/it: its lists have 2 and 3 values'),
    ],
)
def test_bad_entries(entry, message):
    with pytest.raises(ValueError, match=message):
        one(entry).build(1)


def test_only_transforms_are_suggested():
    with pytest.raises(ValueError, match="no transform 'Compose'") as error:
        one(dict(type='Compose')).build(1)
    assert str(error.value).count('Compose') == 1


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        (dict(type='noise', kind='gauss', std=3), "kind must be 'gaussian' or 'laplace', got 'gauss'$"),
        (dict(type='noise', kind='gaussian', std='3'), 'mine/it: noise fails with .* on a grey picture: .*Error'),
        (dict(type='compress', file_format='.png', quality=9), "file_format must be '.jpg' or '.webp', got '.png'$"),
        (dict(type='RandomCrop', height=40, width=50), r'makes a picture of \(40, 50, 3\) uint8 from \(251, 257, 3\)'),
        (dict(type='ToFloat'), r'makes a picture of \(251, 257, 3\) float32 from \(251, 257, 3\) uint8'),
    ],
)
def test_bad_entries_that_show_when_tried_out(entry, message):
    with pytest.raises(ValueError, match=message):
        one(entry).try_out(1)


def test_good_entries_are_tried_out():
    one(NOISE).try_out(2)
    one(dict(type='Affine', translate_px=dict(x=(3, 3), y=(2, 2)))).try_out(1)


def test_without_albumentations(monkeypatch):
    monkeypatch.setitem(sys.modules, 'albumentations', None)
    assert one(NOISE).build(1)
    with pytest.raises(ImportError, match=r'pip install ".\[perturb\]"'):
        one(dict(type='Blur', blur_limit=(3, 3))).build(1)


def test_the_package_is_imported_without_albumentations():
    code = (
        "import sys; sys.modules['albumentations'] = None\n"
        'from monfap_mm.datasets.perturbations import Perturber; Perturber()'
    )
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip().split('\n')[-1].startswith('ImportError: Perturbations need albumentations')
