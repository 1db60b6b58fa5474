"""The paper's tables as data; protocols and ablations that fill our own."""

from .ablations import ABLATIONS, load_row
from .cell_runs import run_cell
from .data_hashes import NotThereError, hash_lists
from .paper_tables import TABLE_I, TABLES, PaperTable
from .protocol import Cell, Protocol, ProtocolError, load_protocol
from .tables import Row, Table, Value, beside_paper, with_average
from .tool_runs import ToolError, read_figures, run_jobs, run_tool
from .training_runs import Training

__all__ = [
    'ABLATIONS',
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
    'hash_lists',
    'load_protocol',
    'load_row',
    'read_figures',
    'run_cell',
    'run_jobs',
    'run_tool',
    'with_average',
]
