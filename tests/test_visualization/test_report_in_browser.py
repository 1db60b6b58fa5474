"""The report's script, in a headless Chromium where there is one."""

import shutil

import pytest

from monfap_mm.visualization.report import write_report
from tests.test_visualization.test_report import EVIL, answer, failed

webdriver = pytest.importorskip('selenium.webdriver', reason='selenium is not installed')
if not (shutil.which('chromium') and shutil.which('chromedriver')):
    pytest.skip('chromium and chromedriver are not installed', allow_module_level=True)

PICTURES = [('b2.png', 0.75, 1), ('b10.png', 0.25, 5), ('a.png', 0.5, 0)]


@pytest.fixture(scope='module')
def browser():
    options = webdriver.ChromeOptions()
    for argument in ('--headless=new', '--no-sandbox', '--disable-dev-shm-usage'):
        options.add_argument(argument)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    service = webdriver.ChromeService(shutil.which('chromedriver'))
    with webdriver.Chrome(options, service) as driver:
        yield driver


@pytest.fixture
def report(browser, tmp_path):
    video = dict(kind='video', path='v.mp4', score=0.9, label='fake', error=None, note=None)
    predictions = [*(answer(*picture) for picture in PICTURES), video, failed(EVIL, 'broken')]
    write_report(tmp_path / 'report.html', predictions, {})
    browser.get((tmp_path / 'report.html').as_uri())
    return browser


def names(browser) -> list[str]:
    script = "return [...document.querySelectorAll('.answers > tbody > tr > th')].map(cell => cell.innerText.trim())"
    return browser.execute_script(script)


def press(browser, text: str, key: str = '\n') -> str:
    """Press a key on the head of a column and return what it says of its order."""
    head = browser.find_element('xpath', f'//table[@class="answers"]/thead//th[contains(., "{text}")]')
    head.find_element('tag name', 'button').send_keys(key)
    (sorted_head,) = browser.find_elements('css selector', 'th[aria-sort]')
    assert sorted_head == head
    return head.get_attribute('aria-sort')


def test_the_keyboard_sorts(report):
    assert names(report) == ['v.mp4', 'b2.png', 'a.png', 'b10.png']  # by score, as written
    assert press(report, 'P(fake)') == 'ascending'
    assert names(report) == ['b10.png', 'a.png', 'b2.png', 'v.mp4']
    assert press(report, 'regions', ' ') == 'descending'
    assert names(report) == ['b10.png', 'b2.png', 'a.png', 'v.mp4']  # the one without regions last
    assert press(report, 'regions') == 'ascending'
    assert names(report) == ['a.png', 'b2.png', 'b10.png', 'v.mp4']
    assert press(report, 'file') == 'ascending'
    assert names(report) == ['a.png', 'b2.png', 'b10.png', 'v.mp4']  # 2 before 10
    assert press(report, 'fake pixels') == 'descending'
    assert names(report)[0] == 'b10.png'


def test_nothing_runs_or_fails(report):
    assert report.get_log('browser') == []
    assert report.find_elements('css selector', '.errors tbody tr')[0].text.startswith('"><script>')
