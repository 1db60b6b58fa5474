"""From what tools for annotation export to a set that trains, by the command."""

import json
from collections import Counter

import cv2
import numpy as np
import pytest

from monfap_mm.curation.own_data import divide
from monfap_mm.datasets import ForgeryDataset
from monfap_mm.structures.rle import encode_rle
from tests.test_curation.trees import hash_tree
from tests.test_tools.converters import convert_here

H, W = 48, 64
BOX = (8, 10, 28, 40)  # x1, y1, x2, y2


def expected_mask():
    mask = np.zeros((H, W), np.uint8)
    mask[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 255
    return mask


def polygon():
    x1, y1, x2, y2 = BOX
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


def write_picture(path, seed=0, exif=b''):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (H, W, 3), dtype=np.uint8)
    content = cv2.imencode('.jpg', noise)[1].tobytes()
    path.write_bytes(content[:2] + exif + content[2:])


def labelme(path, *labels, **fields):
    shapes = [{'label': label, 'shape_type': 'polygon', 'points': polygon()} for label in labels]
    content = {'imagePath': f'{path.stem}.jpg', 'imageHeight': H, 'imageWidth': W, 'imageData': None, 'shapes': shapes}
    path.write_text(json.dumps(content | fields))


def make_labelme(src, count=10):
    """Every second picture is fake; each has a genuine region, too."""
    for number in range(count):
        write_picture(src / f'p{number:02}.jpg', number)
        labelme(src / f'p{number:02}.json', 'real', *['fake'] * (number % 2))
    return src


def make_coco(src, count=10, runs=False):
    """As CVAT exports it: pictures in ``images``, the file in ``annotations``."""
    segmentation = encode_rle(expected_mask() > 0) if runs else [np.ravel(polygon()).tolist()]
    images, annotations = [], []
    for number in range(count):
        write_picture(src / 'images' / f'p{number:02}.jpg', number)
        images.append({'id': number, 'file_name': f'p{number:02}.jpg', 'height': H, 'width': W})
        for category in (2, *[1] * (number % 2)):
            annotations.append({'image_id': number, 'category_id': category, 'segmentation': segmentation})
    categories = [{'id': 1, 'name': 'Fake'}, {'id': 2, 'name': 'Real'}]
    (src / 'annotations').mkdir()
    content = dict(categories=categories, images=images, annotations=annotations)
    (src / 'annotations' / 'instances_default.json').write_text(json.dumps(content))
    return src


def make_masks(src, count=10):
    """As masks of 0 and 1, which --mask-values nonzero reads."""
    (src / 'masks').mkdir(parents=True)
    for number in range(count):
        write_picture(src / 'images' / f'p{number:02}.jpg', number)
        cv2.imwrite(str(src / 'masks' / f'p{number:02}_mask.png'), expected_mask() // 255 * (number % 2))
    return src


SOURCES = {
    'labelme': (make_labelme, ['--format', 'labelme']),
    'coco': (make_coco, ['--format', 'coco']),
    'runs': (lambda src: make_coco(src, runs=True), ['--format', 'coco']),
    'masks': (make_masks, ['--format', 'masks', '--mask-values', 'nonzero']),
}


@pytest.mark.parametrize('source', SOURCES)
def test_a_set_that_the_dataset_loads(source, tmp_path, monkeypatch, capsys):
    make, options = SOURCES[source]
    src, dst = make(tmp_path / 'src'), tmp_path / 'dst'
    arguments = [*options, '--shares', '60,20,20', '--workers', '1']
    assert convert_here(monkeypatch, 'from_annotations', src, dst, *arguments) == 0, capsys.readouterr()
    counts = Counter()
    for split in ('train', 'val', 'test'):
        dataset = ForgeryDataset(data_root=str(dst), ann_file=f'{split}.txt', pipeline=[])
        counts[split] = len(dataset)
        for number in range(len(dataset)):
            sample = dataset.get_data_info(number)
            odd = int(sample['img_path'][-6:-4]) % 2
            assert sample['gt_label'] == odd
            if odd:
                mask = cv2.imread(sample['seg_map_path'], cv2.IMREAD_UNCHANGED)
                np.testing.assert_array_equal(mask, expected_mask())
    assert counts == dict(train=6, val=2, test=2)
    before = hash_tree(dst)
    capsys.readouterr()
    assert convert_here(monkeypatch, 'from_annotations', src, dst, *arguments) == 0
    assert '10 done before' in capsys.readouterr().out
    assert hash_tree(dst) == before


def convert(monkeypatch, src, dst, *options):
    return convert_here(monkeypatch, 'from_annotations', src, dst, '--workers', '1', '--format', *options)


def test_changed_annotations_are_another_set(tmp_path, monkeypatch, capsys):
    src, dst = make_labelme(tmp_path / 'src'), tmp_path / 'dst'
    assert convert(monkeypatch, src, dst, 'labelme') == 0
    labelme(src / 'p00.json', 'fake')
    assert convert(monkeypatch, src, dst, 'labelme') == 2
    assert 'other settings: annotations' in capsys.readouterr().err


def test_a_label_of_neither_kind_makes_its_picture_bad(tmp_path, monkeypatch, capsys):
    src = make_labelme(tmp_path / 'src')
    labelme(src / 'p03.json', 'fake', 'blurred')
    assert convert(monkeypatch, src, tmp_path / 'dst', 'labelme', '--max-bad', '0.5') == 0
    assert "bad: p03.jpg: the label 'blurred' is neither one of --fake nor of --real" in capsys.readouterr().out
    assert convert(monkeypatch, src, tmp_path / 'all', 'labelme', '--real', 'REAL', 'blurred') == 0


def test_annotations_that_fit_no_picture(tmp_path, monkeypatch, capsys):
    src = make_labelme(tmp_path / 'src', 12)
    labelme(src / 'p01.json', 'fake', imageHeight=W, imageWidth=H)
    labelme(src / 'p03.json', 'fake', imagePath='../../p03.jpg')
    labelme(src / 'p05.json', 'fake', imagePath='gone.jpg')
    labelme(src / 'again.json', 'fake', imagePath='p07.jpg')
    (src / 'p09.json').write_text('{')
    assert convert(monkeypatch, src, tmp_path / 'dst', 'labelme', '--max-bad', '1') == 0
    shown = capsys.readouterr().out
    for reason in (
        'p01.jpg: The annotations are for a picture of 64 x 48, but it is 48 x 64',
        "../../p03.jpg: '../../p03.jpg' leads out of the source folder",
        "gone.jpg: 'gone.jpg': no such file",
        'p07.jpg: it is annotated 2 times',
        'p09.json: cannot read p09.json',
    ):
        assert f'bad: {reason}' in shown
    assert '3 pictures without annotation left out' in shown


def test_a_picture_whose_annotation_is_lost_is_never_real(tmp_path, monkeypatch, capsys):
    src = make_labelme(tmp_path / 'src')
    (src / 'p09.json').write_text('{')
    assert convert(monkeypatch, src, tmp_path / 'dst', 'labelme', '--max-bad', '1', '--unannotated-is-real') == 0
    assert 'bad: p09.jpg: it has no annotation, but there are some that fit no picture' in capsys.readouterr().out
    exported = make_coco(tmp_path / 'exported')
    file = exported / 'annotations' / 'instances_default.json'
    content = json.loads(file.read_text())
    content['annotations'] = [entry for entry in content['annotations'] if entry['image_id'] != 4]
    content['annotations'].append({**content['annotations'][0], 'image_id': 444})
    file.write_text(json.dumps(content))
    assert convert(monkeypatch, exported, tmp_path / 'other', 'coco', '--max-bad', '1') == 0
    assert 'bad: images/p04.jpg: it has no annotation, but' in capsys.readouterr().out


def test_a_turned_photograph(tmp_path, monkeypatch):
    """LabelMe shows a photograph upright, so its size is that; a file with the stored size means the stored pixels."""
    src, dst = make_labelme(tmp_path / 'src', 4), tmp_path / 'dst'
    turned = b'\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0'
    for name in ('p01', 'p03'):
        write_picture(src / f'{name}.jpg', 1, turned)
    labelme(src / 'p01.json', 'fake', imageHeight=W, imageWidth=H)
    assert convert(monkeypatch, src, dst, 'labelme', '--shares', '1,0,0') == 0
    shown, stored = (cv2.imread(str(dst / f'masks/{name}.jpg.png'), -1) for name in ('p01', 'p03'))
    assert shown.shape == stored.shape == (W, H)
    np.testing.assert_array_equal(shown[:H, :], np.pad(expected_mask(), ((0, W - H), (0, 0)))[:H, :H])
    np.testing.assert_array_equal(stored, np.rot90(expected_mask(), -1))


def test_pictures_without_annotation(tmp_path, monkeypatch, capsys):
    src = make_labelme(tmp_path / 'src')
    write_picture(src / 'new.jpg', 77)
    assert convert(monkeypatch, src, tmp_path / 'dst', 'labelme', '--shares', '1,0,0') == 0
    assert '1 pictures without annotation left out' in capsys.readouterr().out
    assert 'new.jpg' not in (tmp_path / 'dst/train.txt').read_text()
    assert convert(monkeypatch, src, tmp_path / 'all', 'labelme', '--shares', '1,0,0', '--unannotated-is-real') == 0
    assert 'images/new.jpg\t0\n' in (tmp_path / 'all/train.txt').read_text()


def test_fakes_in_which_nothing_is_marked(tmp_path, monkeypatch, capsys):
    """Those of a folder are fake with their mask, where there is one, and else without; the set trains as it says."""
    src = make_labelme(tmp_path / 'src', 4)
    write_picture(src / 'forged' / 'new.jpg', 77)
    write_picture(src / 'forged' / 'opened.jpg', 78)
    labelme(src / 'forged' / 'opened.json', 'real')
    write_picture(src / 'other.jpg', 79)
    options = ('labelme', '--shares', '1,0,0', '--fake-folder', 'forged')
    assert convert(monkeypatch, src, tmp_path / 'dst', *options) == 0
    shown = capsys.readouterr().out
    assert "fakes without a mask, for masks='optional' of the data set: 2" in shown
    assert '1 pictures without annotation left out' in shown
    lines = (tmp_path / 'dst/train.txt').read_text().splitlines()[1:]
    assert 'images/forged/new.jpg\t1' in lines
    assert 'images/forged/opened.jpg\t1' in lines
    assert 'images/p01.jpg\t1\tmasks/p01.jpg.png' in lines
    arguments = dict(ann_file='train.txt', data_root=str(tmp_path / 'dst'), pipeline=[])
    assert len(ForgeryDataset(masks='optional', **arguments)) == 6
    with pytest.raises(ValueError, match=r'(?s)^2 malformed lines:.*fake image without mask: images/forged/new\.jpg'):
        ForgeryDataset(**arguments)


def test_labels_alone(tmp_path, monkeypatch, capsys):
    src = tmp_path / 'src'
    for number in range(4):
        write_picture(src / ('forged', 'genuine')[number % 2] / f'{number}.jpg', number)
    options = ('none', '--shares', '1,0,0', '--fake-folder')
    assert convert(monkeypatch, src, tmp_path / 'dst', *options, 'forged', '--unannotated-is-real') == 0
    dataset = ForgeryDataset('train.txt', data_root=str(tmp_path / 'dst'), pipeline=[], masks='optional')
    labels = {dataset.get_data_info(i)['img_path'][-5]: dataset.get_data_info(i)['gt_label'] for i in range(4)}
    assert labels == {'0': 1, '1': 0, '2': 1, '3': 0}
    assert convert(monkeypatch, src, tmp_path / 'other', *options, 'nowhere') == 2
    assert 'has no picture in a folder nowhere (--fake-folder)' in capsys.readouterr().err


def test_an_empty_mask_of_a_fake_is_a_contradiction(tmp_path, monkeypatch, capsys):
    src = make_masks(tmp_path / 'src', 2)
    options = ('masks', '--mask-values', 'nonzero', '--fake-folder', 'images', '--max-bad', '1')
    convert(monkeypatch, src, tmp_path / 'dst', *options)
    assert 'bad: images/p00.jpg: Its mask masks/p00_mask.png is empty, but all pictures of images are fake' in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize('name', ['masks', 'coco', 'labelme'])
def test_a_folder_without_annotations_is_refused(name, tmp_path, monkeypatch, capsys):
    write_picture(tmp_path / 'src' / 'a.jpg')
    assert convert(monkeypatch, tmp_path / 'src', tmp_path / 'dst', name) == 2
    assert 'is it another --format?' in capsys.readouterr().err
    assert not (tmp_path / 'dst').exists()


def test_masks_that_fit_none_or_two_pictures(tmp_path, monkeypatch, capsys):
    src = make_masks(tmp_path / 'src')
    write_picture(src / 'more' / 'p01.jpg')
    assert convert(monkeypatch, src, tmp_path / 'dst', 'masks') == 2
    assert 'masks/p01_mask.png should be the mask of one picture' in capsys.readouterr().err


def test_names_that_differ_in_letter_case(tmp_path, monkeypatch, capsys):
    src = make_masks(tmp_path / 'src')
    (src / 'masks/p01_mask.png').rename(src / 'masks/ABC_MASK.PNG')
    (src / 'images/p01.jpg').rename(src / 'images/abc.jpg')
    assert convert(monkeypatch, src, tmp_path / 'dst', *SOURCES['masks'][1][1:], '--shares', '1,0,0') == 0
    assert 'images/images/abc.jpg\t1' in (tmp_path / 'dst/train.txt').read_text()
    write_picture(src / 'images/Abc.jpg')
    assert convert(monkeypatch, src, tmp_path / 'other', 'masks') == 2
    assert 'masks/ABC_MASK.PNG should be the mask of one picture, and its only one' in capsys.readouterr().err
    src = make_coco(tmp_path / 'coco')
    (src / 'images/p01.jpg').rename(src / 'images/P01.JPG')
    assert convert(monkeypatch, src, tmp_path / 'set', 'coco', '--shares', '1,0,0') == 0
    assert 'images/images/P01.JPG\t1' in (tmp_path / 'set/train.txt').read_text()


def test_pictures_of_an_export_are_found_by_the_end_of_their_path(tmp_path, monkeypatch, capsys):
    """Roboflow writes a file into each of three folders, Label Studio ``images\\name`` on Windows."""
    src = make_coco(tmp_path / 'src')
    file = src / 'annotations' / 'instances_default.json'
    content = json.loads(file.read_text())
    content['images'][1]['file_name'] = 'images\\p01.jpg'
    content['images'][3]['file_name'] = 'export/images/p03.jpg'
    write_picture(src / 'other' / 'p05.jpg')
    file.write_text(json.dumps(content))
    assert convert(monkeypatch, src, tmp_path / 'dst', 'coco', '--shares', '1,0,0', '--max-bad', '0.5') == 0
    listed = (tmp_path / 'dst/train.txt').read_text()
    assert 'images/images/p01.jpg\t1' in listed
    assert 'images/images/p03.jpg\t1' in listed
    assert 'p05.jpg: there are 2 of this name' in capsys.readouterr().out


def test_the_categories_that_are_found_are_told(tmp_path, monkeypatch, capsys):
    src = make_coco(tmp_path / 'src')
    assert convert(monkeypatch, src, tmp_path / 'dst', 'coco', '--fake', 'forged') == 2
    assert "should have the categories forged, but there are: 'Fake', 'Real'" in capsys.readouterr().err


def test_division():
    paths = [f'{number % 7}/{number}.jpg' for number in range(100)]
    splits = divide(paths, (80, 10, 10), seed=0)
    assert Counter(splits.values()) == dict(train=80, val=10, test=10)
    assert divide(reversed(paths), (8, 1, 1), seed=0) == splits
    assert divide(paths, (80, 10, 10), seed=1) != splits
    assert set(divide(paths, (0, 0, 1), seed=0).values()) == {'test'}
    together = divide(paths, (50, 25, 25), seed=0, keep_folders=True)
    assert set(together.values()) == {'train', 'val', 'test'}
    for folder in range(7):
        assert len({split for path, split in together.items() if path.startswith(f'{folder}/')}) == 1
