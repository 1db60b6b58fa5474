import cv2
import numpy as np
import pytest

from monfap_mm.scenes.camera import Camera
from monfap_mm.scenes.rendering import render_scene
from tests.test_curation.openforensics_set import make_plain
from tests.test_tools.converters import convert, convert_here


@pytest.fixture
def open_images(tmp_path):
    """Two rendered pictures in which the cascade finds both faces, a copy of one, and an empty one."""
    folder = tmp_path / 'open images'
    folder.mkdir()
    for seed in (0, 3):
        rng = np.random.default_rng(seed)
        scene = render_scene(rng, 256)
        cv2.imwrite(str(folder / f'{seed}.png'), Camera.sample(rng).capture(scene.radiance, rng))
    (folder / 'copy of 0.png').write_bytes((folder / '0.png').read_bytes())
    cv2.imwrite(str(folder / 'empty.png'), np.full((256, 256, 3), 128, np.uint8))
    return folder


def read_lists(dst):
    """Real images by name, with their split."""
    return {
        line.split('\t')[0].split('/')[-1]: split
        for split in ('train', 'val', 'test')
        for line in (dst / f'{split}.txt').read_text().splitlines()[1:]
        if line.split('\t')[1] == '0'
    }


def test_command(tmp_path, open_images, monkeypatch, capsys):
    src = make_plain(tmp_path / 'src', count=3)
    command = ('ofv2', src, tmp_path / 'dst', '--open-images', open_images, '--workers', '2')
    done = convert(*command, cwd=tmp_path)
    assert 'genuine images with fewer than 2 faces, left out: 1' in done.stdout
    real = read_lists(tmp_path / 'dst')
    assert real.keys() == {'train002.jpg', 'val002.jpg', 'test002.jpg', '0.png', '3.png', 'copy of 0.png'}
    assert real['0.png'] == real['copy of 0.png']
    (tmp_path / 'noise.txt').write_text('3.png\n')
    assert convert_here(monkeypatch, *command, '--exclude', tmp_path / 'noise.txt') == 0
    assert '1 images excluded; 0 lines of' in capsys.readouterr().out
    assert read_lists(tmp_path / 'dst').keys() == real.keys() - {'3.png'}
    assert convert_here(monkeypatch, *command, '--detector', 'yunet') == 2
    assert '--face-model' in capsys.readouterr().err
    with (src / 'Val_poly.json').open('a') as file:
        file.write(' ')
    assert convert_here(monkeypatch, *command) == 2
    assert 'made with other settings: Val_poly.json (' in capsys.readouterr().err
