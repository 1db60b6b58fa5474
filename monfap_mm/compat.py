"""The only place that works around the versions of our dependencies.

Importing this module has three effects, all harmless when repeated:

* mmseg 1.2 imports ``mmcv.ops`` while it is imported, and mmcv-lite has no compiled operators.
  :func:`provide_mmcv_ext` puts a stand-in where the compiled module would be.
* PyTorch >= 2.6 reads checkpoints with ``weights_only=True``.
  :func:`allow_mmengine_checkpoints` names the classes that an MMEngine checkpoint holds.
* mmseg imports albumentations where it is installed, and that asks the internet for a newer version of itself.
  :func:`keep_albumentations_quiet` switches the question off.
"""

import importlib.util
import os
import sys
import types
from importlib.machinery import ModuleSpec

import numpy as np
import torch

_EXT = 'mmcv._ext'


class _MissingOperators(types.ModuleType):
    """Answers every operator name with a function that says what is missing."""

    def __getattr__(self, name: str):
        if name.startswith('__'):
            raise AttributeError(name)

        def missing(*args, **kwargs):
            raise RuntimeError(
                f'The operator "{name}" is compiled code of the full mmcv, but mmcv-lite is installed. '
                'Replace it by a build of mmcv 2.1 that matches your PyTorch (pip uninstall mmcv-lite; mim install '
                '"mmcv==2.1.0"), or use a model without this operator.'
            )

        return missing


def provide_mmcv_ext() -> bool:
    """Let ``mmcv.ops`` import under mmcv-lite; step aside when the full mmcv is installed.

    Returns:
        bool: Whether the stand-in is in use.
    """
    if _EXT in sys.modules:
        return isinstance(sys.modules[_EXT], _MissingOperators)
    if importlib.util.find_spec(_EXT) is not None:
        return False
    stand_in = _MissingOperators(_EXT)
    # mmengine asks the import system whether the compiled module exists: a spec without a loader answers "no",
    # a missing spec would raise.
    stand_in.__spec__ = ModuleSpec(_EXT, loader=None)
    sys.modules[_EXT] = stand_in
    return True


def _history_buffer_attribute(cls: type, name: str):
    """The one use of ``getattr`` in an MMEngine checkpoint: a statistics method of ``HistoryBuffer``."""
    from mmengine.logging import HistoryBuffer

    if cls is not HistoryBuffer or name not in HistoryBuffer._statistics_methods:
        raise ValueError(f'A checkpoint may not look up {name!r} of {cls!r}: it is not a plain MMEngine checkpoint.')
    return HistoryBuffer._statistics_methods[name]


def allow_mmengine_checkpoints() -> None:
    """Allow-list what MMEngine stores beside tensors: log histories and numpy scalars. Nothing else.

    A pickled ``HistoryBuffer`` refers to its own methods through ``getattr``. The builtin stays forbidden; the
    unpickler gets :func:`_history_buffer_attribute` under that name.
    """
    from mmengine.logging import HistoryBuffer

    HistoryBuffer()  # the first instance fills the table of statistics methods
    multiarray = np._core.multiarray if hasattr(np, '_core') else np.core.multiarray
    dtypes = [type(np.dtype(kind)) for kind in ('f2', 'f4', 'f8', 'i4', 'i8', 'u4', 'u8', '?')]
    torch.serialization.add_safe_globals(
        [
            HistoryBuffer,
            np.ndarray,
            np.dtype,
            *dtypes,
            # numpy 1 and numpy 2 write the same two functions under different names.
            *[
                (function, f'numpy.{core}.multiarray.{function.__name__}')
                for function in (multiarray.scalar, multiarray._reconstruct)
                for core in ('core', '_core')
            ],
            (_history_buffer_attribute, '__builtin__.getattr'),
            (_history_buffer_attribute, 'builtins.getattr'),
            (_history_buffer_attribute, 'getattr'),
        ]
    )


def keep_albumentations_quiet() -> None:
    """Let albumentations import without a request to the internet, unless the user has decided otherwise."""
    os.environ.setdefault('NO_ALBUMENTATIONS_UPDATE', '1')


provide_mmcv_ext()
allow_mmengine_checkpoints()
keep_albumentations_quiet()
