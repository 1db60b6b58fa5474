"""A headless Chromium, and what a person does in the page."""

import json
import shutil
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM, DRIVER = shutil.which('chromium') or shutil.which('google-chrome'), shutil.which('chromedriver')
MISSING = ' and '.join(name for name, path in (('Chromium', CHROMIUM), ('chromedriver', DRIVER)) if path is None)
SECONDS = 60


def open_browser(size: tuple[int, int] = (1200, 900), downloads: Path | None = None) -> webdriver.Chrome:
    """Start a browser with a profile of its own.

    Args:
        size: Width and height of its window.
        downloads: Where downloads go to.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    # Without its sandbox, since CI runs as root; it sees the own page alone.
    for argument in ('--headless=new', '--no-sandbox', '--disable-dev-shm-usage', f'--window-size={size[0]},{size[1]}'):
        options.add_argument(argument)
    options.add_experimental_option('prefs', {'download.default_directory': str(downloads)} if downloads else {})
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
    return webdriver.Chrome(options, webdriver.ChromeService(DRIVER))


class Page:
    """The page in a browser."""

    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver = driver
        driver.get(address)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def choose(self, *files: Path | str) -> None:
        """Choose files in the dialog."""
        self.find('#files').send_keys('\n'.join(map(str, files)))

    def cards(self, count: int) -> list[WebElement]:
        """The cards, once there are so many and all of them have an answer or an error."""
        settled = '.card.fake, .card.real, .card.error'
        self.wait(lambda: len(self.find_all(settled)) == len(self.find_all('.card')) == count)
        return self.find_all('.card')

    def wait(self, condition) -> None:
        WebDriverWait(self.driver, SECONDS, poll_frequency=0.05).until(lambda _: condition())

    def opacity(self) -> float:
        return float(self.find('.overlay').value_of_css_property('opacity'))

    def slide(self, value: int) -> None:
        """Move the slider of the first card, as a hand does."""
        script = 'arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event("input", {bubbles: true}))'
        self.driver.execute_script(script, self.find('.opacity'), value)

    def requested(self) -> set[str]:
        """Addresses that the browser has asked for."""
        messages = (json.loads(entry['message'])['message'] for entry in self.driver.get_log('performance'))
        return {
            message['params']['request']['url']
            for message in messages
            if message['method'] == 'Network.requestWillBeSent'
        }
