"""The model of the inferencer's tests behind the page, in this process and in one of its own, and browsers."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from monfap_mm.web import create_app
from tests.test_apis.conftest import config, data, inferencer, weights
from tests.test_configs import CONFIGS

from .browser import MISSING, Page, open_browser

__all__ = ['config', 'data', 'inferencer', 'weights']
LOCAL = 'http://127.0.0.1:8000'


@pytest.fixture
def client(inferencer) -> Iterator[TestClient]:
    with TestClient(create_app(inferencer), base_url=LOCAL) as client:
        yield client


@pytest.fixture(scope='session')
def server_process(config, weights) -> Iterator[tuple[subprocess.Popen, str]]:
    """``monfap serve`` in a process of its own, and its address."""
    env = {**os.environ, 'PYTHONPATH': str(CONFIGS.parent)}
    command = [sys.executable, '-W', 'ignore', '-m', 'monfap_mm', 'serve', '--port', '0', '--max-bytes', '100000']
    command += ['--model', config, '--weights', weights, '--device', 'cpu']
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, re.match(r'http://127\.0\.0\.1:\d+', process.stdout.readline())[0]
        finally:
            process.kill()


@pytest.fixture(scope='session')
def address(server_process) -> str:
    return server_process[1]


@pytest.fixture
def open_page(address, tmp_path) -> Iterator[Callable[[], Page]]:
    """Opens the page in a browser of its own, which keeps downloads in the test's folder."""
    if MISSING:
        pytest.skip(f'{MISSING} is missing')
    pages = []

    def opened() -> Page:
        pages.append(Page(open_browser(downloads=tmp_path), address))
        return pages[-1]

    yield opened
    for page in pages:
        page.driver.quit()


@pytest.fixture
def page(open_page) -> Page:
    return open_page()
