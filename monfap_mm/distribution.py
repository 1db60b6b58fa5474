"""Which distribution this is: monfap_mm, or monfap_mm-lite, which answers from ONNX files without PyTorch."""

from importlib.util import find_spec
from pathlib import Path

# The light distribution lacks the models. Without PyTorch, the files of the full one serve as the light one.
IS_FULL = (Path(__file__).parent / 'models').is_dir() and find_spec('torch') is not None
