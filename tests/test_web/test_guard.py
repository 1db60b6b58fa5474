import re
from importlib.resources import files

import pytest
from starlette.testclient import TestClient

from monfap_mm.web import LOOPBACK_NAMES, create_app, split_host

from .conftest import LOCAL
from .gate import Gate

STATIC = files('monfap_mm.web') / 'static'


@pytest.fixture
def get():
    """Asks for the settings with some headers, of a server with some hosts."""

    def get(headers: dict, **kwargs):
        return TestClient(create_app(Gate(), **kwargs), base_url=LOCAL).get('/settings', headers=headers)

    return get


@pytest.mark.parametrize('host', ['localhost:8000', '127.0.0.1', 'LOCALHOST:9', '[::1]:8000'])
def test_names_of_this_machine(get, host):
    assert get({'Host': host}).status_code == 200


@pytest.mark.parametrize(
    'host',
    [
        'evil.example:8000',
        'localhost.evil.example',
        '127.0.0.1.evil.example',
        '',
        '[::1',
        'evil@',
        'evil@localhost',
        '0.0.0.0',
    ],
)
def test_a_name_that_was_made_to_point_here(get, host):
    response = get({'Host': host})
    assert response.status_code == 403
    assert 'use the address that it printed' in response.json()['error']


def test_any_name_where_that_is_wanted(get):
    assert get({'Host': 'lab.example'}, hosts=None).status_code == 200
    assert get({'Host': 'lab.example'}, hosts={'lab.example'}).status_code == 200


@pytest.mark.parametrize('hosts', [None, {'localhost'}])
@pytest.mark.parametrize(
    ('origin', 'status'),
    [
        ('http://localhost:8000', 200),
        ('https://localhost:8000', 200),
        ('http://localhost:8001', 403),
        ('http://localhost', 403),
        ('https://evil.example', 403),
        ('null', 403),
    ],
)
def test_requests_from_other_sites(get, hosts, origin, status):
    assert get({'Host': 'localhost:8000', 'Origin': origin}, hosts=hosts).status_code == status


@pytest.mark.parametrize(
    ('allowed', 'host', 'origin', 'status'),
    [
        # nginx' own default names the server that it passes to; $host leaves out the port, and $http_host nothing.
        ('lab.example', '127.0.0.1:8000', 'https://lab.example', 200),
        ('lab.example', 'lab.example', 'https://lab.example:8443', 200),
        ('lab.example', 'lab.example:8443', 'https://lab.example:8443', 200),
        ('Lab.Example', '127.0.0.1:8000', 'https://lab.example', 200),
        ('lab.example:8443', '127.0.0.1:8000', 'https://lab.example:8443', 200),
        ('lab.example:443', '127.0.0.1:8000', 'https://lab.example', 200),
        ('lab.example:80', '127.0.0.1:8000', 'http://lab.example', 200),
        ('lab.example:443', '127.0.0.1:8000', 'http://lab.example', 403),
        ('lab.example:8443', '127.0.0.1:8000', 'https://lab.example:8444', 403),
        ('lab.example:8443', '127.0.0.1:8000', 'https://lab.example', 403),
        ('lab.example', '127.0.0.1:8000', 'https://evil.example', 403),
        ('lab.example', '127.0.0.1:8000', 'https://lab.example.evil.example', 403),
        ('lab.example', '127.0.0.1:8000', 'https://lab.example@evil.example', 403),
        ('lab.example', '127.0.0.1:8000', 'http://localhost:8001', 403),  # another page of this machine
        ('lab.example', '127.0.0.1:8000', 'null', 403),
        ('lab.example', 'evil.example', 'https://lab.example', 403),
    ],
)
def test_a_proxy_in_front(get, allowed, host, origin, status):
    hosts = {*LOOPBACK_NAMES, split_host(allowed)[0]}
    assert get({'Host': host, 'Origin': origin}, hosts=hosts, origins=[allowed]).status_code == status


def test_a_proxy_that_is_not_known_is_told_what_to_do(get):
    error = get({'Host': '127.0.0.1:8000', 'Origin': 'https://lab.example'}).json()['error']
    assert '(https://lab.example)' in error
    assert '--allow-host NAME' in error
    assert 'pass the header Host' in error


def test_no_host_is_nobodys_own(get):
    assert get({'Host': '', 'Origin': 'null'}, hosts=None).status_code == 403
    assert get({'Host': '', 'Origin': 'https://'}, hosts=None).status_code == 403


def test_a_refused_picture_never_reaches_the_model():
    gate = Gate()
    client = TestClient(create_app(gate), base_url=LOCAL)
    assert client.post('/predict', content=b'x', headers={'Origin': 'https://evil.example'}).status_code == 403
    assert gate.names == []


@pytest.mark.parametrize(
    ('path', 'headers', 'status'),
    [
        ('/', {}, 200),
        ('/app.js', {}, 200),
        ('/settings', {}, 200),
        ('/nothing', {}, 404),
        ('/', {'Host': 'evil.example'}, 403),
    ],
)
def test_every_response_is_locked_down(path, headers, status):
    response = TestClient(create_app(Gate()), base_url=LOCAL).get(path, headers=headers)
    assert response.status_code == status
    policy = dict(rule.split(' ', 1) for rule in response.headers['Content-Security-Policy'].split('; '))
    assert policy['default-src'] == policy['frame-ancestors'] == "'none'"
    assert policy['script-src'] == policy['connect-src'] == "'self'"
    assert response.headers['X-Content-Type-Options'] == 'nosniff'
    assert response.headers['Cache-Control'] == 'no-store'


def test_the_page_has_no_inline_code_and_names_no_other_site():
    page, script = ((STATIC / name).read_text() for name in ('index.html', 'app.js'))
    assert not re.search(r'<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)', page)
    assert not re.search(r'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(', script)
    for file in STATIC.iterdir():
        text = file.read_text().replace('xmlns="http://www.w3.org/2000/svg"', '')
        assert not re.search(r'(https?:)?//\w', re.sub(r'^ *//.*$', '', text, flags=re.MULTILINE)), file.name
