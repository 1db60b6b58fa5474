"""Draw predictions while the runner validates or tests."""

import os
from collections.abc import Sequence

import mmcv
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample

from ...datasets.transforms.loading import load_image
from ...utils.file_names import FileNames


@HOOKS.register_module()
class ForgeryVisualizationHook(Hook):
    """Draws samples of validation and test with the runner's visualizer.

    Pictures go to the visualizer's backends, with ``LocalVisBackend`` to
    ``<work_dir>/<timestamp>/vis_data/vis_image/<val|test>_<stem>_<step>.png``, or with ``out_dir`` to
    ``<out_dir>/<stem>.png``. Where two images share a stem, the later one's name also has its index in the dataset;
    with several processes, which do not know of each other's names, all names have it.

    Args:
        draw: Whether to draw; mmseg's ``tools/test.py`` sets it for ``--show`` and ``--show-dir``. Default:
            False.
        interval: Draw the samples whose index in the dataset is a multiple of it. Default: 1.
        show: Whether to show the pictures in a window, and not to write them. Default: False.
        wait_time: Seconds to show each, 0 for ever. Default: 0.
        out_dir: Folder to write the pictures to. Default: None, the visualizer's backends. All
            processes write there, whereas backends draw the main process' share only.
        backend_args: Arguments of mmengine's file backend that reads the images. Default: None.

    Raises:
        ValueError: If ``interval`` is not positive.
    """

    def __init__(
        self,
        draw: bool = False,
        interval: int = 1,
        show: bool = False,
        wait_time: float = 0.0,
        out_dir: str | None = None,
        backend_args: dict | None = None,
    ):
        if interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}')
        self.draw = draw
        self.interval = interval
        self.show = show
        self.wait_time = wait_time
        self.out_dir = out_dir
        self.backend_args = backend_args
        self._unique_name = FileNames()
        self._trains = False

    def before_run(self, runner: Runner) -> None:
        """Check that the visualizer draws at all.

        Raises:
            TypeError: If the runner has mmengine's default visualizer, which draws nothing.
        """
        if self.draw and type(runner.visualizer).add_datasample is Visualizer.add_datasample:
            raise TypeError(
                f'{type(runner.visualizer).__name__} draws no samples: set visualizer=dict(type="ForgeryVisualizer", '
                'vis_backends=[dict(type="LocalVisBackend")]) in the config'
            )

    def before_train(self, runner: Runner) -> None:
        """Note that pictures belong to an iteration of training."""
        self._trains = True

    def _after_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict,
        outputs: Sequence[SegDataSample],
        mode: str = 'val',
    ) -> None:
        """Draw a batch.

        Args:
            runner: The runner.
            batch_idx: Index of the batch.
            data_batch: Not used.
            outputs: Predictions with ground truth.
            mode: 'train', 'val' or 'test'.
        """
        if not self.draw or mode == 'train':
            return
        for position, sample in enumerate(outputs):
            index = sample.get('sample_idx', batch_idx * len(outputs) + position)
            if index % self.interval == 0:
                self._draw(runner, sample, index, mode)

    def _draw(self, runner: Runner, sample: SegDataSample, index: int, mode: str) -> None:
        image = load_image(sample.img_path, self.backend_args)
        name = self._unique_name(sample.img_path, index)
        runner.visualizer.add_datasample(
            f'{mode}_{name}',
            mmcv.bgr2rgb(image),
            data_sample=sample,
            show=self.show,
            wait_time=self.wait_time,
            out_file=os.path.join(self.out_dir, f'{name}.png') if self.out_dir else None,
            # A runner that only tests has no iteration: asked for it, it would build the training set.
            step=runner.iter if self._trains else 0,
        )
