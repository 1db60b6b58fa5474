"""The report's script, in a headless Chromium where there is one."""

import shutil

import cv2
import numpy as np
import pytest

from monfap_mm.visualization.report import write_report
from tests.test_visualization.test_report import EVIL, GATES, answer, failed

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
    # Not innerText, which lays out what is out of sight, cell by cell.
    script = "return [...document.querySelectorAll('.answers > tbody > tr > th')].map(cell => cell.textContent.trim())"
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


@pytest.fixture
def values(tmp_path) -> dict:
    """What an answer can have beside its score: gates, a note, an overlay."""
    cv2.imwrite(str(tmp_path / 'overlay.png'), np.zeros((30, 40, 3), np.uint8))
    return dict(gates=GATES, note='a note ' * 20, files=dict(overlay='overlay.png'))


@pytest.mark.parametrize('width', [320, 400, 700, 800, 1280])
def test_nothing_scrolls_sideways_and_details_have_the_width(browser, tmp_path, values, width):
    """Long names with and without places to break, all details open."""
    names = ['x' * 200 + '.png', 'some folder/' * 20 + 'some name.png']
    rows = [*(answer(name, 0.9, 5, **values) for name in names), failed('y' * 300, 'z' * 300)]
    write_report(tmp_path / 'report.html', rows, dict(weights='w' * 300))
    browser.get((tmp_path / 'report.html').as_uri())
    metrics = dict(width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', metrics)
    wide, details, table = browser.execute_script("""
        document.querySelectorAll('details').forEach((one) => { one.open = true });
        const width = (selector) => document.querySelector(selector).getBoundingClientRect().width;
        return [document.documentElement.scrollWidth, width('details'), width('.answers')];
    """)
    browser.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})
    assert wide <= width
    assert details > table - 30


def test_two_thousand_rows_are_sorted_in_a_second(browser, tmp_path, values):
    # 7919 and 2000 have no common factor, so that names and scores are in different orders.
    rows = (answer(f'{number * 7919 % 2000}.png', number / 2000, number % 5, **values) for number in range(2000))
    write_report(tmp_path / 'report.html', rows, {})
    browser.get((tmp_path / 'report.html').as_uri())
    script = """
        const start = performance.now();
        document.querySelector('thead button').click();
        document.body.getBoundingClientRect();  // lays the page out
        return performance.now() - start;
    """
    # The least of three, since others may use the machine.
    assert min(browser.execute_script(script) for _ in range(3)) < 1000
    assert names(browser) == [f'{number}.png' for number in range(2000)]


def test_a_screen_reader_still_finds_a_table(report):
    table = report.find_element('css selector', '.answers')
    assert table.aria_role == 'table'
    row = table.find_elements('css selector', 'tbody > tr')[0]
    assert [cell.aria_role for cell in row.find_elements('xpath', './*')] == ['cell', 'rowheader', *['cell'] * 5]


def test_nothing_runs_or_fails(report):
    assert report.get_log('browser') == []
    assert report.find_elements('css selector', '.errors tbody tr')[0].text.startswith('"><script>')
