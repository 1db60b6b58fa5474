"""What the built packages hold, and what they require."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def wheel(tmp_path_factory) -> set[str]:
    """Files of a wheel that is built from a source distribution."""
    folder = tmp_path_factory.mktemp('packages')
    build = tmp_path_factory.mktemp('build')
    egg_info = ['egg_info', '--egg-base', str(build)]
    subprocess.run(
        [sys.executable, 'setup.py', '-q', *egg_info, 'sdist', '--dist-dir', str(folder)], cwd=ROOT, check=True
    )
    (sdist,) = folder.glob('*.tar.gz')
    command = ['pip', 'wheel', '-q', '--no-deps', '--no-build-isolation', '--wheel-dir', str(folder), str(sdist)]
    subprocess.run([sys.executable, '-m', *command], cwd=folder, check=True)
    (path,) = folder.glob('*.whl')
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_wheel_carries_all_that_mim_needs(wheel):
    for name in ('configs', 'tools'):
        files = [path for path in (ROOT / name).rglob('*') if path.is_file() and '__pycache__' not in path.parts]
        missing = {f'monfap_mm/.mim/{path.relative_to(ROOT)}' for path in files} - wheel
        assert not missing
    assert 'monfap_mm/.mim/model-index.yml' in wheel


def test_wheel_carries_every_module(wheel):
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / 'monfap_mm').rglob('*.py') if '.mim' not in path.parts}
    assert modules <= wheel


def test_wheel_carries_the_web_page(wheel):
    static = {str(path.relative_to(ROOT)) for path in (ROOT / 'monfap_mm' / 'web' / 'static').iterdir()}
    assert len(static) == 4
    assert static <= wheel


def test_wheel_carries_nothing_else(wheel):
    assert {name.split('/')[0] for name in wheel if '.dist-info/' not in name} == {'monfap_mm'}
