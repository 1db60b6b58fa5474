import base64
import json
import os
import re
import shutil
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from monfap_mm.structures import ForgeryResult, Region
from monfap_mm.visualization.report import write_report

EVIL = '"><script>alert(1)</script>&amp;\'\n.png'
GATES = dict(cd=(0.125, 0.5), bayar=(0.125, 0.25), srm=(0.25, 0.25), hf=(0.5, 0))


class Page(HTMLParser):
    """The rows of the tables of answers and errors, each a list of texts, and all that could load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows, self.errors, self.values, self.images, self.links, self.tags = [], [], [], [], [], []
        self._target, self._depth = None, 0
        self.feed(text)
        self.close()
        for row in (*self.rows, *self.errors):
            row[:] = [cell.strip() for cell in row]

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag == 'table':
            self._depth += 1
            self._target = {'answers': self.rows, 'errors': self.errors}.get(attributes.get('class'), self._target)
        elif tag == 'tr' and self._depth == 1:
            self._target.append([])
        elif tag in ('td', 'th') and self._depth == 1:
            self._target[-1].append('')
        elif tag == 'img':
            self.images.append(attributes)
        elif tag == 'a':
            self.links.append(attributes['href'])
        if 'data-value' in attributes:
            self.values.append(attributes['data-value'])

    def handle_endtag(self, tag):
        self._depth -= tag == 'table'

    def handle_data(self, data):
        if self._depth and self._target and self._target[-1]:
            self._target[-1][-1] += data


def answer(path: str, score: float, faces: int = 0, **values) -> dict:
    mask = np.zeros((20, 40), bool)
    mask[:5, : 8 * faces] = True
    regions = tuple(Region((8 * i, 0, 8 * i + 8, 5), 40, 0.75) for i in range(faces))
    label = 'fake' if score > 0.5 else 'real'
    files = values.pop('files', {})
    return ForgeryResult(path, (20, 40), score, label, mask, regions=regions, **values).to_json() | dict(files=files)


def failed(path: str, error: str) -> dict:
    return ForgeryResult(path, error=error).to_json() | dict(files={})


def written(folder, *predictions: dict, **settings) -> Page:
    write_report(folder / 'report.html', iter(predictions), settings)
    assert not (folder / 'report.html.tmp').exists()
    return Page((folder / 'report.html').read_text(encoding='utf-8'))


def column(page: Page, number: int) -> list[str]:
    return [row[number] for row in page.rows[1:]]


def test_rows_are_sorted_by_score_and_say_what_was_found(tmp_path):
    page = written(tmp_path, answer('a/x.png', 0.25, 1), answer('b/y.png', 0.9876, 2), answer('z.png', 0.5))
    assert column(page, 1) == ['y.pngb', 'z.png', 'x.pnga']  # name and folder
    assert column(page, 2) == ['0.988', '0.500', '0.250']
    assert column(page, 3) == ['fake', 'real', 'real']
    assert column(page, 4) == ['2', '0', '1']
    assert column(page, 5) == ['10.0%', '0.0%', '5.0%']
    assert page.values[:4] == ['b/y.png', '0.9876', '2', '0.1']


def test_counts_and_settings(tmp_path):
    written(tmp_path, answer('a', 0.9), answer('b', 0.1), answer('c', 0.2), failed('d', 'd is empty'), model='<m>')
    text = (tmp_path / 'report.html').read_text()
    pairs = dict(re.findall('<dt>([^<]*)</dt><dd>([^<]*)</dd>', text))
    assert pairs == {'files': '4', 'fake': '1', 'real': '2', 'no answer': '1', 'model': '&lt;m&gt;'}
    assert '<title>monfap: 1 of 4 called fake</title>' in text


def test_errors_are_listed_apart(tmp_path):
    page = written(tmp_path, failed(EVIL, 'broken\x1b[2J'), answer('a', 0.9), failed('e.png', 'e.png is empty'))
    assert len(page.rows) == 2
    assert page.errors[1:] == [[EVIL.replace('\n', r'\n'), r'broken\x1b[2J'], ['e.png', 'e.png is empty']]
    assert written(tmp_path, answer('a', 0.9)).errors == []


@pytest.mark.parametrize(
    ('path', 'shown'), [(EVIL, EVIL.replace('\n', r'\n')), (os.fsdecode(b'caf\xe9\xff.png'), r'caf\xe9\xff.png')]
)
def test_names_are_harmless(path, shown, tmp_path):
    page = written(tmp_path, answer(path, 0.9, note=path))
    name = shown.rsplit('/', 1)[-1]
    assert page.rows[1][1].startswith(name)
    assert shown in page.rows[1][6]  # the note
    assert [tag for tag, _ in page.tags].count('script') == 1
    assert not any(key.startswith('on') for _, attributes in page.tags for key in attributes)


@pytest.fixture
def files(tmp_path) -> dict:
    """A blue overlay and its mask; the evidence is gone."""
    for name, ending in (('overlays', 'jpg'), ('masks', 'png')):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / f'a%0A é.{ending}'), np.full((192, 384, 3), (255, 0, 0), np.uint8))
    return dict(mask='masks/a%0A é.png', overlay='overlays/a%0A é.jpg', evidence='evidence/a%0A é.png')


def test_thumbnails_are_in_the_page(tmp_path, files):
    page = written(tmp_path, answer('a"b.png', 0.9, files=files))
    (image,) = page.images
    head, data = image['src'].split(',')
    assert head == 'data:image/jpeg;base64'
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (72, 144, 3) == (int(image['height']), int(image['width']), 3)
    assert np.abs(picture.astype(int) - (255, 0, 0)).max() < 5
    assert image['alt'] == 'a"b.png, fake pixels tinted'


def test_links_lead_to_the_files_that_exist(tmp_path, files):
    page = written(tmp_path, answer('a.png', 0.9, files=files))
    assert page.links == ['overlays/a%250A%20%C3%A9.jpg', 'masks/a%250A%20%C3%A9.png', 'overlays/a%250A%20%C3%A9.jpg']
    (tmp_path / 'evidence').mkdir()
    shutil.copy(tmp_path / files['mask'], tmp_path / files['evidence'])
    page = written(tmp_path, answer('a.png', 0.9, files=files))
    assert page.links[0] == page.links[-1] == 'evidence/a%250A%20%C3%A9.png'
    shutil.rmtree(tmp_path / 'overlays')
    page = written(tmp_path, answer('a.png', 0.9, files=files))
    assert page.images == []
    assert len(page.links) == 2


def test_a_broken_overlay_costs_only_its_thumbnail(tmp_path, files):
    (tmp_path / files['overlay']).write_bytes(b'\xff\xd8')
    page = written(tmp_path, answer('a.png', 0.9, files=files), answer('b.png', 0.8))
    assert page.images == []
    assert len(page.rows) == 3


def test_details(tmp_path):
    page = written(tmp_path, answer('a.png', 0.9, 2, gates=GATES, note='the first frame'))
    details = page.rows[1][6]
    for words in ('40 x 20 pixels', 'the first frame', '10.75040' + '0, 0, 8, 5', '20.75040' + '8, 0, 16, 5'):
        assert words in details
    assert 'central difference 0.12, Bayar 0.12, SRM 0.25, high-pass 0.50' in details
    bars = [attributes['style'] for tag, attributes in page.tags if tag == 'i']
    assert [re.match('width:(.*?)%', bar)[1] for bar in bars[:4]] == ['12.5', '12.5', '25.0', '50.0']


def test_many_regions_are_cut_short(tmp_path):
    details = written(tmp_path, answer('a.png', 0.9, 5), answer('b.png', 0.8)).rows[1][6]
    assert 'smaller' not in details
    nine = answer('a.png', 0.9, 5)
    nine['faces'] = nine['faces'][:1] * 9
    assert 'smaller' not in written(tmp_path, nine).rows[1][6]
    many = answer('a.png', 0.9, 5)
    many['faces'] *= 3
    assert 'and 6 smaller ones' in written(tmp_path, many).rows[1][6]


def test_other_kinds_of_answers(tmp_path):
    """A video has a score, but neither mask nor regions."""
    video = dict(kind='video', path='v.mp4', score=0.75, label='fake', error=None, note='cut off after 3 s')
    broken = dict(kind='video', path='w.mp4', score=None, label=None, error='w.mp4 is empty', note=None)
    page = written(tmp_path, answer('a.png', 0.5), video, broken, answer('b.png', 0.9))
    assert column(page, 1) == ['b.png', 'v.mp4', 'a.png']
    assert page.rows[2][3:6] == ['fake', '–', '–']
    assert 'cut off after 3 s' in page.rows[2][6]
    assert page.errors[1:] == [['w.mp4', 'w.mp4 is empty']]


def test_nothing_is_loaded(tmp_path, files):
    page = written(tmp_path, answer('a.png', 0.9, 2, gates=GATES, files=files), failed('b', 'x'))
    text = (tmp_path / 'report.html').read_text()
    assert not re.search(r'https?://|url\(|@import|//[a-z]', text.replace(page.images[0]['src'], ''))
    assert {tag for tag, attributes in page.tags if 'src' in attributes} == {'img'}
    assert 'link' not in {tag for tag, _ in page.tags}
    policy = next(attributes['content'] for tag, attributes in page.tags if 'http-equiv' in attributes)
    assert "default-src 'none'" in policy


def test_the_table_is_accessible(tmp_path):
    page = written(tmp_path, answer('a.png', 0.9))
    heads = [attributes for tag, attributes in page.tags if tag == 'th' and attributes.get('scope') == 'col']
    assert [head['aria-sort'] for head in heads if 'aria-sort' in head] == ['descending']
    assert ('html', dict(lang='en')) in page.tags
    assert any(tag == 'caption' for tag, _ in page.tags)


def test_no_files_at_all(tmp_path):
    page = written(tmp_path)
    assert len(page.rows) == 1


def test_masks_are_not_kept(tmp_path):
    """Of each answer only short figures stay in memory."""
    alive = []

    def predictions():
        for number in range(3):
            values = answer(f'{number}.png', 0.5, 1)
            values['mask'] = Mask(values['mask'])
            alive.append(Mask.count)
            yield values

    class Mask(dict):
        count = 0

        def __init__(self, values) -> None:
            super().__init__(values)
            Mask.count += 1

        def __del__(self) -> None:
            Mask.count -= 1

    write_report(tmp_path / 'report.html', predictions(), {})
    assert max(alive) <= 2
    assert json.dumps(Mask({})) == '{}'
