#!/usr/bin/env bash
# Installs the light wheel in a fresh environment, with its requirements from the registry and without PyTorch, and
# predicts with a tiny model there and, by PyTorch, here.
# Usage: .ci/lite_test.sh PYTHON [WHEEL], the interpreter of an environment with requirements.txt, and a wheel that is there.
set -euo pipefail
PYTHON=$(realpath --no-symlinks "$1")
WHEEL=${2:+$(realpath "$2")}
REPO=$(pwd)
TEMP=$(mktemp -d)
trap 'rm -rf "$TEMP"' EXIT
export OMP_NUM_THREADS=1
unset PYTHONPATH
with_torch() { PYTHONPATH=$REPO "$PYTHON" -W ignore "$@"; }

[ "$WHEEL" ] || MONFAP_LITE=1 "$PYTHON" -m pip wheel -q --no-deps --no-build-isolation --wheel-dir "$TEMP" "$REPO"
"$PYTHON" -m venv "$TEMP/venv"
"$TEMP/venv/bin/python" -m pip install -q "${WHEEL:-$(echo "$TEMP"/monfap_mm_lite-*.whl)}"

cd "$TEMP"
echo '--- Export a tiny model'
with_torch - "$REPO" <<'END'
import sys

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import monfap_mm  # noqa: F401  (registers the models)

config = f"""
_base_ = '{sys.argv[1]}/configs/demo/monfap-c_demo.py'
model = dict(decode_head=dict(num_scales=1))
"""
open('tiny.py', 'w').write(config)
init_default_scope('mmseg')
torch.manual_seed(0)
model = MODELS.build(Config.fromfile('tiny.py').model)
torch.save(dict(state_dict=model.state_dict()), 'tiny.pth')
noise = np.random.default_rng(0).integers(0, 256, (128, 160, 3), dtype=np.uint8)
noise[30:90, 40:120] = 128
cv2.imwrite('picture.png', noise)
END
with_torch "$REPO/tools/deployment/export.py" tiny.py tiny.pth tiny.onnx

echo '--- Predict with and without PyTorch'
"$TEMP/venv/bin/python" - <<'END'
from importlib.util import find_spec

import monfap_mm

assert '/venv/' in monfap_mm.__file__, f'monfap_mm comes from {monfap_mm.__file__}, not from the wheel'
found = [name for name in ('torch', 'mmengine', 'mmcv', 'mmseg', 'mmpretrain', 'onnx') if find_spec(name)]
assert not found, f'the environment has {found}'
END
"$TEMP/venv/bin/monfap" info
"$TEMP/venv/bin/monfap" predict picture.png --model tiny.onnx --out lite > /dev/null
with_torch -m monfap_mm predict picture.png --model tiny.py --weights tiny.pth --device cpu --out full > /dev/null
"$TEMP/venv/bin/python" - <<'END'
import json

import cv2

lite, full = (json.load(open(f'{folder}/predictions.jsonl')) for folder in ('lite', 'full'))
masks = [cv2.imread(f'{folder}/{answer["files"]["mask"]}') for folder, answer in (('lite', lite), ('full', full))]
equal = (masks[0] == masks[1]).mean()
print(f'score {lite["score"]:.5f} without PyTorch, {full["score"]:.5f} with it; {equal:.2%} of the mask pixels agree')
assert abs(lite['score'] - full['score']) < 1e-3
assert equal > 0.999
END
echo 'The light distribution answers as the full one.'
