"""OpenForensics-V2 (OFV2)."""

from mmseg.registry import DATASETS

from .forgery_dataset import ForgeryDataset


@DATASETS.register_module()
class OFV2Dataset(ForgeryDataset):
    """OFV2: multi-face images with swapped faces. Lists ``train.txt``, ``val.txt`` and ``test.txt`` in ``data_root``.

    Args:
        ann_file: The list, relative to ``data_root``. Default: 'train.txt'.
        data_root: Folder of the dataset. Default: 'data/ofv2'.
        **kwargs: Arguments of :class:`ForgeryDataset`.
    """

    METAINFO = dict(ForgeryDataset.METAINFO, dataset_type='OFV2')

    def __init__(self, ann_file: str = 'train.txt', data_root: str = 'data/ofv2', **kwargs):
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)
