"""Which distribution this is: monfap_mm, or monfap_mm-lite, which answers from ONNX files without PyTorch."""

from importlib.util import find_spec

# Both hold the same files; the light one does not require what trains and runs models.
IS_FULL = find_spec('mmseg') is not None and find_spec('torch') is not None
