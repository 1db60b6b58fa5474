"""Base dataset: images with a real/fake label and a mask of the manipulated pixels, read from lists."""

import logging
import os

from mmengine import fileio
from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend
from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from ..structures.classes import CLASSES, PALETTE
from .forgery_list import FileIndex, ListEntry, parse_list

MAX_SHOWN_PROBLEMS = 10


@DATASETS.register_module()
class ForgeryDataset(BaseSegDataset):
    """Images that are real or manipulated, with masks of the manipulated pixels.

    A list has one sample a line, tab-separated: ``<image> <0|1> [<mask>]``; see
    :mod:`monfap_mm.datasets.forgery_list`, which also reads the authors' lists. Paths are relative to the list's
    folder. ``data_prefix=dict(img_path=..., seg_map_path=...)`` names other folders, relative to ``data_root``.

    Args:
        ann_file (str): The list, relative to ``data_root``.
        data_prefix (dict, optional): Folders that the paths of images (``img_path``) and masks (``seg_map_path``)
            are relative to. A folder that is not named is the list's. Defaults to None.
        check_files (bool): Whether to check that all files exist when the dataset is built. Files on a remote
            storage are not checked. Defaults to True.
        on_error (str): What to do with a sample that cannot be read or transformed in training: ``'replace'`` logs it
            and takes another, ``'raise'`` stops. In test mode errors are always raised. Defaults to 'replace'.
        max_refetch (int): How many samples in a row may be replaced before training stops. Defaults to 20.
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
        on_error: str = 'replace',
        max_refetch: int = 20,
        **kwargs,
    ):
        if on_error not in ('replace', 'raise'):
            raise ValueError(f'on_error must be "replace" or "raise", got {on_error!r}')
        if not ann_file:
            raise ValueError(f'{type(self).__name__} needs ann_file, the list of its images')
        self.check_files = check_files
        self.on_error = on_error
        self._failures_in_a_row = 0
        super().__init__(ann_file=ann_file, data_prefix=data_prefix or {}, max_refetch=max_refetch, **kwargs)
        if tuple(self._metainfo['classes']) != CLASSES:
            raise ValueError(f'The classes of {type(self).__name__} are {CLASSES}, got {self._metainfo["classes"]}')

    def list_files(self) -> list[str]:
        """Paths of the lists that make up the dataset."""
        return [self.ann_file]

    def load_data_list(self) -> list[dict]:
        """Read the lists.

        Returns:
            list[dict]: One dict a sample: img_path, seg_map_path (None for a real image without a mask), gt_label
            (0 real, 1 fake), reduce_zero_label and seg_fields.
        """
        files = FileIndex() if self._is_local() else None
        samples, malformed, missing = [], [], []
        for path in self.list_files():
            entries, problems = parse_list(self._read_text(path))
            malformed += [f'{path}:{line}: {reason}' for line, reason in problems]
            if not entries and not problems:
                raise ValueError(f'The list {path} names no image')
            for entry in entries:
                sample = self._to_sample(entry, os.path.dirname(path), files)
                samples.append(sample)
                if self.check_files and files is not None:
                    missing += [f'{path}:{entry.line}: missing {problem}' for problem in _missing_files(sample, files)]
        if malformed:
            raise ValueError(_summary('malformed lines', malformed))
        if missing:
            raise FileNotFoundError(_summary('missing files', missing))
        return samples

    def prepare_data(self, idx: int) -> dict | None:
        """Run the pipeline on a sample.

        Args:
            idx (int): Index of the sample.

        Returns:
            dict | None: The packed sample; None in training when the sample is broken, upon which mmengine draws
            another one.

        Raises:
            RuntimeError: In training, when ``max_refetch`` samples in a row are broken.
        """
        try:
            data = super().prepare_data(idx)
        except Exception as error:
            if self.test_mode or self.on_error == 'raise':
                raise
            self._report_broken(idx, error)
            return None
        self._failures_in_a_row = 0
        return data

    def _report_broken(self, idx: int, error: Exception) -> None:
        message = f'{self.get_data_info(idx)["img_path"]}: {type(error).__name__}: {error}'
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= self.max_refetch:
            raise RuntimeError(
                f'{self._failures_in_a_row} samples of {self.ann_file} in a row are broken, the last one is {message}'
            ) from error
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

    def _to_sample(self, entry: ListEntry, folder: str, files: FileIndex | None) -> dict:
        mask = entry.mask
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
            reduce_zero_label=False,
            seg_fields=[],
        )


def _missing_files(sample: dict, files: FileIndex) -> list[str]:
    paths = {'image': sample['img_path'], 'mask': sample['seg_map_path']}
    return [f'{kind} {path}' for kind, path in paths.items() if path is not None and path not in files]


def _summary(kind: str, problems: list[str]) -> str:
    lines = [f'{len(problems)} {kind}:', *problems[:MAX_SHOWN_PROBLEMS]]
    if len(problems) > MAX_SHOWN_PROBLEMS:
        lines.append(f'... and {len(problems) - MAX_SHOWN_PROBLEMS} more')
    return '\n  '.join(lines)
