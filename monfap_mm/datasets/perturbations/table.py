"""From a table of perturbations, or names in it, to checked, applicable perturbations."""

import importlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType

import cv2
import numpy as np

from ...distribution import install_extra
from .families import PERTURBATIONS
from .own import OWN

# Uncommon, so that a transform that gives its own size is found out; large enough for the common ones to work.
TRIAL_SIZE = (251, 257)

# Applies a perturbation to an image (H, W, 3), uint8, BGR, and a mask (H, W) or None, drawing from a seed.
Apply = Callable[[np.ndarray, np.ndarray | None, int], tuple[np.ndarray, np.ndarray | None]]


@dataclass(frozen=True)
class Perturbation:
    """One entry of a table.

    Attributes:
        family: Name of its family.
        name: Its name.
        type: A transform of albumentations, or a name in ``OWN``.
        arguments: Its other arguments; a list holds one value for each severity.
    """

    family: str
    name: str
    type: str
    arguments: Mapping

    @property
    def num_severities(self) -> int | None:
        """How many severities the lists among the arguments define; None if there is no list."""
        lengths = {len(value) for value in self.arguments.values() if isinstance(value, list)}
        if len(lengths) > 1:
            raise ValueError(f'{self}: its lists have {_listed(sorted(lengths))} values, but each needs as many')
        return lengths.pop() if lengths else None

    def at(self, severity: int) -> dict:
        """The arguments at a severity, from 1.

        Raises:
            ValueError: If a list has no value for it.
        """
        if self.num_severities is not None and not 1 <= severity <= self.num_severities:
            raise ValueError(f'{self} has severities 1 to {self.num_severities}, got {severity}')
        return {k: v[severity - 1] if isinstance(v, list) else v for k, v in self.arguments.items()}

    def build(self, severity: int) -> Apply:
        """What applies it at a severity.

        Raises:
            ImportError: If it needs albumentations, which is not installed.
            ValueError: If the type is not known, or an argument is not right.
        """
        arguments = self.at(severity)
        if self.type in OWN:
            return self._build_own(OWN[self.type], arguments)
        library = _albumentations()
        transform = getattr(library, self.type, None)
        if not _is_transform(transform):
            known = [*OWN, *(name for name, value in vars(library).items() if _is_transform(value))]
            raise ValueError(f'{self}: {unknown("transform", self.type, known)}')
        try:
            with warnings.catch_warnings():
                # It only warns of an argument that it does not know, and takes the defaults.
                warnings.simplefilter('error', UserWarning)
                return _of_library(transform(**arguments, p=1.0))
        except (TypeError, ValueError, UserWarning) as error:
            raise ValueError(f'{self}: albumentations {library.__version__} refuses {arguments}: {error}') from error

    def try_out(self, severity: int) -> None:
        """Apply it at a severity to a gray picture, which shows what the arguments alone do not.

        Raises:
            ImportError: If it needs albumentations, which is not installed.
            ValueError: If it cannot be built or applied, or changes the size or type of the picture or its mask.
        """
        apply = self.build(severity)
        image, mask = np.full((*TRIAL_SIZE, 3), 128, np.uint8), np.zeros(TRIAL_SIZE, np.uint8)
        mask[TRIAL_SIZE[0] // 4 : TRIAL_SIZE[0] // 2] = 1
        try:
            done = apply(image, mask, 0)
        except Exception as error:  # it depends on the transform which
            problem = f'{type(error).__name__}: {error}'
            raise ValueError(
                f'{self}: {self.type} fails with {self.at(severity)} on a grey picture: {problem}'
            ) from error
        for what, old, new in zip(('picture', 'mask'), (image, mask), done):
            if new.shape != old.shape or new.dtype != old.dtype:
                raise ValueError(
                    f'{self}: {self.type} must keep size and type of picture and mask, but makes a {what} of '
                    f'{new.shape} {new.dtype} from {old.shape} {old.dtype}'
                )

    def _build_own(self, function: Callable, arguments: Mapping) -> Apply:
        try:
            inspect.signature(function).bind(None, None, None, **arguments)
        except TypeError as error:
            raise ValueError(f'{self}: {self.type} does not take {arguments}: {error}') from error
        return lambda image, mask, seed: function(image, mask, np.random.default_rng(seed), **arguments)

    def __str__(self) -> str:
        return f'perturbation {self.family}/{self.name}'


def load_table(families: Mapping | Iterable[str] | None = None) -> dict[str, list[Perturbation]]:
    """Read a table, or a part of the package's.

    Args:
        families: A table in the form of ``PERTURBATIONS``; or names of families and of single perturbations in
            ``PERTURBATIONS``; None for all of it.

    Returns:
        The perturbations by family.

    Raises:
        ValueError: If a name is not known, or an entry is not right.
    """
    if families is None:
        families = PERTURBATIONS
    elif not isinstance(families, Mapping):
        families = _select([families] if isinstance(families, str) else list(families))
    table = {family: _entries(family, entries) for family, entries in families.items()}
    if not table or not all(table.values()):
        raise ValueError('There is no perturbation to choose from: a table and each of its families need at least one')
    return table


def _select(names: Sequence[str]) -> dict[str, dict]:
    known = [*PERTURBATIONS, *(name for entries in PERTURBATIONS.values() for name in entries)]
    for name in names:
        if name not in known:
            raise ValueError(unknown('family or perturbation', name, known))
    chosen = {
        family: {name: entry for name, entry in entries.items() if family in names or name in names}
        for family, entries in PERTURBATIONS.items()
    }
    return {family: entries for family, entries in chosen.items() if entries}


def _entries(family: str, entries: Mapping) -> list[Perturbation]:
    if not isinstance(entries, Mapping):
        raise ValueError(f'perturbation family {family}: expected dict(<name>=dict(type=...)), got {entries!r}')
    return [_entry(family, *item) for item in entries.items()]


def _entry(family: str, name: str, entry: Mapping) -> Perturbation:
    if not isinstance(entry, Mapping) or not isinstance(entry.get('type'), str):
        raise ValueError(f'perturbation {family}/{name}: expected dict(type=..., <arguments>), got {entry!r}')
    return Perturbation(family, name, entry['type'], {k: v for k, v in entry.items() if k != 'type'})


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """A message on a name that is not known, with those that come close."""
    close = get_close_matches(name, list(known), cutoff=0.5)
    return f'There is no {kind} {name!r}' + (f'; did you mean {_listed(close, "or")}?' if close else '')


def _listed(values: Sequence, word: str = 'and') -> str:
    *first, last = map(str, values)
    return f'{", ".join(first)} {word} {last}' if first else last


def _albumentations() -> ModuleType:
    try:
        return importlib.import_module('albumentations')
    except ImportError as error:
        raise ImportError(
            f'Perturbations need albumentations, which is not there ({error}): {install_extra("perturb")}'
        ) from error


def _is_transform(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, _albumentations().BasicTransform)


def _of_library(transform: Callable) -> Apply:
    def apply(image, mask, seed):
        transform.set_random_seed(seed)
        done = transform(image=cv2.cvtColor(image, cv2.COLOR_BGR2RGB), mask=mask)
        return cv2.cvtColor(done['image'], cv2.COLOR_RGB2BGR), done['mask']

    return apply
