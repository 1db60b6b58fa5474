"""Pictures of one's own, annotated with a tool: LabelMe's JSON, COCO's JSON (CVAT, Label Studio, Roboflow), masks."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path, PurePosixPath

import numpy as np

from ..jobs.errors import JobError
from ..jobs.job import Entry, Outcome, Task
from ..jobs.output_files import place_image, write_mask
from ..media.errors import BadInput
from ..media.folders import find_files
from ..media.headers import read_header
from ..media.images import read_image, read_mask
from ..media.masks import fake_pixels, oddity
from ..media.orientation import as_shown
from ..media.paths import by_letters, find_alike, safe_join, safe_name
from ..utils.provenance import hash_text
from .coco import CocoAnnotation, CocoImage, read_coco
from .image_forgery.sample import fit_mask
from .labelme import read_labelme
from .openforensics import draw_face

SPLITS = ('train', 'val', 'test')
_UNSURE = 'it has no annotation, but there are some that fit no picture'
_JSON = frozenset({'.json'})
_MASK_ENDS = ('_mask', '_gt', '-mask')
_LABEL_ONLY = "fakes without a mask, for masks='optional' of the data set"


@dataclass(frozen=True)
class _Picture:
    """What a worker needs to know of one picture.

    Attributes:
        path: Below the source folder.
        size: Height and width in the annotations, if they are there.
        fakes: What is marked as forged.
        mask: Path of a mask below the source folder; empty if there is none.
    """

    path: str
    size: tuple[int, int] | None = None
    fakes: tuple[CocoAnnotation, ...] = ()
    mask: str = ''


def find_labelme(src: Path, fake: Collection[str], real: Collection[str], max_pixels: int) -> list[CocoImage]:
    """The pictures of LabelMe's files below a folder; a label that is neither fake nor real is a problem."""
    read = (read_labelme(src, name, max_pixels) for name in find_files(src, _JSON))
    images = [image for image in read if image is not None]
    for image in images:
        for label in sorted({annotation.category for annotation in image.annotations} - {*fake, *real}):
            image.problems.append(f'the label {label!r} is neither one of --fake nor of --real')
    return images


def find_coco(src: Path, fake: Collection[str], real: Collection[str]) -> tuple[list[CocoImage], list[str]]:
    """The pictures of all COCO files below a folder, by their path below it; and what fits none of them.

    Raises:
        JobError: If one cannot be read, or has none of the categories of forged regions.
    """
    pictures, images, strays = defaultdict(list), [], []
    for path in find_files(src):
        pictures[PurePosixPath(path).name.casefold()].append(path)
    for name in find_files(src, _JSON):
        try:
            path = safe_join(src, name)
        except BadInput as error:
            raise JobError(f'Cannot read the annotations {src / name}: {error}') from error
        found, others = read_coco(path, fake, optional=real)
        strays += others
        for image in found:
            try:
                image.name = _find_picture(str(image.name).replace('\\', '/'), PurePosixPath(name).parent, pictures)
            except BadInput as error:
                image.problems.append(str(error))
        images += found
    return images, strays


def _find_picture(name: str, folder: PurePosixPath, pictures: dict[str, list[str]]) -> str:
    """A picture by the name that an export has for it: beside its file, or the only one whose path ends so.

    Names are taken as they are written, and where none is so, without their letter case.
    """
    alike = pictures.get(PurePosixPath(name).name.casefold(), [])
    same = [path for path in alike if PurePosixPath(path).name == PurePosixPath(name).name] or alike
    for path in (str(folder / name), name):
        if path in same:
            return path
    ending = [path for path in same if f'/{path}'.casefold().endswith(f'/{name}'.casefold())] or same
    if len(ending) != 1:
        raise BadInput(f'{name}: there {"is no such picture" if not ending else f"are {len(ending)} of this name"}')
    return ending[0]


def list_marked(images: Iterable[CocoImage], strays: Collection[str], fake: Collection[str]) -> list[Task]:
    """A task for every annotated picture, and one for everything that fits none, which is bad."""
    named: dict[str, list[CocoImage]] = {}
    for image in images:
        named.setdefault(image.name, []).append(image)
    tasks = []
    for path, same in named.items():
        problems = [problem for image in same for problem in image.problems]
        if len(same) > 1:
            problems.append(f'it is annotated {len(same)} times')
        if strays and not problems and not same[0].annotations:
            problems.append(_UNSURE)
        fakes = tuple(annotation for annotation in same[0].annotations if annotation.category in fake)
        tasks.append(Task(path, '; '.join(dict.fromkeys(problems)) or _Picture(path, same[0].size, fakes)))
    return tasks + [Task(f'annotations: {number}', stray) for number, stray in enumerate(strays)]


def list_masked(pictures: Collection[str], masks: Iterable[str]) -> list[Task]:
    """A task for every picture that has a mask: a file of its name, to which ``_mask`` or ``_gt`` may be added.

    Names that differ in nothing but letter case fit where there is one alone.

    Raises:
        JobError: If a mask fits no picture, or several, or one that has a mask already.
    """
    stems, found = defaultdict(list), {}
    for path in pictures:
        stems[PurePosixPath(path).stem].append(path)
    known = by_letters(stems)
    for mask in masks:
        stem = PurePosixPath(mask).stem
        names = [stem, *(stem[: -len(end)] for end in _MASK_ENDS if stem.lower().endswith(end))]
        alike = next((stems[like] for name in names if (like := find_alike(name, known))), [])
        if len(alike) != 1 or alike[0] in found:
            raise JobError(f'{mask} should be the mask of one picture, and its only one; of that name: {alike}')
        found[alike[0]] = mask
    return [Task(path, _Picture(path, mask=mask)) for path, mask in found.items()]


def list_unannotated(pictures: Collection[str], tasks: Iterable[Task]) -> list[Task]:
    """A task for every picture that has none yet: it shall be real, unless an annotation is left that could be its."""
    known = {task.key for task in tasks}
    is_sure = known.issubset(pictures)
    return [Task(path, _Picture(path) if is_sure else _UNSURE) for path in pictures if path not in known]


def is_in(path: str, folder: str | None) -> bool:
    """Whether a picture lies in a folder, or below it; in None lies nothing."""
    return folder is not None and PurePosixPath(path).is_relative_to(folder)


def divide(
    paths: Iterable[str], shares: tuple[float, float, float], seed: int, keep_folders: bool = False
) -> dict[str, str]:
    """Put pictures into an order that depends on their names and the seed alone, and cut it by the shares.

    Args:
        paths: The pictures.
        shares: Shares of train, val and test; only their proportions matter.
        seed: Another seed, another order.
        keep_folders: Whether the pictures of a folder stay together: those of one photograph, or of one video.

    Returns:
        Split by path.
    """
    groups = {path: str(PurePosixPath(path).parent) if keep_folders else path for path in paths}
    sizes, ends, splits, before = Counter(groups.values()), list(accumulate(shares)), {}, 0
    for group in sorted(sizes, key=lambda group: hash_text(f'{seed}:{group}')):
        middle = (before + sizes[group] / 2) / len(groups) * ends[-1]
        splits[group] = SPLITS[bisect_right(ends, middle)]
        before += sizes[group]
    return {path: splits[group] for path, group in groups.items()}


def convert(
    task: Task,
    dst: Path,
    *,
    src: Path,
    splits: dict[str, str],
    link: str,
    max_pixels: int,
    mask_values: str,
    fake_folder: str | None = None,
) -> Outcome:
    """Check a picture, draw or read what is marked, and give both to the set; the work of :func:`run_job`.

    Args:
        task: From one of the functions above.
        dst: Folder of the set.
        src: Folder of the pictures.
        splits: From :func:`divide`.
        link: How the set gets the picture, see :func:`place_image`.
        max_pixels: Largest picture or mask.
        mask_values: Which values of a mask are marked, a key of :data:`~monfap_mm.media.masks.MASK_VALUES`.
        fake_folder: Folder below ``src`` whose pictures are all fake; one in which nothing is marked gets no mask.
            Default: None.

    Raises:
        BadInput: If the picture, its annotation or its mask cannot be used.
    """
    if isinstance(task.args, str):
        raise BadInput(task.args)
    picture: _Picture = task.args
    source, name = safe_join(src, picture.path), safe_name(picture.path)
    counts: Counter[str] = Counter()
    mask = _find_mask(picture, src, max_pixels, mask_values, counts)
    is_marked = bool(mask.any())
    is_fake = is_marked or is_in(picture.path, fake_folder)
    if is_fake and not is_marked:
        if picture.mask:
            raise BadInput(f'Its mask {picture.mask} is empty, but all pictures of {fake_folder} are fake')
        counts[_LABEL_ONLY] += 1
    if is_marked and (odd := oddity(mask)):
        counts[odd] += 1
    mask_name = f'masks/{name}.png' if is_marked else None
    if mask_name:
        write_mask(dst, mask_name, mask)
    place_image(source, dst, f'images/{name}', link)
    info = {'sources': [picture.path], **({'notes': sorted(counts)} if counts else {})}
    return Outcome([Entry(f'images/{name}', int(is_fake), splits[picture.path], mask_name, info)], dict(counts))


def _find_mask(picture: _Picture, src: Path, max_pixels: int, mask_values: str, counts: Counter) -> np.ndarray:
    """What is marked in a picture, uint8 (H, W), as a viewer shows it; empty if nothing is.

    Raises:
        BadInput: If the picture, its annotation or its mask cannot be used.
    """
    source = safe_join(src, picture.path)
    header = read_header(source, max_pixels)
    shown = read_image(source, max_pixels).shape[:2]
    if picture.mask:
        marked = fake_pixels(read_mask(safe_join(src, picture.mask), max_pixels), mask_values)
        mask, note = fit_mask(marked, header)
        counts.update({note.split(':')[0]: 1} if note else {})
        return mask
    mask = _draw(picture, (header.height, header.width), shown, header.orientation, counts)
    if picture.fakes and not mask.any():
        raise BadInput('What is marked as forged covers no pixel of the picture')
    return mask


def _draw(
    picture: _Picture, stored: tuple[int, int], shown: tuple[int, int], orientation: int, counts: Counter
) -> np.ndarray:
    """The union of what is marked, uint8, as a viewer shows the picture, which is how the tools for annotation do.

    Annotations of the size of the stored pixels, where that is another one, are turned.

    Raises:
        BadInput: If the annotations are for a picture of another size, or something marked cannot be drawn.
    """
    size = picture.size or shown
    if size not in (shown, stored):
        raise BadInput(f'The annotations are for a picture of {size[0]} x {size[1]}, but it is {shown[0]} x {shown[1]}')
    union = np.zeros(size, np.uint8)
    for number, region in enumerate(picture.fakes, start=1):
        try:
            union |= draw_face(region, *size, counts)
        except BadInput as error:
            raise BadInput(f'Forged region {number} of {len(picture.fakes)}: {error}') from error
    return union if size == shown else as_shown(union, orientation)
