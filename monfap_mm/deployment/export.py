"""A model as a graph that takes any batch, height and width."""

import logging
import warnings
from contextlib import contextmanager

import torch
from mmseg.models.utils import Upsample
from torch import Tensor, nn

from ..distribution import install_extra
from ..model_files.onnx_metadata import KEY, OnnxMetadata
from ..models import ForgerySegmentor
from ..models.ops import swap

DYNAMIC = {0: 'batch', 2: 'height', 3: 'width'}
OUTPUTS = ('cls_logits', 'mask_logits', 'coarse_logits', 'gates')
# Neither 0 nor 1, which export takes for constants, and sides that no stride of a backbone divides.
EXAMPLE_SHAPE = (2, 3, 135, 202)
OPSET = 18
# Backbones whose code turns sizes into constants, or keeps PyTorch busy without end.
NOT_EXPORTABLE = dict(SwinTransformer="mmseg's code computes its windows and their masks in Python, for one size")


class ExportError(RuntimeError):
    """The model has no form as a graph; the message says what to do."""


class ExportForm(nn.Module):
    """The inference form of a model as a function of the image alone.

    Args:
        model (nn.Module): A :class:`ForgerySegmentor`; changed to its inference form.

    Raises:
        ExportError: If it is another model, or its backbone is known to have no such form.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        if not isinstance(model, ForgerySegmentor):
            raise ExportError(
                f'only systems that answer twice, such as MoNFAP, can be exported, not {type(model).__name__}'
            )
        backbone = type(getattr(model, 'backbone', None)).__name__
        if backbone in NOT_EXPORTABLE:
            raise ExportError(f'a model with the backbone {backbone} cannot be exported: {NOT_EXPORTABLE[backbone]}')
        self.model = model.to_inference()
        _free_upsampling(self.model)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """All raw outputs.

        Args:
            image (Tensor): Normalised images ``(B, 3, H, W)``.

        Returns:
            tuple[Tensor, ...]: In the order of :data:`OUTPUTS`: image logits ``(B, 2)``, pixel logits ``(B, 2, H/4,
            W/4)``, and coarse logits ``(B, 2, H/32, W/32)`` and gate values ``(B, L, E)`` if the model has them.
        """
        output = self.model.forward_complete(image)
        return tuple(value for name in OUTPUTS if (value := getattr(output, name)) is not None)


def _free_upsampling(model: ForgerySegmentor) -> None:
    """Replace mmseg's ``Upsample`` (of HRNet), whose rounding of the new size makes it a constant, by PyTorch's."""
    replacements = {
        name: nn.Upsample(None, module.scale_factor, module.mode, module.align_corners)
        for name, module in model.named_modules()
        if type(module) is Upsample and module.size is None and module.scale_factor == int(module.scale_factor)
    }
    swap(model, replacements, lambda: model.forward_all(model.example_inputs()))


def export_program(form: ExportForm) -> torch.export.ExportedProgram:
    """Record the graph.

    Raises:
        ExportError: If something in it holds for one batch or size only.
    """
    image = torch.zeros(EXAMPLE_SHAPE)
    dynamic = dict.fromkeys(DYNAMIC, torch.export.Dim.DYNAMIC)
    try:
        with torch.no_grad(), _quiet():
            return torch.export.export(form, (image,), dynamic_shapes=dict(image=dynamic))
    # Any part of any backbone may refuse, in its own way.
    except Exception as error:
        backbone, reason = type(getattr(form.model, 'backbone', None)).__name__, ' '.join(str(error).split())[:500]
        raise ExportError(
            f'the model (backbone {backbone}) has no graph for all batches and sizes: {reason}'
        ) from error


def to_onnx(program: torch.export.ExportedProgram, metadata: OnnxMetadata) -> bytes:
    """Translate a graph.

    Args:
        program: Of :func:`export_program`.
        metadata: What the file shall say of itself.

    Returns:
        The contents of an .onnx file.

    Raises:
        ImportError: If the ONNX packages are not installed.
        ExportError: If the file would exceed the 2 GiB that the format allows.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  (torch.onnx needs it)
    except ModuleNotFoundError as error:
        raise ImportError(f'export needs the ONNX packages: {install_extra("onnx")}') from error
    names = list(OUTPUTS[: len(program.graph_signature.user_outputs)])
    with torch.no_grad(), _quiet():
        exported = torch.onnx.export(
            program,
            input_names=['image'],
            output_names=names,
            dynamic_shapes=dict(image=DYNAMIC),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    model = exported.model_proto
    onnx.helper.set_model_props(model, {KEY: metadata.to_json()})
    try:
        return model.SerializeToString()
    except Exception as error:  # protobuf's own, which no public name has
        raise ExportError(f'the model does not fit into one ONNX file of 2 GiB ({error})') from error


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
