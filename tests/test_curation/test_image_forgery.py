"""Every image-forgery set in its public layout."""

import json
import os
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from monfap_mm.curation.image_forgery import DATASETS, Sample, convert, divide
from monfap_mm.curation.image_forgery.sample import fit_mask
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.job import Task, run_job
from monfap_mm.media.errors import BadInput
from monfap_mm.media.headers import Header
from monfap_mm.media.masks import WHOLE_BORDER, WHOLE_IMAGE

HEIGHT, WIDTH = 24, 36
FORGED = np.zeros((HEIGHT, WIDTH), bool)
FORGED[5:12, 8:20] = True


def write_image(path: Path, size=(WIDTH, HEIGHT)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(path.name)).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)


def write_mask(path: Path, mask=FORGED, **kwargs) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(path, **kwargs)


def list_and_convert(name, src, dst, **options):
    samples = list(DATASETS[name](src))
    splits = divide(samples, (0, 0, 1), seed=0)
    work = partial(convert, src=src, splits=splits, link='copy', max_pixels=10**6, **options)
    tasks = [Task(sample.image, sample) for sample in samples]
    return run_job(tasks, work, dst, settings={}, workers=2, max_bad=1)


def read_set(dst):
    """Label and mask by the name of the image, and notes; every mask is checked to be of 0 and 255."""
    samples, notes = {}, {}
    for line in (dst / 'test.txt').read_text().splitlines()[1:]:
        image, label, *mask = line.split('\t')
        name = image.removeprefix('images/')
        samples[name] = int(label), None
        if mask:
            array = cv2.imread(str(dst / mask[0]), cv2.IMREAD_UNCHANGED)
            assert array.ndim == 2
            assert set(np.unique(array)) <= {0, 255}
            samples[name] = int(label), array > 0
    for line in (dst / 'manifest.jsonl').read_text().splitlines()[1:]:
        record = json.loads(line)
        notes.update({record['key']: record['bad']} if 'bad' in record else {})
        for entry in record.get('entries', ()):
            notes.update({record['key']: entry['info']['notes']} if 'notes' in entry['info'] else {})
    return samples, notes


def test_casia1(tmp_path):
    src, dst = tmp_path / 'src', tmp_path / 'dst'
    write_image(src / 'Au/Au_ani_0001.jpg')
    write_image(src / 'Tp/Sp/Sp_D_NRN_A_ani0001_arc0043_0160.jpg')
    write_mask(src / 'CASIA 1.0 groundtruth/Sp/Sp_D_NRN_A_ani0001_arc0043_0160_gt.png')
    # Published as splicing, renamed to copy-move with the masks.
    write_image(src / 'Tp/CM/Sp_D_NND_A_nat0054_nat0054_0189.jpg')
    write_mask(src / 'CASIA 1.0 groundtruth/CM/Sp_S_NND_A_nat0054_nat0054_0189_gt.png')
    write_image(src / 'Tp/Sp/Sp_D_NRN_A_sce0011_cha0011_0542.jpg')
    (src / 'Thumbs.jpg').write_bytes(b'')
    summary = list_and_convert('casia1', src, dst)
    samples, notes = read_set(dst)
    assert samples.keys() == {
        'Au/Au_ani_0001.jpg',
        'Tp/Sp/Sp_D_NRN_A_ani0001_arc0043_0160.jpg',
        'Tp/CM/Sp_D_NND_A_nat0054_nat0054_0189.jpg',
    }
    assert samples['Au/Au_ani_0001.jpg'] == (0, None)
    assert (samples['Tp/CM/Sp_D_NND_A_nat0054_nat0054_0189.jpg'][1] == FORGED).all()
    found = 'mask found by its number: CASIA 1.0 groundtruth/CM/Sp_S_NND_A_nat0054_nat0054_0189_gt.png'
    assert notes == {
        'Tp/CM/Sp_D_NND_A_nat0054_nat0054_0189.jpg': [found],
        'Tp/Sp/Sp_D_NRN_A_sce0011_cha0011_0542.jpg': 'The forged image has no mask of its own',
    }
    assert summary.counts == {'mask found by its number': 1}
    sources = {sample.image: sample.sources for sample in DATASETS['casia1'](src)}
    assert sources['Au/Au_ani_0001.jpg'] == ('ani0001',)
    assert sources['Tp/Sp/Sp_D_NRN_A_ani0001_arc0043_0160.jpg'] == ('ani0001', 'arc0043')


def test_casia2_handles_tiffs_and_masks_of_another_size(tmp_path):
    src, dst, masks = tmp_path / 'src', tmp_path / 'dst', tmp_path / 'src/CASIA 2 Groundtruth'
    write_image(src / 'Au/Au_pla_00012.jpg')
    write_image(src / 'Tp/Tp_D_CRN_S_N_cha00063_art00014_11818.tif')
    write_mask(masks / 'Tp_D_CRN_S_N_cha00063_art00014_11818_gt.png')
    write_image(src / 'Tp/Tp_S_NNN_S_N_cha00012_cha00012_00100.jpg', (WIDTH * 2, HEIGHT * 2))
    write_mask(masks / 'Tp_S_NNN_S_N_cha00012_cha00012_00100_gt.png')
    write_image(src / 'Tp/Tp_S_NNN_S_N_cha00013_cha00013_00101.jpg', (HEIGHT, WIDTH))
    write_mask(masks / 'Tp_S_NNN_S_N_cha00013_cha00013_00101_gt.png')
    write_image(src / 'Tp/Tp_S_NNN_S_N_cha00014_cha00014_00102.jpg')
    write_mask(masks / 'Tp_S_NNN_S_N_cha00014_cha00014_00102_gt.png', np.zeros_like(FORGED))
    list_and_convert('casia2', src, dst)
    samples, notes = read_set(dst)
    assert (samples['Tp/Tp_D_CRN_S_N_cha00063_art00014_11818.tif'][1] == FORGED).all()
    stretched = samples['Tp/Tp_S_NNN_S_N_cha00012_cha00012_00100.jpg'][1]
    assert (stretched == FORGED.repeat(2, 0).repeat(2, 1)).all()
    assert notes == {
        'Tp/Tp_S_NNN_S_N_cha00012_cha00012_00100.jpg': ['mask stretched: 36 x 24 for an image of 72 x 48'],
        'Tp/Tp_S_NNN_S_N_cha00013_cha00013_00101.jpg': (
            'The mask has other proportions than its image: 36 x 24 for an image of 24 x 36'
        ),
        'Tp/Tp_S_NNN_S_N_cha00014_cha00014_00102.jpg': (
            'The mask CASIA 2 Groundtruth/Tp_S_NNN_S_N_cha00014_cha00014_00102_gt.png marks no pixel as forged'
        ),
    }


@pytest.mark.parametrize(('name', 'kind'), [('casia1', 'Sp'), ('casia2', 'Tp')])
def test_casia_masks_whose_names_differ_in_letter_case(name, kind, tmp_path):
    src, dst = tmp_path / 'src', tmp_path / 'dst'
    other = np.roll(FORGED, 6, axis=0)
    write_image(src / f'Tp/{kind}_D_NRN_A_ani0001_arc0043_0160.jpg')
    write_mask(src / f'Gt/{kind.upper()}_d_nrn_a_Ani0001_arc0043_0160_GT.PNG')
    # The same number: the first image's mask is taken, so there is one for the second.
    write_image(src / f'Tp/{kind}_D_CRN_A_pla0001_pla0002_0160.jpg')
    write_mask(src / f'Gt/{kind}_S_CRN_A_pla0001_pla0002_0160_gt.png', other)
    assert list_and_convert(name, src, dst).counts == {'mask found by its number': 1}
    samples, _ = read_set(dst)
    assert len(samples) == 2
    assert (samples[f'Tp/{kind}_D_NRN_A_ani0001_arc0043_0160.jpg'][1] == FORGED).all()
    assert (samples[f'Tp/{kind}_D_CRN_A_pla0001_pla0002_0160.jpg'][1] == other).all()


def test_casia_names_that_several_differ_from_in_letter_case_prove_nothing(tmp_path):
    write_image(tmp_path / 'Tp/Sp_D_ani0001_0001.jpg')
    write_image(tmp_path / 'Tp/SP_D_ani0001_0001.jpg')
    write_mask(tmp_path / 'Gt/sp_D_ani0001_0001_gt.png')
    assert [sample.mask for sample in DATASETS['casia1'](tmp_path)] == [None, None]
    write_mask(tmp_path / 'Gt/Sp_D_ani0001_0001_gt.png')
    masks = {sample.image: sample.mask for sample in DATASETS['casia1'](tmp_path)}
    assert masks['Tp/Sp_D_ani0001_0001.jpg'] == 'Gt/Sp_D_ani0001_0001_gt.png'


def test_casia_masks_of_one_name_in_two_folders_prove_nothing(tmp_path):
    write_image(tmp_path / 'Tp/Sp_D_ani0001_0001.jpg')
    write_image(tmp_path / 'Tp/Sp_D_ani0002_0002.jpg')
    for folder in ('Gt', 'Gt copy'):
        write_mask(tmp_path / folder / 'Sp_D_ani0001_0001_gt.png')
        write_mask(tmp_path / folder / 'Sp_S_ani0002_0002_gt.png')  # found by its number, if it were alone
    assert [sample.mask for sample in DATASETS['casia1'](tmp_path)] == [None, None]


# Two forged images and a genuine one of each set, as they may lie on a disk that once was a Windows machine's.
_MIXED_CASES = {
    'columbia': ('4CAM_splc/{}.tif', '4CAM_splc/EdgeMask/{}_edgemask.JPG', '4Cam_Auth/real.TIF'),
    'coverage': ('Image/{}T.tif', 'MASK/{}forged.TIF', 'Image/3.tif'),
    'imd2020': ('1a/{}.png', '1A/{}_MASK.PNG', '1a/real_ORIG.jpg'),
}


@pytest.mark.parametrize('name', _MIXED_CASES)
def test_names_that_differ_in_letter_case(name, tmp_path):
    forged, mask, genuine = _MIXED_CASES[name]
    write_image(tmp_path / genuine)
    for number in (1, 2):
        write_image(tmp_path / forged.format(number))
        write_mask(tmp_path / mask.format(number))
    samples = {sample.image: (sample.label, sample.mask) for sample in DATASETS[name](tmp_path)}
    expected = {forged.format(number): (1, mask.format(number)) for number in (1, 2)}
    assert samples == {genuine: (0, None), **expected}
    # Another image that the first mask fits as well: neither gets it, and both are named.
    other = forged.format(1).swapcase()
    write_image(tmp_path / other)
    list_and_convert(name, tmp_path, tmp_path / 'dst')
    _, notes = read_set(tmp_path / 'dst')
    assert {notes[forged.format(1)], notes[other]} == {'The forged image has no mask of its own'}


def test_casia_numbers_shared_by_two_masks_prove_nothing(tmp_path):
    write_image(tmp_path / 'Tp/Tp_D_A_cha00001_cha00002_00100.jpg')
    write_mask(tmp_path / 'Gt/Tp_S_A_cha00001_cha00002_00100_gt.png')
    write_mask(tmp_path / 'Gt/Tp_S_B_cha00001_cha00002_00100_gt.png')
    (sample,) = DATASETS['casia2'](tmp_path)
    assert sample.mask is None


def test_casia_numbers_shared_by_two_images_without_a_mask_prove_nothing(tmp_path):
    for name in ('Sp_D_CNN_A_ani0001_nat0002_0281', 'Sp_S_NNN_A_pla0003_sec0004_0281'):
        write_image(tmp_path / f'Tp/{name}.jpg')
    write_mask(tmp_path / 'Gt/Sp_D_CRN_A_ani0001_nat0002_0281_gt.png')
    assert [sample.mask for sample in DATASETS['casia1'](tmp_path)] == [None, None]
    # The second gets its own: there is one left that wants the other.
    write_mask(tmp_path / 'Gt/Sp_S_NNN_A_pla0003_sec0004_0281_gt.png')
    assert [sample.mask for sample in DATASETS['casia1'](tmp_path)] == [
        'Gt/Sp_D_CRN_A_ani0001_nat0002_0281_gt.png',
        'Gt/Sp_S_NNN_A_pla0003_sec0004_0281_gt.png',
    ]


def test_coverage(tmp_path):
    src, dst = tmp_path / 'src', tmp_path / 'dst'
    for name in ('1.tif', '1t.tif'):
        write_image(src / 'COVERAGE/image' / name)
    for kind in ('copy', 'paste'):
        write_mask(src / f'COVERAGE/mask/1{kind}.tif', ~FORGED)
    write_mask(src / 'COVERAGE/mask/1forged.tif')
    list_and_convert('coverage', src, dst)
    samples, notes = read_set(dst)
    assert samples['COVERAGE/image/1.tif'] == (0, None)
    assert (samples['COVERAGE/image/1t.tif'][1] == FORGED).all()
    assert (len(samples), notes) == (2, {})
    assert {sample.sources for sample in DATASETS['coverage'](src)} == {('1',)}


def test_columbia_marks_the_spliced_part_green(tmp_path):
    src, dst = tmp_path / 'src', tmp_path / 'dst'
    write_image(src / '4cam_auth/canong3_02_sub_01.tif')
    write_image(src / '4cam_splc/canong3_canonxt_sub_01.tif')
    mask = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    mask[~FORGED] = (200, 0, 0)
    mask[FORGED] = (0, 200, 0)
    mask[5:12, 18:20] = (0, 255, 0)
    mask[5:12, 20:22] = (255, 0, 0)
    for folder in ('4cam_auth', '4cam_splc'):
        (src / folder / 'edgemask').mkdir()
    edges = src / '4cam_splc/edgemask/canong3_canonxt_sub_01_edgemask.jpg'
    Image.fromarray(mask).save(edges, quality=95, subsampling=0)
    Image.fromarray(mask).save(src / '4cam_auth/edgemask/canong3_02_sub_01_edgemask.jpg')
    list_and_convert('columbia', src, dst)
    samples, _ = read_set(dst)
    assert samples['4cam_auth/canong3_02_sub_01.tif'] == (0, None)
    assert (samples['4cam_splc/canong3_canonxt_sub_01.tif'][1] == FORGED).all()
    assert len(samples) == 2


def test_nist16_marks_forged_pixels_black(tmp_path):
    src, dst = tmp_path / 'src', tmp_path / 'dst'
    root = src / 'NC2016_Test0613'
    for number in (1, 2, 3, 4):
        write_image(root / f'probe/NC2016_000{number}.jpg')
    write_mask(root / 'reference/manipulation/mask/NC2016_0001_gt.png', ~FORGED)
    table = root / 'reference/manipulation/NC2016-manipulation-ref.csv'
    table.write_text(
        'TaskID|ProbeFileID|ProbeFileName|ProbeMaskFileName|BaseFileName|IsTarget\n'
        'manipulation|1|probe/NC2016_0001.jpg|reference/manipulation/mask/NC2016_0001_gt.png|world/NC2016_9.jpg|Y\n'
        'manipulation|1|probe/NC2016_0001.jpg|reference/manipulation/mask/NC2016_0001_gt.png|world/NC2016_9.jpg|Y\n'
        'manipulation|2|probe/NC2016_0002.jpg||world/NC2016_0002.jpg|N\n'
        'manipulation|2|./probe//NC2016_0002.jpg||world/NC2016_0002.jpg|N\n'
        'manipulation|3|probe/NC2016_0003.jpg||world/NC2016_9.jpg|Y\n'
        'manipulation|4|../../../secret.jpg||world/NC2016_9.jpg|N\n'
        'torn|4\n'
    )
    list_and_convert('nist16', src, dst)
    samples, notes = read_set(dst)
    assert samples.keys() == {'NC2016_Test0613/probe/NC2016_0001.jpg', 'NC2016_Test0613/probe/NC2016_0002.jpg'}
    assert (samples['NC2016_Test0613/probe/NC2016_0001.jpg'][1] == FORGED).all()
    assert samples['NC2016_Test0613/probe/NC2016_0002.jpg'] == (0, None)
    assert sorted(notes.values()) == [
        "'NC2016_Test0613/../../../secret.jpg' leads out of the source folder",
        'The forged image has no mask of its own',
    ]
    table.write_text('TaskID,ProbeFileName\n')
    with pytest.raises(JobError, match='has no column ProbeFileName'):
        list(DATASETS['nist16'](src))
    table.unlink()
    with pytest.raises(JobError, match='is not NIST16'):
        list(DATASETS['nist16'](src))
    os.mkfifo(table)
    with pytest.raises(JobError, match='not a regular file'):
        list(DATASETS['nist16'](src))


def test_imd2020(tmp_path):
    src, dst = tmp_path / 'src', tmp_path / 'dst'
    for name in ('1a1ogs_orig.jpg', 'c8tf5mq_0.png', 'c8tf5mq_1.jpg'):
        write_image(src / 'IMD2020/1a1ogs' / name)
    write_mask(src / 'IMD2020/1a1ogs/c8tf5mq_0_mask.png')
    list_and_convert('imd2020', src, dst)
    samples, notes = read_set(dst)
    assert samples['IMD2020/1a1ogs/1a1ogs_orig.jpg'] == (0, None)
    assert (samples['IMD2020/1a1ogs/c8tf5mq_0.png'][1] == FORGED).all()
    assert notes == {'IMD2020/1a1ogs/c8tf5mq_1.jpg': 'The forged image has no mask of its own'}
    assert {sample.sources for sample in DATASETS['imd2020'](src)} == {('1a1ogs',)}


def test_masks_as_annotators_leave_them(tmp_path):
    src, dst = tmp_path / 'src', tmp_path / 'dst'
    gray = FORGED.astype(np.uint8)
    second = gray * 255
    second[14:22, 8:20] = 100
    palette = Image.frombytes('P', (WIDTH, HEIGHT), gray.tobytes())
    palette.putpalette([0, 0, 0, 128, 0, 0])
    masks = {
        'binary': Image.fromarray(255 * gray),
        'zeroone': Image.fromarray(gray),
        'voc': palette,
        'deep': Image.fromarray(gray.astype(np.uint16)),
        'second': Image.fromarray(second),
        'inverted': Image.fromarray(255 - 255 * gray),
        'white': Image.fromarray(0 * gray + 255),
    }
    write_image(src / '1/1_orig.jpg')
    for name, mask in masks.items():
        write_image(src / f'1/{name}.jpg')
        mask.save(src / f'1/{name}_mask.png')
    summary = list_and_convert('imd2020', src, dst)
    samples, notes = read_set(dst)
    largest = {'zeroone': 1, 'voc': 38, 'deep': 1}
    assert notes == {
        **{
            f'1/{name}.jpg': f'The mask {name}_mask.png marks no pixel as forged: its largest value is {value}; see '
            '--mask-values'
            for name, value in largest.items()
        },
        '1/second.jpg': 'The mask second_mask.png has areas of the value 100 beside the forged ones: if they are '
        'forged too, use --mask-values nonzero; if not, make them 0',
        '1/inverted.jpg': [WHOLE_BORDER],
        '1/white.jpg': [WHOLE_IMAGE],
    }
    assert summary.counts == {WHOLE_BORDER: 1, WHOLE_IMAGE: 1}
    list_and_convert('imd2020', src, tmp_path / 'again', mask_values='nonzero')
    samples, notes = read_set(tmp_path / 'again')
    assert notes.keys() == {'1/inverted.jpg', '1/white.jpg'}
    for name in ('binary', 'zeroone', 'voc', 'deep'):
        assert (samples[f'1/{name}.jpg'][1] == FORGED).all()
    assert (samples['1/second.jpg'][1] == (second > 0)).all()


@pytest.mark.parametrize('name', DATASETS)
def test_an_empty_folder_has_no_samples(tmp_path, name):
    if name != 'nist16':
        assert list(DATASETS[name](tmp_path)) == []


@pytest.mark.parametrize(
    ('shape', 'orientation', 'turned', 'note'),
    [
        ((4, 6), 1, 0, ''),
        ((4, 6), 6, -1, 'mask turned with its image'),
        ((6, 4), 6, 0, ''),
        ((4, 6), 3, 2, 'mask turned with its image'),
        ((4, 6), 0, 0, ''),
    ],
)
def test_masks_follow_the_orientation(shape, orientation, turned, note):
    mask = np.arange(24, dtype=np.uint8).reshape(shape)
    fitted, said = fit_mask(mask, Header(width=6, height=4, orientation=orientation))
    assert (fitted == np.rot90(mask, turned)).all()
    assert said == note


def test_proportions_may_differ_by_a_twentieth():
    header = Header(width=104, height=100, orientation=1)
    fitted, note = fit_mask(np.ones((100, 100), np.uint8), header)
    assert fitted.shape == (100, 104)
    assert 'stretched' in note
    with pytest.raises(BadInput, match='100 x 100 for an image of 106 x 100'):
        fit_mask(np.ones((100, 100), np.uint8), Header(width=106, height=100, orientation=1))


def test_a_division_keeps_connected_photographs_together():
    samples = [Sample(f'{number}.jpg', 1, (f's{number}', f's{number + number % 2}')) for number in range(400)]
    splits = divide(samples, (60, 20, 20), seed=0)
    for number in range(1, 400, 2):
        # Odd samples name the source of the next even one.
        assert splits.get(f'{number + 1}.jpg', splits[f'{number}.jpg']) == splits[f'{number}.jpg']
    shares = [sum(split == name for split in splits.values()) / 400 for name in ('train', 'val', 'test')]
    assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.1)
    assert divide(samples[::-1], (60, 20, 20), seed=0) == splits
    assert divide(samples, (60, 20, 20), seed=1) != splits
    chain = [Sample(f'chain{number}.jpg', 1, (f'c{number}', f'c{number + 1}')) for number in range(40)]
    for seed in range(9):
        splits = divide(samples + chain, (20, 60, 20), seed)
        assert {splits[sample.image] for sample in chain} == {'val'}
    assert set(divide(samples, (0, 0, 1), seed=0).values()) == {'test'}
