import json
import os
from functools import partial

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from monfap_mm.curation import openforensics
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.job import run_job
from tests.test_curation.openforensics_set import HEIGHT, WIDTH, OpenForensicsSet, box, make_plain
from tests.test_curation.trees import hash_tree
from tests.test_media.test_headers import write_bomb


def convert(src, dst, max_bad=1.0):
    tasks = openforensics.list_tasks(openforensics.annotation_files(src))
    work = partial(openforensics.convert, src=src, link='copy', max_pixels=10**6)
    return run_job(tasks, work, dst, settings={}, workers=2, max_bad=max_bad)


def read_list(dst, split):
    lines = (dst / f'{split}.txt').read_text(encoding='utf-8').split('\n')[1:-1]
    return [line.split('\t') for line in lines]


def read_mask(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def rectangles(*boxes):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for x1, y1, x2, y2 in boxes:
        mask[y1:y2, x1:x2] = 255
    return mask


def test_masks_are_unions_of_the_fake_faces_only(tmp_path):
    src, dst = make_plain(tmp_path / 'src', count=3), tmp_path / 'dst'
    before = hash_tree(src)
    summary = convert(src, dst)
    assert summary.samples == {(split, label): 1 + label for split in ('train', 'val', 'test') for label in (0, 1)}
    assert read_list(dst, 'train') == [
        ['images/train/train000.jpg', '1', 'masks/train/train000.jpg.png'],
        ['images/train/train001.jpg', '1', 'masks/train/train001.jpg.png'],
        ['images/train/train002.jpg', '0'],
    ]
    both = rectangles((4, 5, 14, 20), (30, 10, 45, 30))
    assert (read_mask(dst / 'masks/train/train000.jpg.png') == both).all()
    assert (read_mask(dst / 'masks/train/train001.jpg.png') == rectangles((4, 5, 14, 20))).all()
    assert (dst / 'images/test/test002.jpg').read_bytes() == (src / 'Images/Test-Dev/test002.jpg').read_bytes()
    assert hash_tree(src) == before


def test_archives_unpacked_one_by_one(tmp_path):
    src, dst = make_plain(tmp_path / 'src', count=3), tmp_path / 'dst'
    (src / 'Images/Train').rename(src / 'Train')
    (src / 'Val').mkdir()
    (src / 'Images/Val').rename(src / 'Val/Val')
    (src / 'Val_poly.json').rename(src / 'Val/Val_poly.json')
    (src / 'Test-Dev_poly.json').unlink()
    files = openforensics.annotation_files(src)
    assert openforensics.missing_files(files) == ['Test-Dev_poly.json']
    summary = convert(src, dst)
    assert summary.bad == 0
    assert len(read_list(dst, 'train')) == len(read_list(dst, 'val')) == 3


def test_only_the_sets_own_folders_leave_a_name(tmp_path):
    """Of ``Images/Train/...``; images of one name in two folders stay two, and one called like a folder keeps it."""
    made = OpenForensicsSet(tmp_path / 'src')
    fake = (1, [box(4, 5, 14, 20)])
    for name in ('day/a.jpg', 'night/a.jpg', 'Val/a.jpg', 'b.jpg'):
        made.add('train', name, fake)
    made.add('train', '../dusk/a.jpg', fake, file_name='Images/dusk/a.jpg')
    names = ('Val/a.jpg', 'b.jpg', 'day/a.jpg', 'dusk/a.jpg', 'night/a.jpg')
    assert convert(made.save(), tmp_path / 'dst').bad == 0
    images = [image for image, _, _ in read_list(tmp_path / 'dst', 'train')]
    assert sorted(images) == [f'images/train/{name}' for name in names]


def test_run_lengths_and_polygons_beyond_the_border(tmp_path):
    made = OpenForensicsSet(tmp_path / 'src')
    mask = rectangles((10, 10, 20, 30))
    packed = coco_mask.encode(np.asfortranarray(mask // 255))
    made.add('train', 'a.jpg', (1, {'size': packed['size'], 'counts': packed['counts'].decode()}))
    made.add('train', 'b.jpg', (1, [box(-50, -50, 8, 6)]), (1, [box(60, 40, 1e6, 1e6)]))
    convert(made.save(), tmp_path / 'dst')
    assert (read_mask(tmp_path / 'dst/masks/train/a.jpg.png') == mask).all()
    border = rectangles((0, 0, 8, 6), (60, 40, WIDTH, HEIGHT))
    assert (read_mask(tmp_path / 'dst/masks/train/b.jpg.png') == border).all()


def test_each_face_is_judged(tmp_path):
    """Sound faces are kept where the image's mask can be made whole; a face that is nowhere spoils its image."""
    made, good = OpenForensicsSet(tmp_path / 'src'), (1, [box(4, 5, 14, 20)])
    line, outside = [10, 10, 20, 20, 10, 10], box(70, 5, 80, 20)
    made.add('train', 'line.jpg', good, (1, [line]))
    made.add('train', 'less than a pixel.jpg', good, (1, [box(30.1, 30.1, 30.3, 30.3)]))
    made.add('train', 'damaged.jpg', good, good, (1, [box(1, 2, 3, 4)[:5]]))
    made.add('train', 'sliver beside.jpg', (1, [line, box(30, 10, 45, 30), [3, 3]]), *9 * [good])
    made.add('train', 'outside.jpg', (1, [outside]), (1, [outside]), good, (0, [box(1, 1, 3, 3)]))
    made.add('train', 'all outside.jpg', (1, [outside]), (1, [outside]))
    made.add('train', 'sliver.jpg', (1, [line]), (0, [box(1, 1, 9, 9)]))
    summary = convert(made.save(), tmp_path / 'dst')
    assert summary.reasons == [
        ('train/line.jpg', 'Forged face 2 of 2: a polygon has no area: where the face is cannot be known'),
        ('train/less than a pixel.jpg', 'Forged face 2 of 2: it covers no pixel'),
        ('train/damaged.jpg', 'Forged face 3 of 3: a polygon is damaged: it needs three or more points x, y'),
        ('train/all outside.jpg', 'The forged faces cover no pixel of the image'),
        ('train/sliver.jpg', 'Forged face 1 of 1: a polygon has no area: where the face is cannot be known'),
    ]
    assert summary.counts == {openforensics.OUTSIDE: 2, openforensics.REPAIRED: 1}
    mask = read_mask(tmp_path / 'dst/masks/train/sliver beside.jpg.png')
    assert (mask == rectangles((4, 5, 14, 20), (30, 10, 45, 30))).all()
    assert (read_mask(tmp_path / 'dst/masks/train/outside.jpg.png') == rectangles((4, 5, 14, 20))).all()
    records = [json.loads(line) for line in (tmp_path / 'dst/manifest.jsonl').read_text().splitlines()[1:]]
    infos = {record['key']: record['entries'][0]['info'] for record in records if 'entries' in record}
    assert infos['train/sliver beside.jpg'] == {
        'sources': ['openforensics/train/sliver beside.jpg'],
        'faces': 10,
        'fake_faces': 10,
        'notes': [openforensics.REPAIRED],
    }
    assert (infos['train/outside.jpg']['faces'], infos['train/outside.jpg']['fake_faces']) == (4, 1)


def test_run_lengths_must_draw_what_area_and_box_say(tmp_path):
    made, mask = OpenForensicsSet(tmp_path / 'src'), rectangles((10, 12, 40, 30)) // 255
    counts = coco_mask.encode(np.asfortranarray(mask))['counts'].decode()
    runs = {'size': [HEIGHT, WIDTH], 'counts': counts}
    fields = dict(area=540, bbox=[10, 12, 30, 18])
    made.add('train', 'sound.jpg', (1, runs, fields))
    made.add('train', 'cut.jpg', (1, dict(runs, counts=counts[: len(counts) // 2])))
    made.add('train', 'area.jpg', (1, runs, dict(fields, area=1540)))
    made.add('train', 'bbox.jpg', (1, runs, dict(fields, bbox=[12, 10, 18, 30])))
    made.add('train', 'polygon.jpg', (1, [box(10, 12, 40, 30)], dict(fields, area=1540)))
    made.add('train', 'real.jpg', (0, runs, dict(fields, area=1540)))
    summary = convert(made.save(), tmp_path / 'dst')
    assert [key for key, _ in summary.reasons] == ['train/cut.jpg', 'train/area.jpg', 'train/bbox.jpg']
    assert all('Forged face 1 of 1: run lengths are damaged' in reason for _, reason in summary.reasons)
    assert summary.counts == {openforensics.CONTRADICTED: 1}


def test_a_mask_turns_with_its_image(tmp_path):
    made = OpenForensicsSet(tmp_path / 'src')
    made.add('train', 'a.jpg', (1, [box(0, 0, 8, 6)]))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (WIDTH, HEIGHT)).save(tmp_path / 'src/Images/Train/a.jpg', exif=exif)
    convert(made.save(), tmp_path / 'dst')
    assert (read_mask(tmp_path / 'dst/masks/train/a.jpg.png') == np.rot90(rectangles((0, 0, 8, 6)), -1)).all()


def test_hostile_input_is_listed_with_its_reason_and_the_rest_is_converted(tmp_path):
    src, fake = tmp_path / 'src', (1, [box(4, 5, 14, 20)])
    made = OpenForensicsSet(src)
    for name in ('with space.jpg', 'Zoë 顔.jpg', 'line\nbreak.jpg', 'tab\there.jpg', os.fsdecode(b'raw\xff.jpg')):
        made.add('train', name, fake)
    made.add('train', '', fake, file_name='../secret.jpg', image=False)
    made.add('train', '', fake, file_name='Images/Train/../../../secret.jpg', image=False)
    made.add('train', '', fake, file_name=str(tmp_path / 'secret.jpg'), image=False)
    made.add('train', '', fake, file_name='Images/Train/link.jpg', image=False)
    made.add('train', '', fake, file_name='missing.jpg', image=False)
    made.add('train', '', fake, file_name='\ud800.jpg', image=False)
    made.add('train', '', fake, file_name='x' * 300 + '.jpg', image=False)
    made.add('train', '', fake, file_name='a\0b.jpg', image=False)
    made.add('train', 'bomb.jpg', fake)
    made.add('train', 'broken.jpg', fake)
    made.add('train', 'size.jpg', fake, height=50)
    made.add('train', 'nan.jpg', (1, [[1, 2, 3, float('nan'), 5, 6]]))
    made.add('train', 'outside.jpg', (1, [box(100, 100, 200, 200)]))
    made.add('train', 'runs.jpg', (1, {'size': [HEIGHT, WIDTH], 'counts': [1, 2]}))
    made.add('train', 'real with a damaged real face.jpg', (0, 'damaged'))
    made.save()
    (tmp_path / 'secret.jpg').write_bytes((src / 'Images/Train/with space.jpg').read_bytes())
    (src / 'Images/Train/link.jpg').symlink_to(tmp_path / 'secret.jpg')
    write_bomb(src / 'Images/Train/bomb.jpg', 10_000)
    (src / 'Images/Train/broken.jpg').write_bytes((tmp_path / 'secret.jpg').read_bytes()[:900])
    summary = convert(src, tmp_path / 'dst')
    assert [row[0] for row in read_list(tmp_path / 'dst', 'train')] == [
        'images/train/with space.jpg',
        'images/train/Zoë 顔.jpg',
        'images/train/line%0Abreak.jpg',
        'images/train/tab%09here.jpg',
        'images/train/raw%FF.jpg',
        'images/train/real with a damaged real face.jpg',
    ]
    assert summary.bad == 14
    assert not summary.counts
    # Half a surrogate pair is no text, but shown.
    assert 'bad: train/%ED%A0%80.jpg' in summary.format()
    written = [path.name for path in (tmp_path / 'dst/images').rglob('*') if path.is_file()]
    assert len(written) == 6
    manifest = (tmp_path / 'dst/manifest.jsonl').read_text()
    for reason in (
        'leads out of the source folder',
        'link that leads out',
        'no such file',
        'more than 1 million',
        'truncated',
        'are for an image of 50 x 64',
        'a polygon is damaged',
        'cover no pixel',
        'run lengths are damaged',
        'no file name',
    ):
        assert reason in manifest, reason


def test_what_is_not_openforensics(tmp_path):
    with pytest.raises(JobError, match=r'there is none of Train_poly\.json'):
        openforensics.annotation_files(tmp_path)


def read_bad(dst):
    records = [json.loads(line) for line in (dst / 'manifest.jsonl').read_text().splitlines()[1:]]
    return {record['key']: record['bad'] for record in records if 'bad' in record}


def test_a_doubtful_annotation_never_makes_a_forged_image_real(tmp_path):
    made, fake = OpenForensicsSet(tmp_path / 'src'), (1, [box(4, 5, 14, 20)])
    for number in range(6):
        made.add('train', f'{number}.jpg', fake)
    made.add('val', '0.jpg', fake)
    categories = made.files['train']['categories']
    categories.append({'id': 7, 'name': 7})
    annotations = made.files['train']['annotations']
    del annotations[0]['category_id']
    annotations[1]['category_id'] = 7
    annotations[2]['category_id'] = 9
    annotations[3]['image_id'] = None
    annotations[4]['image_id'] = 99
    summary = convert(made.save(), tmp_path / 'dst')
    assert [row[:2] for row in read_list(tmp_path / 'dst', 'train')] == [['images/train/5.jpg', '1']]
    assert [row[:2] for row in read_list(tmp_path / 'dst', 'val')] == [['images/val/0.jpg', '1']]
    unknown = 'an annotation has no category, or an unknown one: it should be real or fake'
    lost = 'it has no annotation, but the file has some that fit no image'
    assert read_bad(tmp_path / 'dst') == {
        'train/0.jpg': unknown,
        'train/1.jpg': "an annotation has the category '7': it should be real or fake",
        'train/2.jpg': unknown,
        'train/3.jpg': lost,
        'train/4.jpg': lost,
        'train: Train_poly.json: 0': 'annotation 3 of Train_poly.json is damaged or of an unknown image',
        'train: Train_poly.json: 1': 'annotation 4 of Train_poly.json is damaged or of an unknown image',
    }
    assert (summary.bad, summary.total) == (7, 9)


def test_an_image_without_faces_is_real_if_no_annotation_was_lost(tmp_path):
    made = OpenForensicsSet(tmp_path / 'src')
    made.add('train', 'a.jpg')
    with pytest.raises(JobError, match='would count as real'):
        convert(made.save(), tmp_path / 'dst')
    made.add('train', 'b.jpg', (1, [box(4, 5, 14, 20)]))
    assert convert(made.save(), tmp_path / 'dst').samples == {('train', 0): 1, ('train', 1): 1}


@pytest.mark.parametrize('folder', ['Images/Train', 'Train', 'Train/Train'])
def test_names_may_differ_in_letter_case_wherever_the_archives_were_unpacked(tmp_path, folder):
    made = OpenForensicsSet(tmp_path / 'src')
    made.add('train', 'a.jpg', (1, [box(4, 5, 14, 20)]), file_name='A.JPG')
    src = made.save()
    (src / folder).parent.mkdir(parents=True, exist_ok=True)
    (src / 'Images/Train').rename(src / folder)
    assert convert(src, tmp_path / 'dst').samples == {('train', 1): 1}


def test_an_image_that_stands_there_twice_is_bad(tmp_path):
    made = OpenForensicsSet(tmp_path / 'src')
    made.add('train', 'a.jpg', (0, [box(1, 1, 9, 9)]))
    made.add('train', 'a.jpg', (1, [box(4, 5, 14, 20)]), file_name='./Train//a.jpg')
    made.add('train', 'b.jpg', (1, [box(4, 5, 14, 20)]))
    convert(made.save(), tmp_path / 'dst')
    assert [row[0] for row in read_list(tmp_path / 'dst', 'train')] == ['images/train/b.jpg']
    assert read_bad(tmp_path / 'dst') == {'train/a.jpg': 'the annotations have 2 images of this name'}


def test_a_pipe_for_annotations_is_refused(tmp_path):
    src = make_plain(tmp_path / 'src', count=3)
    (src / 'Train_poly.json').unlink()
    os.mkfifo(src / 'Train_poly.json')
    with pytest.raises(JobError, match=r'Train_poly\.json.*not a regular file'):
        openforensics.annotation_files(src)
