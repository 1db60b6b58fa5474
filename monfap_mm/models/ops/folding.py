"""The inference form of a model: constants are folded, and nothing is used that does not answer as before."""

import copy
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.model.utils import _BatchNormXd
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.utils.hooks import RemovableHandle

# Exactly these: a subclass may do more, such as timm's BatchNormAct2d, which holds an activation. The last one is what
# MMEngine turns SyncBatchNorm into on a CPU.
BATCH_NORMS = (nn.BatchNorm2d, nn.SyncBatchNorm, _BatchNormXd)
# Of the largest value: ten times what rounding does.
TOLERANCE = 1e-4
TOLERANCE_OF_HALF = 2e-2
# The part that is all of the model, as PyTorch names it.
WHOLE = ''


class Foldable:
    """A module that has a faster form once its weights are constant."""

    def inference_form(self) -> nn.Module:
        """A module that computes the same; this one stays as it is."""
        raise NotImplementedError


def fold(model: nn.Module, run: Callable[[], Any]) -> None:
    """Swap in the inference forms of all :class:`Foldable` modules, and merge batch norms into convolutions.

    A batch norm is merged where it is registered right after a convolution. That does not prove that it is applied
    there, so the parts are compared, see :func:`swap`.

    Args:
        model: In eval mode; changed in place.
        run: A forward pass of the model.
    """
    swap(model, _inference_forms(model), run)


def swap(model: nn.Module, replacements: Iterable[Mapping[str, nn.Module]], run: Callable[[], Any]) -> None:
    """Replace modules, part by part, where the part computes the same with them.

    A part is the outermost module below the model that ``run`` calls. What it does not call is left alone; a part that
    answers otherwise, or fails, gets its own modules back, and a line in the log says so. Modules of several parts that
    only together compute the same are compared by what ``run`` returns.

    Args:
        model: In eval mode; changed in place.
        replacements: By name, as ``named_modules`` has it; those in one mapping go together.
        run: A forward pass of the model.
    """
    with torch.no_grad(), _without_tf32():
        by_part = _by_part(model, list(replacements), run)
        calls = _record(model, by_part, run)
        # The whole comes first, while the parts have not added their rounding.
        for part in sorted(by_part, key=lambda part: part != WHOLE):
            own = {name: model.get_submodule(name) for name in by_part[part]}
            _put(model, by_part[part])
            problem = _difference(model.get_submodule(part) if part else run, calls[part])
            if problem:
                _put(model, own)
                _say_unchanged(part or ', '.join(own), model.get_submodule(part), problem)


def _say_unchanged(name: str, module: nn.Module, problem: str) -> None:
    text = f'{name} ({type(module).__name__}) is used as it is: rewritten, it {problem}.'
    print_log(text, 'current', logging.WARNING)


def _by_part(
    model: nn.Module, replacements: Sequence[Mapping[str, nn.Module]], run: Callable[[], Any]
) -> dict[str, dict[str, nn.Module]]:
    """The replacements of each part."""
    called, handles = set(), []
    candidates = {outer for together in replacements for name in together for outer in _outer_names(name)}
    for name in candidates:
        hook = model.get_submodule(name).register_forward_pre_hook(lambda *_, name=name: called.add(name))
        handles.append(hook)
    with _removing(handles):
        run()
    by_part = defaultdict(dict)
    for together in replacements:
        parts = {next((outer for outer in _outer_names(name) if outer in called), None) for name in together}
        if None not in parts:
            by_part[parts.pop() if len(parts) == 1 else WHOLE] |= together
    return by_part


def _outer_names(name: str) -> list[str]:
    """Names of the modules around a module, the outermost first, and its own."""
    pieces = name.split('.')
    return ['.'.join(pieces[:i]) for i in range(1, len(pieces) + 1)]


def _inference_forms(module: nn.Module, prefix: str = '') -> Iterator[dict[str, nn.Module]]:
    """Replacements below a module by name, those that go together in one dict."""
    last_name, last = '', None
    for name, child in module.named_children():
        if isinstance(child, Foldable):
            yield {prefix + name: child.inference_form()}
        elif _can_merge(last, child):
            yield {prefix + last_name: fuse_conv_bn_eval(last, child), prefix + name: nn.Identity()}
        else:
            yield from _inference_forms(child, f'{prefix}{name}.')
        last_name, last = name, child


def _can_merge(conv: nn.Module | None, norm: nn.Module) -> bool:
    return (
        type(conv) is nn.Conv2d
        and type(norm) in BATCH_NORMS
        and norm.running_mean is not None
        and norm.num_features == conv.out_channels
    )


def _put(model: nn.Module, modules: Mapping[str, nn.Module]) -> None:
    for name, module in modules.items():
        parent, _, child = name.rpartition('.')
        setattr(model.get_submodule(parent), child, module)


def _record(model: nn.Module, parts: Sequence[str], run: Callable[[], Any]) -> dict[str, list[tuple]]:
    """Arguments and results of the calls of each part; the whole is ``run``, called once.

    Copies, since a later layer may work in place.
    """
    calls, pending = defaultdict(list), {}

    def before(part: str, args: tuple, kwargs: dict) -> None:
        pending[part] = copy.deepcopy((args, kwargs))

    def after(part: str, result: Any) -> None:
        calls[part].append((*pending.pop(part), copy.deepcopy(result)))

    handles = []
    for part in parts:
        if part == WHOLE:
            continue
        module = model.get_submodule(part)
        handles += [
            module.register_forward_pre_hook(lambda _, *call, part=part: before(part, *call), with_kwargs=True),
            module.register_forward_hook(lambda _, args, result, part=part: after(part, result)),
        ]
    with _removing(handles):
        calls[WHOLE].append(((), {}, run()))
    return calls


def _difference(part: Callable[..., Any], calls: Sequence[tuple]) -> str | None:
    """What the part does otherwise than when it was recorded, as a verb with its object; None if nothing."""
    for args, kwargs, expected in calls:
        try:
            found = part(*copy.deepcopy(args), **copy.deepcopy(kwargs))
        except Exception as error:  # any backbone may fail in its own way
            return f'fails ({" ".join(str(error).split())[:200]})'
        for a, b in zip(_tensors(found), _tensors(expected), strict=True):
            if not b.is_floating_point():
                continue
            tolerance = TOLERANCE_OF_HALF if b.dtype in (torch.half, torch.bfloat16) else TOLERANCE
            difference = ((a - b).abs().max() / b.abs().max().clamp(min=torch.finfo(b.dtype).tiny)).item()
            if not difference <= tolerance:
                return f'differs on noise by {difference:.1e} of the largest value'
    return None


def _tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors(list(value.values()))
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)


@contextmanager
def _removing(handles: Sequence[RemovableHandle]) -> Iterator[None]:
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _without_tf32() -> Iterator[None]:
    """Without the rounding of Ampere GPUs in convolutions, which is larger than what is looked for."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
