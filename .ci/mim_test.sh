#!/usr/bin/env bash
# Installs the wheel in a fresh environment and trains and tests with mim from another directory.
# Usage: .ci/mim_test.sh PYTHON [WHEEL], the interpreter of an environment with requirements.txt, and a wheel that is there.
set -euo pipefail
PYTHON=$(realpath --no-symlinks "$1")
WHEEL=${2:+$(realpath "$2")}
REPO=$(pwd)
TEMP=$(mktemp -d)
trap 'rm -rf "$TEMP"' EXIT

[ "$WHEEL" ] || "$PYTHON" -m pip wheel --no-deps --no-build-isolation --wheel-dir "$TEMP" "$REPO"

# PyTorch and the rest come from the environment at hand, by a .pth file, the package from its wheel. mim is
# installed without its dependency opendatalab, which pins old setuptools, requests and rich, and is needed for
# `mim download` of datasets alone. setuptools has to be here, as it stands in for distutils by a .pth file of its own.
"$PYTHON" -m venv "$TEMP/venv"
MIM_PYTHON=$TEMP/venv/bin/python
MIM=$TEMP/venv/bin/mim
"$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
    > "$("$MIM_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/shared.pth"
SETUPTOOLS=$(grep --only-matching '^setuptools==[0-9.]*' requirements.txt)
"$MIM_PYTHON" -m pip install --no-deps --ignore-installed "${WHEEL:-$(echo "$TEMP"/monfap_mm-*.whl)}" openmim==0.3.9 "$SETUPTOOLS"
"$MIM_PYTHON" -m pip install colorama pandas tabulate requests

cd "$TEMP"
CONFIG=$("$MIM_PYTHON" - "$REPO" <<'END'
import sys
from pathlib import Path

import monfap_mm

package = Path(monfap_mm.__file__).parent
assert Path(sys.argv[1]) not in package.parents, f'monfap_mm comes from {package}, not from the wheel'
print(package / '.mim' / 'configs' / 'demo' / 'monfap-c_demo.py')
END
)
"$MIM" run monfap_mm make_demo_data data/demo --train 8 --val 4 --test 4 --size 96
SHORT=(--cfg-options train_cfg.max_epochs=1 train_dataloader.batch_size=4)
"$MIM" train monfap_mm monfap-c_demo.py --gpus 0 --work-dir by_monfap_mm "${SHORT[@]}"
"$MIM" test monfap_mm monfap-c_demo.py --checkpoint by_monfap_mm/epoch_1.pth --gpus 0 --work-dir tested
"$MIM" train mmseg "$CONFIG" --gpus 0 --work-dir by_mmseg "${SHORT[@]}"
grep --quiet forgery/AUC tested/*/*.json
test -f by_mmseg/epoch_1.pth
echo 'mim train monfap_mm, mim test monfap_mm and mim train mmseg work.'
