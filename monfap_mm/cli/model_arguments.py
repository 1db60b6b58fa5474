"""The arguments that name a model, and the model that they name: common to all verbs that predict."""

import argparse
import sys
import warnings
from contextlib import redirect_stdout

from ..apis import ForgeryInferencer
from ..apis.backend import BACKENDS
from ..media.limits import MAX_PIXELS_OF_ANSWERS
from ..utils.windows import MODES


class ModelError(Exception):
    """The model cannot be loaded."""


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them to a verb."""
    parser.add_argument('--model', required=True, help='config, .onnx file, or a name that "monfap info" lists')
    parser.add_argument('--weights', help='checkpoint; may be left out where "monfap info" knows one')
    parser.add_argument('--backend', choices=BACKENDS, help='default: onnx for an .onnx file, else torch')
    parser.add_argument('--mode', choices=MODES, help='in one piece, or in windows at full resolution; default: config')
    parser.add_argument(
        '--threshold', type=float, default=0.5, help='P(fake) above which a picture is fake; default 0.5'
    )
    parser.add_argument('--device', help='cpu, cuda, cuda:1...; default: a GPU if there is one')
    parser.add_argument(
        '--max-pixels', type=int, default=MAX_PIXELS_OF_ANSWERS, help='larger pictures get an error; default 89 million'
    )


def load_inferencer(args: argparse.Namespace) -> ForgeryInferencer:
    """Load the model that the arguments name.

    Raises:
        ModelError: If it cannot be loaded, for whatever reason.
    """
    try:
        # What the frameworks say while they load is no answer, and their warnings are for developers.
        with redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            return ForgeryInferencer(
                args.model, args.weights, args.device, args.mode, args.threshold, args.max_pixels, args.backend
            )
    except (OSError, ValueError, RuntimeError, LookupError, ImportError, SyntaxError) as error:
        raise ModelError(f'cannot load the model: {error}') from error
