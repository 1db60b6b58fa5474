"""Face Forensics in the Wild (FFIW)."""

from mmseg.registry import DATASETS

from .forgery_dataset import ForgeryDataset


@DATASETS.register_module()
class FFIWDataset(ForgeryDataset):
    """FFIW: frames of videos with several faces. Lists ``train.txt``, ``val.txt`` and ``test.txt`` in ``data_root``.

    Args:
        ann_file: The list, relative to ``data_root``. Default: 'train.txt'.
        data_root: Folder of the dataset. Default: 'data/ffiw'.
        **kwargs: Arguments of :class:`ForgeryDataset`.
    """

    METAINFO = dict(ForgeryDataset.METAINFO, dataset_type='FFIW')

    def __init__(self, ann_file: str = 'train.txt', data_root: str = 'data/ffiw', **kwargs):
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)
