"""mmseg's own functions for inference."""

import cv2
import numpy as np
import pytest
import torch
from mmseg.apis import inference_model, init_model

from tests.test_configs import CONFIGS


@pytest.mark.parametrize('as_file', [True, False])
def test_inference_model(as_file, tmp_path):
    model = init_model(str(CONFIGS / 'demo' / 'monfap-c_demo.py'), device='cpu')
    image = np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'image.png'), image)
    sample = inference_model(model, str(tmp_path / 'image.png') if as_file else image)
    assert sample.pred_sem_seg.shape == (70, 90)
    torch.testing.assert_close(sample.pred_label.score.sum(), torch.tensor(1.0))
