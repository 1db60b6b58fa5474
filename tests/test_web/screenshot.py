"""Makes the picture of the page in the docs: ``python -m tests.test_web.screenshot ADDRESS OUT PICTURE...``."""

import sys
from pathlib import Path

from .browser import Page, open_browser


def main(address: str, out: str, *pictures: str) -> None:
    driver = open_browser(size=(1100, 1080))
    try:
        page = Page(driver, address)
        page.choose(*(str(Path(picture).absolute()) for picture in pictures))
        page.cards(len(pictures))
        driver.save_screenshot(out)
    finally:
        driver.quit()


if __name__ == '__main__':
    main(*sys.argv[1:])
