"""The model that the arguments name: common to all verbs that predict."""

import argparse
import sys
import warnings
from contextlib import redirect_stdout

from ..apis import ForgeryInferencer


class ModelError(Exception):
    """The model cannot be loaded."""


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
