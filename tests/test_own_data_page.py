"""docs/own-data.md, step by step: its commands and its config as they stand there, on small pictures."""

import re
import shlex
from pathlib import Path

import pytest

from monfap_mm.apis import ForgeryInferencer
from tests.scripts import ROOT, run_script
from tests.test_tools.test_from_annotations import make_labelme

PAGE = (ROOT / 'docs' / 'own-data.md').read_text()
COMMAND = 'import sys\nfrom monfap_mm.cli import main\nsys.exit(main())\n'
# Four pictures are soon read: processes that do it would only have to start.
SHORT = ['--cfg-options', *(f'{name}_dataloader.num_workers=0' for name in ('train', 'val'))]


def blocks(language: str) -> list[str]:
    return re.findall(rf'```{language}\n(.*?)```', PAGE, re.DOTALL)


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """Where the reader works: photographs with LabelMe's files, the config, nothing else."""
    folder = tmp_path_factory.mktemp('reader')
    (folder / 'photos').mkdir()
    make_labelme(folder / 'photos', count=20)
    (config,) = blocks('python')
    (folder / 'own.py').write_text(config)
    (folder / 'monfap').write_text(COMMAND)
    return folder


@pytest.mark.slow
def test_every_command_of_the_page(folder):
    for line in ''.join(blocks('bash')).splitlines():
        name, *arguments = shlex.split(line)
        assert name == 'monfap'
        short = SHORT if arguments[:2] == ['tool', 'train'] else []
        run_script(folder / 'monfap', *arguments, *short, cwd=folder, timeout=600)
    for name in (
        'data/own/manifest.jsonl',
        'data/own/check/sheet.jpg',
        'work_dirs/own/epoch_8.pth',
        'answers/report.html',
    ):
        assert (folder / name).is_file()
    assert len(list((folder / 'work_dirs/own/browsed').rglob('*.jpg'))) == 16  # of 20, 80%
    assert len(list((folder / 'work_dirs/own/pictures').rglob('*.png'))) == 2
    (answer,) = ForgeryInferencer(folder / 'own.onnx')(str(folder / 'photos' / 'p01.jpg'))
    assert answer.error is None
