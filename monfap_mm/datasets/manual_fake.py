"""Manual-Fake: manipulated by hand, and sent through online social networks."""

from collections.abc import Sequence

from mmseg.registry import DATASETS

from .forgery_dataset import ForgeryDataset

NETWORKS = ('untrans', 'facebook', 'tiktok', 'wechat', 'whatsapp', 'youtube')


@DATASETS.register_module()
class ManualFakeDataset(ForgeryDataset):
    """Manual-Fake, one list ``test_<network>.txt`` in ``data_root`` for each online social network.

    Args:
        osn: The networks to read: one of ``untrans`` (not transmitted), ``facebook``,
            ``tiktok``, ``wechat``, ``whatsapp``, ``youtube``, several of them, or ``all``. Default: 'untrans'.
        ann_file: The lists, relative to ``data_root``, where ``{osn}`` stands for the network. Default:
            'test_{osn}.txt'.
        data_root: Folder of the dataset. Default: 'data/manual_fake'.
        **kwargs: Arguments of :class:`ForgeryDataset`.

    Raises:
        ValueError: If a network is unknown, or none is given.
    """

    METAINFO = dict(ForgeryDataset.METAINFO, dataset_type='Manual-Fake')

    def __init__(
        self,
        osn: str | Sequence[str] = 'untrans',
        ann_file: str = 'test_{osn}.txt',
        data_root: str = 'data/manual_fake',
        **kwargs,
    ):
        names = [osn] if isinstance(osn, str) else list(osn)
        unknown = [name for name in names if name not in (*NETWORKS, 'all')]
        if unknown or not names:
            raise ValueError(f'osn must name some of {", ".join(NETWORKS)}, or be "all", got {osn!r}')
        self.osn = NETWORKS if 'all' in names else tuple(dict.fromkeys(names))
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)

    def list_files(self) -> list[str]:
        """Paths of the networks' lists; one path if ``ann_file`` does not depend on the network."""
        return list(dict.fromkeys(self.ann_file.replace('{osn}', name) for name in self.osn))
