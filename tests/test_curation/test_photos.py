import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from monfap_mm.curation.photos import (
    CANNOT_FORGE,
    FEW_FACES,
    SMALL_FACES,
    SPLITS,
    GivenFaces,
    Photo,
    PhotoForger,
    Recipe,
    describe_photos,
    list_tasks,
)
from monfap_mm.forging import KINDS
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.job import Task
from monfap_mm.media.errors import BadInput

from .rendered import take_picture

COUNT = 12


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    """Twelve photographs of 128 pixels and their boxes."""
    folder, boxes = tmp_path_factory.mktemp('photos'), {}
    for seed in range(COUNT):
        image, boxes[f'{seed}.jpg'] = take_picture(seed, 128)
        cv2.imwrite(str(folder / f'{seed}.jpg'), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    return folder, GivenFaces({name: found.tolist() for name, found in boxes.items()})


def forge_all(photos, dst, **options):
    folder, faces = photos
    recipe = Recipe(faces, **{'kinds': KINDS, **options})
    tasks = list_tasks(folder, recipe)
    work = PhotoForger.of(folder, recipe, tasks)
    return [entry for task in tasks for entry in work(task, dst).entries]


def read(dst, name, flag=cv2.IMREAD_COLOR):
    return cv2.imread(str(dst / name), flag)


def test_a_real_and_forged_pictures_of_each(photos, tmp_path):
    entries = forge_all(photos, tmp_path, fakes=2)
    assert [entry.label for entry in entries] == [0, 1, 1] * COUNT
    assert len({entry.image for entry in entries}) == len(entries)
    for real, *fakes in zip(*(entries[start::3] for start in range(3))):
        original = read(tmp_path, real.image).astype(int)
        for fake in fakes:
            mask = read(tmp_path, fake.mask, cv2.IMREAD_UNCHANGED)
            assert mask.shape == (128, 128)
            assert set(np.unique(mask)) == {0, 255}
            changed = np.abs(read(tmp_path, fake.image).astype(int) - original).mean(axis=2)
            # Compression anew, at another quality, changes the rest by a few grey values.
            assert changed[mask > 0].mean() > 2 * changed[mask == 0].mean()
            assert fake.info['faces'] == len(fake.info['boxes'])
            assert {record['kind'] for record in fake.info['forgeries']} <= set(KINDS)
    kinds = {record['kind'] for entry in entries for record in entry.info['forgeries']}
    assert kinds == set(KINDS)
    qualities = [entry.info['quality'] for entry in entries]
    assert all(len(set(qualities[start : start + 3])) > 1 for start in range(0, len(qualities), 3))


def test_the_mask_lies_on_the_forged_faces(photos, tmp_path):
    for entry in forge_all(photos, tmp_path, kinds=('splice',), shares=(1, 0, 0))[1::2]:
        mask = read(tmp_path, entry.mask, cv2.IMREAD_UNCHANGED) > 0
        boxes = np.array([record['box'] for record in entry.info['forgeries']])
        around = np.zeros_like(mask)
        for x1, y1, x2, y2 in boxes.round().astype(int):
            around[max(0, y1 - 4) : y2 + 4, max(0, x1 - 4) : x2 + 4] = True
        assert not mask[~around].any()
        # An ellipse fills pi / 4 of its box; neighbours may overlap.
        area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).sum()
        assert 0.5 * area < mask.sum() < 0.9 * area


def test_faces_come_from_the_same_split(photos, tmp_path):
    entries = forge_all(photos, tmp_path, fakes=3, shares=(0.5, 0.25, 0.25), kinds=('splice', 'self_blend'))
    splits = {}
    for entry in entries:
        for source in entry.info['sources']:
            splits.setdefault(source, set()).add(entry.split)
    assert set(splits) == {f'sha256:{sha256(path.read_bytes()).hexdigest()}' for path in photos[0].iterdir()}
    assert all(len(found) == 1 for found in splits.values())
    assert set.union(*splits.values()) == set(SPLITS)
    assert any(len(entry.info['sources']) > 1 for entry in entries)


def test_shares_are_kept():
    recipe = Recipe(GivenFaces({}), KINDS, shares=(6, 3, 1))
    drawn = [recipe.choose_split(f'{number:064x}') for number in range(2000)]
    # Three standard errors of a share of 0.6 at 2,000 draws.
    assert np.mean(np.array(drawn) == 'train') == pytest.approx(0.6, abs=0.033)
    assert np.mean(np.array(drawn) == 'test') == pytest.approx(0.1, abs=0.02)
    only = Recipe(GivenFaces({}), KINDS, shares=(0, 0, 1))
    assert {only.choose_split(f'{number:064x}') for number in range(50)} == {'test'}


def test_photographs_are_scaled_with_their_boxes(photos, tmp_path):
    folder, faces = photos
    whole, scaled = (forge_all(photos, tmp_path / str(size), size=size, min_face=8) for size in (None, 64))
    for large, small in zip(whole, scaled):
        assert read(tmp_path / '64', small.image).shape == (64, 64, 3)
        kept = np.array(faces.boxes[f'{Path(large.image).name.split("_")[0]}']) / 2
        kept = kept[(kept[:, 2:] - kept[:, :2]).min(axis=1) >= 8]
        assert np.allclose(small.info['boxes'], kept.round(2), atol=0.011)


def test_few_or_small_faces_are_left_out(photos, tmp_path):
    folder, _ = photos
    recipe = Recipe(GivenFaces({'0.jpg': [[5, 5, 60, 60]], '1.jpg': [[5, 5, 20, 60], [60, 5, 70, 60]]}), KINDS)
    work = PhotoForger.of(folder, recipe, list_tasks(folder, recipe))
    counts = {task.key: work(task, tmp_path).counts for task in list_tasks(folder, recipe)}
    assert counts['0.jpg'] == counts['2.jpg'] == {FEW_FACES: 1}
    assert counts['1.jpg'] == {SMALL_FACES: 1}


def test_boxes_beyond_the_photograph_are_cut_or_no_faces(photos, tmp_path):
    boxes = {'0.jpg': [[-30, 5, 60, 60], [100, 100, 900, 120], [200, 200, 260, 260], [50, 50, 40, 40]]}
    recipe = Recipe(GivenFaces(boxes), KINDS)
    task, *_ = tasks = list_tasks(photos[0], recipe)
    entry = PhotoForger.of(photos[0], recipe, tasks)(task, tmp_path).entries[1]
    assert entry.info['boxes'] == [[0, 5, 60, 60], [100, 100, 128, 120]]
    assert entry.info['faces'] == 2


def test_names_and_sizes_that_could_do_harm(photos, tmp_path):
    """Names stay inside DST and on their line of the list; huge pictures are refused unread; copies of an ending."""
    src = tmp_path / 'src'
    src.mkdir()
    image = cv2.imread(str(photos[0] / '0.jpg'))
    names = ['a\tb\nc.jpg', 'ü %d.png', 'x.jpg', 'x.png']
    for name in names:
        (src / name).write_bytes(cv2.imencode(name[-4:], image)[1].tobytes())
    boxes = photos[1].boxes['0.jpg']
    entries = forge_all((src, GivenFaces(dict.fromkeys(names, boxes))), tmp_path / 'dst')
    assert len({entry.image for entry in entries}) == 8
    assert all((tmp_path / 'dst' / entry.image).is_file() for entry in entries)
    assert not any({'\t', '\n'} & set(entry.image) for entry in entries)
    recipe = Recipe(GivenFaces({'x.png': boxes}), KINDS, max_pixels=128 * 128 - 1)
    with pytest.raises(BadInput, match='128 x 128 pixels, more than'):
        PhotoForger.of(src, recipe, list_tasks(src, recipe))(Task('x.png', Photo('', 'train')), tmp_path)


def test_broken_donors_are_passed_over(photos, tmp_path):
    folder, faces = photos
    (tmp_path / '0.jpg').write_bytes((folder / '0.jpg').read_bytes())
    (tmp_path / '1.jpg').write_bytes(b'broken')
    recipe = Recipe(faces, KINDS, shares=(1, 0, 0))
    sound, broken = tasks = list_tasks(tmp_path, recipe)
    work = PhotoForger.of(tmp_path, recipe, tasks)
    entries = work(sound, tmp_path / 'dst').entries
    assert entries[1].info['sources'] == ['sha256:' + sha256((folder / '0.jpg').read_bytes()).hexdigest()]
    with pytest.raises(BadInput, match='1.jpg'):
        work(broken, tmp_path / 'dst')


def test_copies_stay_in_one_split_and_are_one_source(photos, tmp_path):
    folder, faces = photos
    (tmp_path / 'src').mkdir()
    boxes = {}
    for number in range(COUNT):
        for name in (f'{number}.jpg', f'copy of {number}.jpg'):
            shutil.copy(folder / f'{number}.jpg', tmp_path / 'src' / name)
            boxes[name] = faces.boxes[f'{number}.jpg']
    recipe = Recipe(GivenFaces(boxes), ('splice',), shares=(0.4, 0.3, 0.3))
    tasks = list_tasks(tmp_path / 'src', recipe)
    splits = {task.key: task.args.split for task in tasks}
    assert set(splits.values()) == set(SPLITS)
    assert all(splits[f'copy of {number}.jpg'] == splits[f'{number}.jpg'] for number in range(COUNT))
    work = PhotoForger.of(tmp_path / 'src', recipe, tasks)
    for task in tasks:
        for entry in work(task, tmp_path / 'dst').entries:
            assert entry.info['sources'][0] == f'sha256:{task.args.content}'
            # Its copy gives no face: that would be a forgery in which nothing is forged.
            assert len(entry.info['sources']) == len(set(entry.info['sources']))
            assert len(entry.info['sources']) > 1 or not entry.label


def test_what_cannot_be_read_is_for_its_task_to_report(photos, tmp_path):
    shutil.copy(photos[0] / '0.jpg', tmp_path / '0.jpg')
    (tmp_path / '1.jpg').symlink_to(tmp_path / 'nowhere')
    os.mkfifo(tmp_path / '2.jpg')
    recipe = Recipe(photos[1], KINDS)
    tasks = list_tasks(tmp_path, recipe)
    assert [bool(task.args.content) for task in tasks] == [True, False, False]
    work = PhotoForger.of(tmp_path, recipe, tasks)
    for task in tasks[1:]:
        with pytest.raises(BadInput, match=task.key):
            work(task, tmp_path / 'dst')


@pytest.mark.parametrize('kind', ['splice', 'swap'])
def test_what_the_kinds_cannot_forge_is_left_out(photos, tmp_path, kind):
    """A splice needs a second photograph, a swap a second face that is large enough; nothing is written."""
    shutil.copy(photos[0] / '0.jpg', tmp_path / '0.jpg')
    faces = GivenFaces({'0.jpg': [[2, 2, 8, 8], [20, 20, 60, 60]]})
    recipe = Recipe(faces, (kind,))
    (task,) = tasks = list_tasks(tmp_path, recipe)
    outcome = PhotoForger.of(tmp_path, recipe, tasks)(task, tmp_path / 'dst')
    assert (outcome.entries, outcome.counts) == ((), {CANNOT_FORGE: 1})
    assert not (tmp_path / 'dst').exists()


def test_the_description_follows_the_contents(photos, tmp_path):
    recipe = Recipe(photos[1], KINDS)
    for name in ('a.jpg', 'b.jpg'):
        shutil.copy(photos[0] / '0.jpg', tmp_path / name)
    before = describe_photos(list_tasks(tmp_path, recipe))
    assert describe_photos(list_tasks(tmp_path, recipe)) == before
    shutil.copy(photos[0] / '1.jpg', tmp_path / 'b.jpg')
    assert describe_photos(list_tasks(tmp_path, recipe)) != before


def test_boxes_of_other_photographs_are_refused():
    faces = GivenFaces({'photos/a.jpg': [[1, 2, 3, 4]], 'b.jpg': []})
    with pytest.raises(JobError, match="first name there is 'photos/a.jpg', the first photograph is 'a.jpg'"):
        faces.refuse_others(['a.jpg', 'b.jpg'])
    faces.refuse_others(['a.jpg', 'photos/a.jpg'])


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        ('{', 'Cannot read the boxes'),
        ('[]', 'must be an object'),
        ('{"a.jpg": [[1, 2, 3]]}', "boxes of 'a.jpg'"),
        ('{"a.jpg": [[1, 2, 3, NaN]]}', "boxes of 'a.jpg'"),
        ('{"a.jpg": "box"}', "boxes of 'a.jpg'"),
    ],
)
def test_bad_boxes(tmp_path, content, reason):
    (tmp_path / 'boxes.json').write_text(content)
    with pytest.raises(JobError, match=reason):
        GivenFaces.load(tmp_path / 'boxes.json')


def test_boxes_are_read(tmp_path):
    (tmp_path / 'boxes.json').write_text(json.dumps({'a.jpg': [[1, 2, 3, 4]], 'b.jpg': []}))
    faces = GivenFaces.load(tmp_path / 'boxes.json')
    assert faces.find('a.jpg', None).tolist() == [[1, 2, 3, 4]]
    assert faces.find('b.jpg', None).shape == faces.find('c.jpg', None).shape == (0, 4)


def test_bad_recipes():
    with pytest.raises(JobError, match='shares of train, val, test'):
        Recipe(GivenFaces({}), KINDS, shares=(0, 0, 0))
    with pytest.raises(JobError, match='less than 8 pixels'):
        Recipe(GivenFaces({}), KINDS, min_face=4)


def test_no_global_statistic_gives_the_label_away(tmp_path_factory):
    """A logistic regression on file size, quality and colors stays near chance; its standard error is 3.7 points."""
    folder, boxes = tmp_path_factory.mktemp('many'), {}
    for seed in range(120):
        image, found = take_picture(seed, 128)
        boxes[f'{seed}.jpg'] = found.tolist()
        cv2.imwrite(str(folder / f'{seed}.jpg'), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    dst = tmp_path_factory.mktemp('dst')
    entries = forge_all((folder, GivenFaces(boxes)), dst)
    images = [read(dst, entry.image) for entry in entries]
    sizes = [(dst / entry.image).stat().st_size for entry in entries]
    features = [
        [size, entry.info['quality'], cv2.Laplacian(image, cv2.CV_32F).var(), *image.mean((0, 1)), *image.std((0, 1))]
        for image, size, entry in zip(images, sizes, entries)
    ]
    labels, groups = [entry.label for entry in entries], [entry.info['sources'][0] for entry in entries]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    scores = cross_val_predict(model, features, labels, groups=groups, cv=GroupKFold(5), method='predict_proba')
    assert 0.35 < roc_auc_score(labels, scores[:, 1]) < 0.65
