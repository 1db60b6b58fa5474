"""docs/notebook.md is a notebook that runs from its first cell to its last."""

import base64
import io

import jupytext
import pytest
from nbclient import NotebookClient
from PIL import Image

from tests.scripts import ROOT


@pytest.mark.slow
def test_the_notebook_trains_answers_and_shows_evidence(tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    notebook = jupytext.read(ROOT / 'docs' / 'notebook.md')
    NotebookClient(notebook, timeout=900, resources={'metadata': {'path': str(tmp_path)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == 'code']
    assert len(cells) == 4
    answer, evidence = (cell.outputs[-1].data for cell in cells[2:])
    assert 'P(fake)' in answer['text/plain']
    assert 'data:image/png;base64,' in answer['text/html']
    assert min(Image.open(io.BytesIO(base64.b64decode(evidence['image/png']))).size) > 500
    assert [path.name for path in tmp_path.iterdir()] == ['notebook_demo']
    (log,) = (tmp_path / 'notebook_demo' / 'work').glob('*/*.log')
    assert 'forgery/AUC' in log.read_text()
