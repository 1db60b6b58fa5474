"""The benchmark around the metric: the paper's tables as data, and running and tabulating our own."""

from .ablations import ABLATIONS, load_row
from .paper_figures import PAPER_FIGURES, TABLE_I, TABLES, PaperTable
from .provenance import hash_file, hash_text, versions
from .tables import Row, Table, Value, beside_paper, with_average
from .tool_runs import ToolError, read_figures, run_tool

__all__ = [
    'ABLATIONS',
    'PAPER_FIGURES',
    'TABLES',
    'TABLE_I',
    'PaperTable',
    'Row',
    'Table',
    'ToolError',
    'Value',
    'beside_paper',
    'hash_file',
    'hash_text',
    'load_row',
    'read_figures',
    'run_tool',
    'versions',
    'with_average',
]
