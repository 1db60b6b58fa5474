"""Base dataset: images with a real/fake label and a mask of the manipulated pixels, read from lists."""

import logging
import os
from collections.abc import Sequence

from mmengine import fileio
from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend
from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from ..media.masks import DEFAULT_MASK_VALUES, check_mask_values
from ..structures.classes import CLASSES, PALETTE
from .broken_samples import BrokenSamples
from .forgery_list import FileIndex, ListEntry, parse_list

MAX_SHOWN_PROBLEMS = 10
MASKS = ('required', 'optional')


@DATASETS.register_module()
class ForgeryDataset(BaseSegDataset):
    """Images that are real or manipulated, with masks of the manipulated pixels.

    A list has one sample per line, tab-separated: ``<image> <0|1> [<mask>]``; see
    :mod:`monfap_mm.datasets.forgery_list`, which also reads the authors' lists. Paths are relative to the list's
    folder. ``data_prefix=dict(img_path=..., seg_map_path=...)`` names other folders, relative to ``data_root``.

    Args:
        ann_file: The list, relative to ``data_root``.
        data_prefix: Folders that the paths of images (``img_path``) and masks (``seg_map_path``)
            are relative to. A folder that is not named is the list's. Default: None.
        check_files: Whether to check that all files exist when the dataset is built. Files on a remote
            storage are not checked. Default: True.
        mask_values: Which values of a mask are fake: ``'above_127'``, or ``'nonzero'`` for masks of 0 and 1 or of
            dark colors. Default: 'above_127'.
        masks: Whether a fake image must have a mask: ``'required'``, or ``'optional'``: one without trains the loss of
            the image alone. All pixels of its mask are 255, "no statement". Default: 'required'.
        on_error: What to do with a sample that cannot be read or transformed: ``'raise'`` stops, ``'replace'``
            logs it and takes another one, which is for training sets only: in test mode errors are always raised.
            Default: 'raise', since a figure on other pictures than those of the list is not the figure of the list.
        max_refetch: How many samples in a row may be replaced before training stops; as many of one label stop
            it if none of that label was sound. Default: 20.
        max_broken: Largest share of replaced samples among the real, and among the fake ones, 0 to 1. One of
            each is always forgiven. Default: 0.1.
        **kwargs: Arguments of mmseg's ``BaseSegDataset``.

    Raises:
        FileNotFoundError: If the list, or a file that it names, does not exist.
        ValueError: If the list is empty or has malformed lines, or an argument is wrong.
    """

    METAINFO = dict(classes=CLASSES, palette=PALETTE)

    def __init__(
        self,
        ann_file: str,
        data_prefix: dict | None = None,
        check_files: bool = True,
        mask_values: str = DEFAULT_MASK_VALUES,
        masks: str = 'required',
        on_error: str = 'raise',
        max_refetch: int = 20,
        max_broken: float = 0.1,
        **kwargs,
    ):
        if on_error not in ('replace', 'raise'):
            raise ValueError(f'on_error must be "replace" or "raise", got {on_error!r}')
        if not 0 <= max_broken <= 1:
            raise ValueError(f'max_broken must be a share from 0 to 1, got {max_broken!r}')
        if masks not in MASKS:
            raise ValueError(f'masks must be "required" or "optional", got {masks!r}')
        if not ann_file:
            raise ValueError(f'{type(self).__name__} needs ann_file, the list of its images')
        self.check_files = check_files
        self.mask_values = check_mask_values(mask_values)
        self.masks = masks
        self.on_error = on_error
        self.max_broken = max_broken
        self._failures_in_a_row = 0
        self._broken: BrokenSamples | None = None
        super().__init__(ann_file=ann_file, data_prefix=data_prefix or {}, max_refetch=max_refetch, **kwargs)
        if tuple(self._metainfo['classes']) != CLASSES:
            raise ValueError(f'The classes of {type(self).__name__} are {CLASSES}, got {self._metainfo["classes"]}')

    def list_files(self) -> list[str]:
        """Paths of the lists that make up the dataset."""
        return [self.ann_file]

    def load_data_list(self) -> list[dict]:
        """Read the lists.

        Returns:
            One dict per sample: img_path, seg_map_path (None for an image without a mask), gt_label (0 real,
            1 fake), mask_values, listed_at (the list and the line, for messages), reduce_zero_label and seg_fields.
        """
        files = FileIndex() if self._is_local() else None
        samples, malformed, missing = [], [], []
        for path in self.list_files():
            entries, problems = parse_list(self._read_text(path), self.masks == 'optional')
            malformed += [f'{path}:{line}: {reason}' for line, reason in problems]
            if not entries and not problems:
                raise ValueError(f'The list {path} names no image')
            for entry in entries:
                sample = self._to_sample(entry, path, files)
                samples.append(sample)
                if self.check_files and files is not None:
                    missing += _missing_files(sample, files)
        if malformed:
            raise ValueError(_summary('malformed lines', malformed))
        if missing:
            raise FileNotFoundError(_summary('missing files', missing))
        return samples

    def full_init(self) -> None:
        """Read the lists, unless that was done."""
        if not self._fully_initialized:
            super().full_init()
            self._track_broken()

    def get_subset(self, indices: Sequence[int] | int) -> 'ForgeryDataset':
        """A data set of some samples, see mmengine's ``BaseDataset``."""
        subset = super().get_subset(indices)
        subset._track_broken()
        return subset

    def get_subset_(self, indices: Sequence[int] | int) -> None:
        """Keep some samples only, see mmengine's ``BaseDataset``."""
        super().get_subset_(indices)
        self._track_broken()

    def get_cat_ids(self, idx: int) -> list[int]:
        """The label of a sample, 0 or 1, in the form that ``mmengine.ClassBalancedDataset`` asks for."""
        return [self.get_data_info(idx)['gt_label']]

    def _track_broken(self) -> None:
        if self.on_error == 'replace':
            self._broken = BrokenSamples(len(self), self.max_broken, self.max_refetch)

    def prepare_data(self, idx: int) -> dict | None:
        """Run the pipeline on a sample.

        Args:
            idx: Index of the sample.

        Returns:
            The packed sample; None when the sample is broken and is to be replaced, upon which mmengine
            draws another one.

        Raises:
            ValueError: If the sample is broken and is not to be replaced; names the line of the list and the file.
            RuntimeError: If too many samples are broken: ``max_refetch`` in a row, all of a label, or more than the
                share ``max_broken``.
        """
        try:
            data = super().prepare_data(idx)
        except Exception as error:
            message = self._describe(idx, error)
            if self.test_mode or self.on_error == 'raise':
                raise ValueError(message) from error
            self._report_broken(idx, message, error)
            return None
        self._failures_in_a_row = 0
        if self._broken is not None:
            self._broken.add(idx, broken=False)
        return data

    def _describe(self, idx: int, error: Exception) -> str:
        sample = self.get_data_info(idx)
        return f'{sample["listed_at"]}: {sample["img_path"]}: {type(error).__name__}: {error}'

    def _report_broken(self, idx: int, message: str, error: Exception) -> None:
        self._failures_in_a_row += 1
        self._broken.add(idx, broken=True)
        if self._failures_in_a_row >= self.max_refetch:
            verdict = f'{self._failures_in_a_row} samples of {self.ann_file} in a row are broken'
        else:
            verdict = self._broken.verdict(lambda index: self.get_data_info(index)['gt_label'])
        if verdict:
            raise RuntimeError(f'{verdict}, the last one is {message}') from error
        # On the console mmengine shows warnings of the main process only, and errors of all.
        level = logging.WARNING if is_main_process() else logging.ERROR
        print_log(f'Broken sample replaced by another one: {message}', logger='current', level=level)

    def _is_local(self) -> bool:
        return isinstance(fileio.get_file_backend(self.ann_file, backend_args=self.backend_args), LocalBackend)

    def _read_text(self, path: str) -> str:
        try:
            # utf-8-sig drops the byte order mark that editors on Windows write.
            return fileio.get_text(path, encoding='utf-8-sig', backend_args=self.backend_args)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise FileNotFoundError(
                f'The list {path} of {type(self).__name__} does not exist: check data_root and ann_file'
            ) from error
        except UnicodeDecodeError as error:
            raise ValueError(f'The list {path} is not UTF-8 text: {error}') from error

    def _to_sample(self, entry: ListEntry, path: str, files: FileIndex | None) -> dict:
        folder, mask = os.path.dirname(path), entry.mask
        if mask is not None:
            mask = os.path.join(self.data_prefix.get('seg_map_path', folder), mask)
            if entry.derived and files is not None and mask not in files:
                # Masks of JPEG images are often PNG.
                png = f'{os.path.splitext(mask)[0]}.png'
                mask = png if png in files else mask
        return dict(
            img_path=os.path.join(self.data_prefix.get('img_path', folder), entry.image),
            seg_map_path=mask,
            gt_label=entry.label,
            mask_values=self.mask_values,
            listed_at=f'{path}:{entry.line}',
            reduce_zero_label=False,
            seg_fields=[],
        )


def _missing_files(sample: dict, files: FileIndex) -> list[str]:
    paths = {'image': sample['img_path'], 'mask': sample['seg_map_path']}
    return [
        f'{sample["listed_at"]}: missing {kind} {path}'
        for kind, path in paths.items()
        if path is not None and path not in files
    ]


def _summary(kind: str, problems: list[str]) -> str:
    lines = [f'{len(problems)} {kind}:', *problems[:MAX_SHOWN_PROBLEMS]]
    if len(problems) > MAX_SHOWN_PROBLEMS:
        lines.append(f'... and {len(problems) - MAX_SHOWN_PROBLEMS} more')
    return '\n  '.join(lines)
