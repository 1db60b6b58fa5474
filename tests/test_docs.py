"""The pages, and the site that is made of them: no link leads nowhere, and nothing comes from elsewhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .test_web.browser import MISSING, Page, open_browser

ROOT = Path(__file__).parents[1]


def build(root: Path, site: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', str(site)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('site')
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope='module')
def page(site):
    """The landing page on a small laptop, opened as a file."""
    if MISSING:
        pytest.skip(f'{MISSING} is missing')
    driver = open_browser(size=(1366, 768))
    yield Page(driver, (site / 'index.html').as_uri())
    driver.quit()


def test_the_readme_is_short():
    assert len((ROOT / 'README.md').read_text().splitlines()) <= 120


def test_the_site_has_every_page_and_the_files_that_they_name(site):
    for page in (*ROOT.glob('*.md'), *ROOT.glob('docs/**/*.md'), *ROOT.glob('configs/**/*.md')):
        name = 'index.html' if page.name == 'README.md' else page.with_suffix('.html').name
        assert (site / page.relative_to(ROOT).with_name(name)).is_file(), page
    assert 'class TwoWayBlock' in re.sub('<[^>]+>', '', (site / 'monfap_mm/models/layers/fat.py.html').read_text())
    csv = 'docs/benchmarks/learning_curves.csv'
    assert (site / csv).read_bytes() == (ROOT / csv).read_bytes()


def test_the_reference_has_signatures_and_docstrings(site):
    html = (site / 'docs' / 'reference' / 'models.html').read_text()
    assert 'id="monfap_mm.models.MixtureOfNoises"' in html
    assert ':func:' not in html
    text = re.sub('<[^>]+>', '', html)
    assert 'loss_importance_weight' in text
    assert 'Eq. 12' in text


def test_no_page_asks_for_anything_elsewhere(site):
    loaded = re.compile(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="?(?:https?:)?//[^>]*>')
    for page in site.rglob('*.html'):
        assert not loaded.search(page.read_text()), page


def test_the_first_screen_shows_a_picture(page):
    picture = page.find('article img')
    bottom = page.driver.execute_script('return arguments[0].getBoundingClientRect().bottom', picture)
    height = page.driver.execute_script('return innerHeight')
    assert picture.get_property('naturalWidth') > 1000
    assert picture.rect['y'] < height / 2
    assert bottom < 1.2 * height


def test_the_search_finds_without_a_server(page):
    page.find('.md-search__input').send_keys('bayar')
    page.wait(lambda: page.find_all('.md-search-result__item'))
    links = [link.get_attribute('href') for link in page.find_all('a.md-search-result__link')]
    assert any('/docs/model.html' in link for link in links)
    assert not any('/monfap_mm/models/' in link for link in links)
    assert all(address.startswith(('file:', 'data:')) for address in page.requested())


@pytest.fixture
def small(tmp_path) -> Path:
    """A repository of two pages and a file, with the rules of ours."""
    shutil.copytree(ROOT / 'docs' / 'site', tmp_path / 'docs' / 'site')
    settings = yaml.load((ROOT / 'mkdocs.yml').read_text(), yaml.UnsafeLoader)
    settings |= dict(nav=['README.md', 'docs/a.md'], plugins=[], watch=[])
    (tmp_path / 'mkdocs.yml').write_text(yaml.dump(settings))
    (tmp_path / 'configs').mkdir()
    (tmp_path / 'configs' / 'x.py').write_text("'''```'''\nvalue = 1\n")
    (tmp_path / 'docs' / 'a.md').write_text('# A\n\n## Size, speed & `memory`\n')
    return tmp_path


def warnings(done: subprocess.CompletedProcess) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith('WARNING')]


def test_a_link_serves_both_on_the_site_and_in_the_repository(small):
    links = '[a](docs/a.md#size-speed--memory) [x](configs/x.py) [here](#top) [elsewhere](https://example.com/y.md)'
    (small / 'README.md').write_text(f'# Top\n\n{links}\n')
    done = build(small, small / 'site')
    assert (done.returncode, warnings(done)) == (0, [])
    html = (small / 'site' / 'index.html').read_text()
    assert all(f'href="{link}"' in html for link in ('docs/a.html#size-speed--memory', 'configs/x.py.html', '#top'))
    assert 'value' in (small / 'site' / 'configs' / 'x.py.html').read_text()


def test_what_leads_nowhere_is_refused(small):
    """Pages, headings, files, pictures, what lies outside, addresses from the root, and a page that none leads to."""
    missing = ['docs/b.md', 'docs/a.md#other', '#other', 'configs/y.py', 'docs/images/x.png']
    targets = [*missing, '../outside.txt', '/docs/a.md']
    (small.parent / 'outside.txt').touch()
    (small / 'README.md').write_text('# Top\n\n' + ' '.join(f'[x]({target})' for target in targets))
    (small / 'docs' / 'lost.md').write_text('# Lost\n')
    done = build(small, small / 'site')
    assert done.returncode == 1
    assert len(warnings(done)) == len(targets) + 1
    for target in (*targets, 'docs/lost.md'):
        assert f"'{target}'" in done.stderr or f'- {target}' in done.stderr
