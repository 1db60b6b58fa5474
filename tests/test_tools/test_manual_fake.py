import cv2
import numpy as np
import pytest

from monfap_mm.datasets import ManualFakeDataset
from tests.test_curation.rendered import SEEDS, take_picture
from tests.test_media.video_files import write_video
from tests.test_tools.converters import convert_here

FOLDERS = ('Untrans', 'Facebook_Post', 'TikTok', 'WeChat_PC', 'WhatsApp', 'YouTube')


@pytest.fixture
def source(tmp_path):
    root = tmp_path / 'ManualFake'
    image, boxes = take_picture(SEEDS[0])
    mask = np.zeros_like(image)
    x1, y1, x2, y2 = boxes[0].astype(int)
    mask[y1:y2, x1:x2] = 255
    for folder in FOLDERS:
        write_video(root / folder / 'real/0001.mp4', [image] * 4)
        write_video(root / folder / 'Reface/0002.mp4', [cv2.convertScaleAbs(image, alpha=0.9)] * 4)
    write_video(root / 'mask/Reface/0002.mp4', [mask] * 4)
    return root


def test_one_list_a_network(source, tmp_path, monkeypatch, capsys):
    dst = tmp_path / 'dst'
    options = ('--candidates', '2', '--frames', '1', '--workers', '2')
    assert convert_here(monkeypatch, 'manual_fake', source, dst, *options) == 0
    assert '12 videos, 0 bad' in capsys.readouterr().out
    dataset = ManualFakeDataset(data_root=str(dst), osn='all', pipeline=[])
    assert [dataset.get_data_info(index)['gt_label'] for index in range(len(dataset))] == [1, 0] * 6
    assert len(ManualFakeDataset(data_root=str(dst), osn='wechat', pipeline=[])) == 2
    lists = [dst / f'test_{name}.txt' for name in ('untrans', 'tiktok', 'youtube')]
    # The same video in several networks is no leak, for all of it is for testing.
    assert convert_here(monkeypatch, 'check', *lists, '--dataset', 'manual_fake', '--out', tmp_path / 'report') == 0
    assert '19794' in capsys.readouterr().out
