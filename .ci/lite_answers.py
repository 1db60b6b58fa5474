"""Does the light distribution answer from a file of version 1 as that version did?

Usage: python .ci/lite_answers.py FOLDER, that of version_1.onnx and version_1_answers.npz.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from monfap_mm.apis import ForgeryInferencer

folder = Path(sys.argv[1])
found = [name for name in ('torch', 'mmengine', 'mmcv', 'mmseg') if find_spec(name)]
assert not found, f'the environment has {found}'
expected = np.load(folder / 'version_1_answers.npz')
inferencer = ForgeryInferencer(str(folder / 'version_1.onnx'))
for name, answer in zip(('small', 'large'), inferencer([expected['small'], expected['large']]), strict=True):
    assert answer.error is None, answer.error
    np.testing.assert_allclose(answer.score, expected[f'whole_{name}_score'], atol=1e-5)
    np.testing.assert_allclose(answer.probability, expected[f'whole_{name}_probability'], atol=2e-3)
print(f'It does, with Python {sys.version.split()[0]} and numpy {np.__version__}.')
