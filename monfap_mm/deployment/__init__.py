"""From a config and a checkpoint to a file that answers without them."""

from .comparison import CheckError
from .export import ExportError
from .exporting import FORMATS, Exported, export_model

__all__ = ['FORMATS', 'CheckError', 'ExportError', 'Exported', 'export_model']
