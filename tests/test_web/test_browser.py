"""The page as a person uses it: a real server process, a real browser."""

import http.client
import json
import shutil
import socket
from urllib.parse import urlsplit

import pytest


def test_pictures_get_their_answers(page, inferencer, data):
    page.choose(data / 'a.png', data / 'b.png')
    for card, name in zip(page.cards(2), ('a.png', 'b.png')):
        (expected,) = inferencer(str(data / name))
        first, *lines = card.text.splitlines()
        assert first == name
        assert lines[0].lower() == expected.label
        assert f'P(fake) {expected.score:.3f}' in card.text
        boxes = page.driver.execute_script('return arguments[0].querySelectorAll(".boxes div").length', card)
        rows = page.driver.execute_script('return arguments[0].querySelectorAll("tbody tr").length', card)
        assert boxes == rows == min(30, len(expected.regions))
    natural = page.driver.execute_script(
        'const p = document.querySelector(".picture"); return [p.complete, p.naturalWidth]'
    )
    assert natural == [True, 64]


def test_a_dropped_file_is_an_upload(page):
    script = """
        const done = arguments[arguments.length - 1];
        const canvas = new OffscreenCanvas(64, 64);
        canvas.getContext('2d').fillRect(0, 0, 64, 64);
        canvas.convertToBlob().then((blob) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([blob], 'dropped.png'));
            document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
            done();
        });
    """
    page.driver.execute_async_script(script)
    (card,) = page.cards(1)
    assert card.text.startswith('dropped.png')
    assert 'P(fake)' in card.text


def test_the_slider_fades_the_overlay_and_the_choice_changes_it(page, data):
    page.choose(data / 'b.png')
    page.cards(1)
    page.slide(25)
    assert page.opacity() == 0.25
    page.slide(100)
    assert page.opacity() == 1
    mask = page.find('.overlay').get_attribute('src')
    page.find('[value=heat]').click()
    assert page.find('.overlay').get_attribute('src') != mask
    assert page.find('.scale').is_displayed()
    assert page.opacity() == 1
    page.find('.numbers').click()
    assert not page.find('.boxes').is_displayed()


def test_a_bad_file_gets_a_reason_and_the_page_goes_on(page, data, tmp_path):
    (tmp_path / 'broken.jpg').write_text('no picture')
    (tmp_path / 'large.jpg').write_bytes(bytes(100_001))
    page.choose(tmp_path / 'broken.jpg', tmp_path / 'large.jpg', data / 'b.png')
    broken, large, good = page.cards(3)
    assert 'broken.jpg is no image, or its header is damaged' in broken.text
    assert 'more than 0.0954 MiB' in large.text
    assert 'P(fake)' in good.text
    page.choose(data / 'a.png')
    assert 'P(fake)' in page.cards(4)[3].text


def test_a_busy_server_can_be_asked_again(page, data):
    page.driver.execute_script("""
        const real = window.fetch;
        window.fetch = () => {
            window.fetch = real;
            return Promise.resolve(new Response('{"error": "busy for once"}', { status: 503 }));
        };
    """)
    page.choose(data / 'b.png')
    (card,) = page.cards(1)
    assert 'busy for once' in card.text
    page.find('.again').click()
    page.wait(lambda: 'P(fake)' in card.text)
    assert not page.find('.again').is_displayed()


def test_two_users_at_once(open_page, inferencer, data):
    pages, names = [open_page(), open_page()], ['b.png', 'c.png']
    for page, name in zip(pages, names):
        page.choose(*[data / name] * 3)
    for page, name in zip(pages, names):
        score = f'P(fake) {inferencer(str(data / name))[0].score:.3f}'
        assert all(name in card.text and score in card.text for card in page.cards(3))


def test_the_download_is_the_answer(page, inferencer, data, tmp_path):
    page.choose(data / 'b.png')
    page.cards(1)
    page.find('.download').click()
    page.wait((tmp_path / 'b.png.json').exists)
    (expected,) = inferencer(str(data / 'b.png'))
    found = json.loads((tmp_path / 'b.png.json').read_text())
    assert found.pop('score') == pytest.approx(expected.score, abs=1e-6)
    assert found['path'] == 'b.png'
    assert (found['mask'], found['label']) == (expected.to_json()['mask'], expected.label)


def test_names_of_files_are_text(page, data, tmp_path):
    name = '<img src=x onerror=alert(1)>.png'
    shutil.copy(data / 'b.png', tmp_path / name)
    (tmp_path / f'broken {name}').write_text('no picture')
    page.choose(tmp_path / name, tmp_path / f'broken {name}')
    good, broken = page.cards(2)
    assert good.text.startswith(name)
    assert f'broken {name} is no image' in broken.text
    assert not page.find_all('[src=x]')


def test_nothing_leaves_the_server_and_nothing_is_blocked(page, address, data):
    page.choose(data / 'b.png')
    page.cards(1)
    page.find('[value=heat]').click()
    requested = page.requested()
    assert f'{address}/predict?name=b.png' in requested
    assert {urlsplit(url).netloc for url in requested if not url.startswith('data:')} == {urlsplit(address).netloc}
    assert page.driver.get_log('browser') == []  # no violation of the policy, no error of the script


def test_everything_that_can_be_used_has_a_name(page, data):
    page.choose(data / 'b.png')
    page.cards(1)
    controls = [control for control in page.find_all('input, button') if control.is_displayed()]
    assert len(controls) >= 6
    assert all(control.accessible_name for control in controls)
    assert page.find('.picture').get_attribute('alt').startswith('b.png, called ')
    assert page.find('[role=status]').text.startswith('b.png: ')


def test_all_can_be_removed(page, data):
    page.choose(data / 'b.png')
    page.cards(1)
    page.find('#clear').click()
    assert page.cards(0) == []
    assert not page.find('#clear').is_displayed()


def test_a_sender_without_end_is_refused_while_it_sends(address):
    """Over a real connection, with a length that is a lie, and without one."""
    for declared in (b'Transfer-Encoding: chunked', b'Content-Length: 1000000000000'):
        with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), timeout=30) as connection:
            connection.sendall(b'POST /predict HTTP/1.1\r\nHost: localhost\r\n' + declared + b'\r\n\r\n')
            for _ in range(11):  # 110,000 bytes of endlessly many
                connection.sendall(b'%x\r\n%s\r\n' % (10_000, bytes(10_000)))
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.status == 413
            assert 'MiB (--max-bytes)' in json.loads(response.read())['error']
