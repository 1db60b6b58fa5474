"""A model as a graph that takes any batch, height and width."""

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from mmseg.models.utils import Upsample
from torch import Tensor, nn

from ..distribution import install_extra
from ..model_files.onnx_metadata import CARD, KEY, OnnxMetadata
from ..model_files.onnx_seal import seal
from ..models import ForgerySegmentor
from ..models.ops import swap
from .preprocessing import Preprocessing
from .same_padding import EndAlignedConv, is_same_conv

if TYPE_CHECKING:
    import onnx

DYNAMIC = {0: 'batch', 1: 'height', 2: 'width'}
# Neither 0 nor 1, which export takes for constants, and sides that no stride of a backbone divides.
EXAMPLE_SHAPE, EXAMPLE_SIZE = (2, 135, 202, 3), (150, 101)
OPSET = 18
# Backbones whose code turns sizes into constants, or keeps PyTorch busy without end.
NOT_EXPORTABLE = dict(
    SwinTransformer="mmseg's code computes its windows and their masks in Python, for one size",
    ViP='its padding to whole windows keeps PyTorch busy without end',
)


class ExportError(RuntimeError):
    """The model has no form as a graph; the message says what to do."""


class ExportForm(nn.Module):
    """The whole function of a model: pictures in, P(fake) of each picture and of its pixels out.

    Args:
        model: A :class:`ForgerySegmentor`; changed to its inference form.
        metadata: How its data preprocessor orders channels, normalizes and pads.

    Raises:
        ExportError: If it is another model, or is known to have no such form.
    """

    def __init__(self, model: nn.Module, metadata: OnnxMetadata) -> None:
        super().__init__()
        if not isinstance(model, ForgerySegmentor):
            raise ExportError(
                f'only systems that answer twice, such as MoNFAP, can be exported, not {type(model).__name__}'
            )
        backbone = type(getattr(model, 'backbone', None)).__name__
        if backbone in NOT_EXPORTABLE:
            raise ExportError(f'a model with the backbone {backbone} cannot be exported: {NOT_EXPORTABLE[backbone]}')
        if model.align_corners:
            raise ExportError(
                f'a {type(model).__name__} with align_corners=True cannot be exported: the runtime resizes its answers '
                'to the picture without'
            )
        self.model = model.to_inference()
        _free_sizes(self.model)
        self.preprocessing = Preprocessing(metadata)

    def forward(self, image: Tensor, size: Tensor) -> dict[str, Tensor]:
        """Answer.

        Args:
            image: Pictures ``(B, H, W, 3)``, uint8, BGR, resized as in testing.
            size: Height and width ``(2,)``, int64, that the pictures had before.

        Returns:
            ``score`` ``(B,)``, P(fake) of each picture; ``probability``, P(fake) of its pixels, and
            ``logits``, their logits, at that size; of models that have them, ``coarse`` ``(B, H, W)``, P(fake) of the
            coarse mask, and ``gates`` ``(B, L, E)``.
        """
        prediction = self.model.encode_decode(self.preprocessing(image), [])
        height, width = image.shape[1:3]
        logits = (prediction.seg_logits[:, 1:] - prediction.seg_logits[:, :1])[..., :height, :width]
        logits = F.interpolate(logits, size=tuple(size.tolist()), mode='bilinear', align_corners=False)[:, 0]
        coarse = prediction.coarse_prob
        answers = dict(
            score=prediction.scores[:, 1],
            probability=logits.sigmoid(),
            logits=logits,
            coarse=None if coarse is None else coarse[:, 0, :height, :width],
            gates=prediction.gates,
        )
        return {name: value for name, value in answers.items() if value is not None}


def _free_sizes(model: ForgerySegmentor) -> None:
    """Replace what makes a constant of a size, or keeps PyTorch busy with it without end.

    That is mmseg's ``Upsample`` (of HRNet), which rounds the new size, and the padding of timm's ``Conv2dSame``.
    """
    replacements = []
    for name, module in model.named_modules():
        if type(module) is Upsample and module.size is None and module.scale_factor == int(module.scale_factor):
            free = nn.Upsample(None, module.scale_factor, module.mode, module.align_corners)
            replacements.append({name: free})
        elif is_same_conv(module):
            replacements.append({name: EndAlignedConv(module)})
    swap(model, replacements, lambda: model.forward_all(model.example_inputs()))


def example() -> tuple[Tensor, Tensor]:
    """Arguments of an :class:`ExportForm` by which nothing of a graph becomes a constant."""
    return torch.zeros(EXAMPLE_SHAPE, dtype=torch.uint8), torch.tensor(EXAMPLE_SIZE)


def export_program(form: ExportForm) -> torch.export.ExportedProgram:
    """Record the graph.

    Raises:
        ExportError: If something in it holds for one batch or size only.
    """
    dynamic = dict.fromkeys(DYNAMIC, torch.export.Dim.DYNAMIC)
    try:
        with torch.no_grad(), _quiet():
            return torch.export.export(form, example(), dynamic_shapes=dict(image=dynamic, size=None))
    # Any part of any backbone may refuse, in its own way.
    except Exception as error:
        backbone, reason = type(getattr(form.model, 'backbone', None)).__name__, ' '.join(str(error).split())[:500]
        raise ExportError(
            f'the model (backbone {backbone}) has no graph for all batches and sizes: {reason}'
        ) from error


def to_onnx(
    program: torch.export.ExportedProgram, form: ExportForm, metadata: OnnxMetadata, card: str | None = None
) -> bytes:
    """Translate a graph.

    Args:
        program: What :func:`export_program` has recorded.
        form: The model that it was made of.
        metadata: What the file shall say of itself.
        card: What the file shall tell its reader, under the key ``model_card``.

    Returns:
        The contents of an .onnx file, sealed.

    Raises:
        ImportError: If the ONNX packages are not installed.
        ExportError: If an operator has no translation, or the file would exceed the 2 GiB that the format allows.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  (torch.onnx needs it)
    except ModuleNotFoundError as error:
        raise ImportError(f'export needs the ONNX packages: {install_extra("onnx")}') from error
    try:
        with torch.no_grad(), _quiet():
            exported = torch.onnx.export(
                program,
                input_names=['image', 'size'],
                output_names=list(form(*example())),
                dynamic_shapes=dict(image=DYNAMIC, size=None),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = ' '.join(str(error.__cause__ or error).split())[:300]
        raise ExportError(f'a {type(form.model).__name__} cannot be translated to ONNX: {reason}') from error
    model = exported.model_proto
    _clean(model.graph)
    onnx.helper.set_model_props(model, {KEY: metadata.to_json()} | ({CARD: card} if card else {}))
    try:
        return seal(model.SerializeToString())
    except Exception as error:  # protobuf's own, which no public name has
        raise ExportError(f'the model does not fit into one ONNX file of 2 GiB ({error})') from error


def _clean(graph: 'onnx.GraphProto') -> None:
    """Remove what the exporter says of itself, paths on this machine among it, and give the sizes names."""
    for part in (graph, *graph.node, *graph.initializer, *graph.value_info, *graph.input, *graph.output):
        part.ClearField('metadata_props')
        part.ClearField('doc_string')
    for name in ('probability', 'logits'):
        (output,) = (output for output in graph.output if output.name == name)
        for axis, side in ((1, 'size_height'), (2, 'size_width')):
            output.type.tensor_type.shape.dim[axis].dim_param = side


@contextmanager
def _quiet():
    """Without the remarks of the exporter, which are for developers of PyTorch."""
    loggers = [logging.getLogger(name) for name in ('torch.onnx', 'onnxscript', 'onnx_ir', 'torch.export')]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)
