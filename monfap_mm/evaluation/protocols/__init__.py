"""The benchmark around the metric: the paper's tables as data, and running and tabulating our own."""

from ...provenance import hash_file, hash_text, versions
from ..figures import PAPER_FIGURES
from .ablations import ABLATIONS, load_row
from .cell_runs import run_cell
from .paper_figures import TABLE_I, TABLES, PaperTable
from .protocol import Cell, Protocol, ProtocolError, load_protocol
from .provenance import NotThereError, hash_lists
from .tables import Row, Table, Value, beside_paper, with_average
from .tool_runs import ToolError, read_figures, run_jobs, run_tool
from .training_runs import Training

__all__ = [
    'ABLATIONS',
    'PAPER_FIGURES',
    'TABLES',
    'TABLE_I',
    'Cell',
    'NotThereError',
    'PaperTable',
    'Protocol',
    'ProtocolError',
    'Row',
    'Table',
    'ToolError',
    'Training',
    'Value',
    'beside_paper',
    'hash_file',
    'hash_lists',
    'hash_text',
    'load_protocol',
    'load_row',
    'read_figures',
    'run_cell',
    'run_jobs',
    'run_tool',
    'versions',
    'with_average',
]
