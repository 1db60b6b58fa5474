"""The model that comes with the package: docs/starter-model.md is its card."""

from pathlib import Path

# The name by which it is asked for, and which its answers have.
STARTER = 'starter'
STARTER_FILE = Path(__file__).with_name('starter.onnx')
