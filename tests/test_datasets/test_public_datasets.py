import pytest
from mmseg.registry import DATASETS

from monfap_mm.datasets.manual_fake import NETWORKS

from .files import make_dataset


@pytest.mark.parametrize(
    ('name', 'folder', 'dataset_type'), [('OFV2Dataset', 'ofv2', 'OFV2'), ('FFIWDataset', 'ffiw', 'FFIW')]
)
def test_defaults(tmp_path, monkeypatch, name, folder, dataset_type):
    make_dataset(tmp_path / 'data' / folder)
    monkeypatch.chdir(tmp_path)
    dataset = DATASETS.build(dict(type=name))
    assert len(dataset) == 4
    assert dataset.get_data_info(0)['img_path'] == f'data/{folder}/images/0.png'
    assert dataset.metainfo['dataset_type'] == dataset_type
    assert dataset.metainfo['classes'] == ('real', 'fake')


@pytest.fixture
def manual_fake(tmp_path, monkeypatch):
    for i, network in enumerate(NETWORKS, start=1):
        make_dataset(tmp_path / 'data/manual_fake', num_real=0, num_fake=i, name=f'test_{network}.txt')
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures('manual_fake')
@pytest.mark.parametrize(
    ('osn', 'length'),
    [('untrans', 1), ('youtube', 6), (['facebook', 'wechat'], 6), (('tiktok', 'tiktok'), 3), ('all', 21)],
)
def test_manual_fake(osn, length):
    dataset = DATASETS.build(dict(type='ManualFakeDataset', osn=osn))
    assert len(dataset) == length
    assert dataset.metainfo['dataset_type'] == 'Manual-Fake'


@pytest.mark.usefixtures('manual_fake')
def test_manual_fake_with_one_list():
    assert len(DATASETS.build(dict(type='ManualFakeDataset', osn='all', ann_file='test_wechat.txt'))) == 4


@pytest.mark.parametrize('osn', ['twitter', ['facebook', 'Facebook'], []])
def test_unknown_network(osn):
    with pytest.raises(ValueError, match='untrans, facebook, tiktok, wechat, whatsapp, youtube, or be "all"'):
        DATASETS.build(dict(type='ManualFakeDataset', osn=osn))


@pytest.mark.usefixtures('manual_fake')
def test_missing_network_list(tmp_path):
    (tmp_path / 'data/manual_fake/test_tiktok.txt').unlink()
    with pytest.raises(FileNotFoundError, match='test_tiktok.txt of ManualFakeDataset does not exist'):
        DATASETS.build(dict(type='ManualFakeDataset', osn='all'))
