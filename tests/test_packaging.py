"""What the built packages hold, and what they require."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[1]


class Wheel(NamedTuple):
    """A wheel: its files with their contents, without those that describe it, and the description."""

    files: dict[str, bytes]
    metadata: Message
    licenses: dict[str, bytes]


def run(*arguments: str, **env: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, env=os.environ | env)


def build_wheel(source: Path, folder: Path, **env: str) -> Wheel:
    run('-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation', '--wheel-dir', str(folder), str(source), **env)
    (path,) = folder.glob('*.whl')
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    described = {name: content for name, content in contents.items() if '.dist-info/' in name}
    files = {name: content for name, content in contents.items() if name not in described}
    (metadata,) = (content for name, content in described.items() if name.endswith('/METADATA'))
    licenses = {
        name.rpartition('/')[2]: text for name, text in described.items() if name.endswith(('LICENSE', 'NOTICE'))
    }
    return Wheel(files, Parser().parsestr(metadata.decode()), licenses)


@pytest.fixture(scope='module')
def source(tmp_path_factory) -> Path:
    """The source, unpacked from a source distribution."""
    folder, build = tmp_path_factory.mktemp('source'), tmp_path_factory.mktemp('build')
    command = ['setup.py', '-q', 'egg_info', '--egg-base', str(build), 'sdist', '--dist-dir', str(folder)]
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    (sdist,) = folder.glob('*.tar.gz')
    shutil.unpack_archive(sdist, folder, filter='data')
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    return unpacked


@pytest.fixture(scope='module')
def wheel(source, tmp_path_factory) -> Wheel:
    """The full package, built where an earlier build has left a module that is gone and a version that is old."""
    stale = source / 'build' / 'lib' / 'monfap_mm'
    stale.mkdir(parents=True)
    (stale / 'gone.py').touch()
    (stale / 'version.py').write_text("__version__ = '0.0.1'")
    (source / 'build' / 'lib' / 'other_package').mkdir()
    (source / 'build' / 'lib' / 'other_package' / '__init__.py').touch()
    return build_wheel(source, tmp_path_factory.mktemp('full'))


@pytest.fixture(scope='module')
def light(source, wheel, tmp_path_factory) -> Wheel:
    """The light package, built in the same folder after the full one."""
    return build_wheel(source, tmp_path_factory.mktemp('light'), MONFAP_LITE='1')


def test_wheel_carries_all_that_mim_needs(wheel):
    for name in ('configs', 'tools'):
        files = [path for path in (ROOT / name).rglob('*') if path.is_file() and '__pycache__' not in path.parts]
        missing = {f'monfap_mm/.mim/{path.relative_to(ROOT)}' for path in files} - set(wheel.files)
        assert not missing
    assert 'monfap_mm/.mim/model-index.yml' in wheel.files


def modules_of_source() -> set[str]:
    modules = [path for path in (ROOT / 'monfap_mm').rglob('*.py') if '.mim' not in path.parts]
    return {'monfap_command.py', *(str(path.relative_to(ROOT)) for path in modules)}


def test_wheel_carries_every_module_as_it_is_and_no_other(wheel):
    packed = {name for name in wheel.files if name.endswith('.py') and '/.mim/' not in name}
    assert packed == modules_of_source()
    for name in packed:
        assert wheel.files[name] == (ROOT / name).read_bytes(), name


def test_wheel_carries_the_web_page(wheel):
    static = {str(path.relative_to(ROOT)) for path in (ROOT / 'monfap_mm' / 'web' / 'static').iterdir()}
    assert len(static) == 4
    assert static <= set(wheel.files)


def test_wheel_carries_nothing_else(wheel):
    assert {name.split('/')[0] for name in wheel.files} == {'monfap_mm', 'monfap_command.py'}


def test_light_wheel_has_the_same_files(wheel, light):
    assert (wheel.metadata['Name'], light.metadata['Name']) == ('monfap_mm', 'monfap_mm-lite')
    assert light.files == wheel.files


def test_licence_is_in_all_that_is_built(source, wheel, light):
    text = (ROOT / 'LICENSE').read_bytes()
    assert b'Apache License\n                           Version 2.0, January 2004' in text
    assert (source / 'LICENSE').read_bytes() == text
    for built in (wheel, light):
        assert built.licenses == {'LICENSE': text, 'NOTICE': (ROOT / 'NOTICE').read_bytes()}
        assert built.metadata['License-Expression'] == 'Apache-2.0'
        assert built.metadata.get_all('License-File') == ['LICENSE', 'NOTICE']


def test_the_readme_reads_well_on_an_index(wheel, light):
    """An index has neither our pictures nor our pages: no link leads to its own host."""
    for built in (wheel, light):
        assert built.metadata['Description-Content-Type'] == 'text/markdown'
        text = built.metadata.get_payload()
        assert text.startswith('# monfap_mm\n\nWhich photograph is fake')
        assert re.findall(r'\]\((?!https:)', text) == []
        assert '![' not in text
        assert '(docs/models.md)' in text
        assert text.rstrip().endswith('```')


def test_metadata_is_complete(wheel, light):
    for built in (wheel, light):
        for key in ('Summary', 'Author', 'Keywords', 'Requires-Python', 'Version'):
            assert built.metadata[key], key
        assert 'Topic :: Scientific/Engineering :: Image Recognition' in built.metadata.get_all('Classifier')


def test_building_leaves_the_source_as_it_was(source, light):
    """What an earlier build left is neither used nor changed."""
    assert [path.name for path in (source / 'build').iterdir()] == ['lib']
    assert (source / 'build' / 'lib' / 'monfap_mm' / 'gone.py').is_file()


def test_no_page_or_message_installs_from_an_index_what_is_not_there():
    """Somebody else could register the name: a folder or a wheel is named, by its path."""
    names = ('*.py', '*.md', '*.yml', '*.html', '*.js', '*.txt', 'Makefile', 'Containerfile')
    folders = ('monfap_mm', 'tools', 'configs', 'docs')
    files = [path for name in names for path in ROOT.glob(name)]
    files += [path for folder in folders for name in names for path in (ROOT / folder).rglob(name)]
    installed = re.compile(r'pip3? install[^`#\n]*?[ "\']monfap[-_]mm(?![^ "\'`\n]*\.whl)')
    assert len(files) > 400
    assert [path.name for path in files if installed.search(path.read_text())] == []
    assert installed.search('`pip install monfap_mm[web]`')
    assert installed.search('pip install -U "monfap-mm"')


def test_citation_and_changelog_have_the_version():
    version = runpy.run_path(str(ROOT / 'monfap_mm' / 'version.py'))['__version__']
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
    assert str(citation['version']) == version
    assert citation['title'].startswith('monfap_mm')
    assert f'\n## [{version}]\n' in (ROOT / 'CHANGELOG.md').read_text()
