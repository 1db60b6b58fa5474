"""The only place that works around the versions of our dependencies.

Importing this module has these effects, all harmless when repeated:

* mmseg 1.2 imports ``mmcv.ops`` while it is imported, and mmcv-lite has no compiled operators.
  :func:`provide_mmcv_ext` puts a stand-in where the compiled module would be.
* PyTorch >= 2.6 reads checkpoints with ``weights_only=True``.
  :func:`allow_mmengine_checkpoints` names the classes that an MMEngine checkpoint holds.
* mmseg imports albumentations where it is installed, and that asks the internet for a newer version of itself.
  :func:`keep_albumentations_quiet` switches the question off.
* MMEngine looks for ``name::config`` only in packages that it has in a table.
  :func:`find_own_configs` lets it find ours.
* PyTorch refuses ``persistent_workers`` where ``num_workers`` is 0.
  :func:`let_loaders_do_without_workers` leaves it out there, so that one option is enough to load data in one process.
"""

import functools
import importlib.util
import os
import sys
import types
from difflib import get_close_matches
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import torch

_EXT = 'mmcv._ext'
_OWN = 'monfap_mm::'


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
        Whether the stand-in is in use.
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
    # numpy 1.26 has a package _core as well, which is empty until something is imported from it.
    multiarray = (np.core if np.__version__.startswith('1.') else np._core).multiarray
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


def own_config(name: str) -> str:
    """Path of a config of this package.

    Args:
        name: As 'monfap_mm::monfap/NAME.py', the path below ``configs``.

    Raises:
        FileNotFoundError: If there is no such config; names a similar one.
    """
    package = Path(__file__).resolve().parent
    # As installed, or as cloned.
    roots = [folder / 'configs' for folder in (package / '.mim', package.parent)]
    folder = next((root for root in roots if root.is_dir()), roots[0])
    path = folder / name.removeprefix(_OWN)
    if not path.is_file():
        known = [str(config.relative_to(folder)) for config in folder.rglob('*.py')]
        similar = get_close_matches(name.removeprefix(_OWN), known, n=1)
        raise FileNotFoundError(
            f'there is no config {name} in {folder}' + (f'; did you mean {_OWN}{similar[0]}?' if similar else '')
        )
    return str(path)


def find_own_configs() -> None:
    """Let ``_base_ = 'monfap_mm::...'`` and ``mmengine.hub`` work, whether installed or cloned.

    What they build is in mmseg's registries, so that is their scope.
    """
    import mmengine.hub.hub
    from mmengine.config import Config
    from mmengine.config.utils import MODULE2PACKAGE
    from mmengine.registry import MODELS, DefaultScope

    MODULE2PACKAGE[_OWN.removesuffix('::')] = 'monfap_mm'
    hub = mmengine.hub.hub
    get_path, get_config, get_model = Config._get_cfg_path, hub.get_config, hub.get_model
    if hasattr(get_path, '__wrapped__'):
        return

    @functools.wraps(get_path)
    def find(cfg_path: str, filename: str) -> tuple[str, str | None]:
        return (own_config(cfg_path), 'mmseg') if cfg_path.startswith(_OWN) else get_path(cfg_path, filename)

    @functools.wraps(get_config)
    def get(cfg_path: str, pretrained: bool = False) -> Config:
        if not cfg_path.startswith(_OWN):
            return get_config(cfg_path, pretrained)
        if pretrained:
            raise ValueError(f'{cfg_path}: no weights are published yet, so pretrained=True has none to name')
        return Config.fromfile(own_config(cfg_path))

    @functools.wraps(get_model)
    def build(cfg_path: str, pretrained: bool = False, **kwargs) -> torch.nn.Module:
        if not cfg_path.startswith(_OWN):
            return get_model(cfg_path, pretrained, **kwargs)
        with DefaultScope.overwrite_default_scope('mmseg'):
            return MODELS.build(get(cfg_path, pretrained).model, default_args=kwargs)

    Config._get_cfg_path = staticmethod(find)
    mmengine.hub.get_config = hub.get_config = get
    mmengine.hub.get_model = hub.get_model = build


def let_loaders_do_without_workers() -> None:
    """Let ``num_workers=0`` work beside the ``persistent_workers=True`` of a base config."""
    from mmengine.runner import Runner

    build = Runner.build_dataloader
    if hasattr(build, '__wrapped__'):
        return

    @functools.wraps(build)
    def build_dataloader(dataloader, *args, **kwargs):
        if isinstance(dataloader, dict) and not dataloader.get('num_workers'):
            dataloader = {**dataloader, 'persistent_workers': False}
        return build(dataloader, *args, **kwargs)

    Runner.build_dataloader = staticmethod(build_dataloader)


provide_mmcv_ext()
find_own_configs()
let_loaders_do_without_workers()
allow_mmengine_checkpoints()
keep_albumentations_quiet()
