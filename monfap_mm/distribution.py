"""Which distribution this is: monfap_mm, or monfap_mm-lite, which answers from ONNX files without PyTorch."""

from importlib.util import find_spec

# Both hold the same files; the light one does not require what trains and runs models. PyTorch says nothing: it may be
# there for something else.
IS_FULL = find_spec('mmseg') is not None
# What runs a model; the light distribution has the second only.
BACKENDS = ('torch', 'onnx')
INSTALL_FULL = 'pip install . in the folder of the source, without MONFAP_LITE'


def install_extra(name: str) -> str:
    """The command that adds an extra; no package index has this package, so never one of its name."""
    return f'pip install ".[{name}]" in the folder of the source, or pip install "PATH_OF_THE_WHEEL[{name}]"'
