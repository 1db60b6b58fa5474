#!/usr/bin/env bash
# What a release would be: one source distribution and the wheels of both distributions, made from the source distribution,
# equal to those of the tree, uploaded to an index on this machine, fetched from it, and tried in fresh environments.
# Usage: .ci/release_check.sh PYTHON, the interpreter of an environment with requirements.txt.
set -euo pipefail
PYTHON=$(realpath --no-symlinks "$1")
REPO=$(pwd)
TEMP=$(mktemp -d)
trap '[ -z "${INDEX:-}" ] || kill "$INDEX"; rm -rf "$TEMP"' EXIT
unset PYTHONPATH

wheels() {  # SOURCE FOLDER
    for lite in 0 1; do
        MONFAP_LITE=$lite "$PYTHON" -m pip wheel -q --no-deps --no-build-isolation --wheel-dir "$2" "$1"
    done
}

echo '--- Build'
"$PYTHON" setup.py -q egg_info --egg-base "$TEMP" sdist --dist-dir "$TEMP/dist"
mkdir "$TEMP/source"
tar -xzf "$TEMP"/dist/monfap_mm-*.tar.gz -C "$TEMP/source" --strip-components 1
wheels "$TEMP/source" "$TEMP/dist"
wheels "$REPO" "$TEMP/tree"
"$PYTHON" - "$TEMP" <<'END'
import sys
import zipfile
from pathlib import Path


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


root = Path(sys.argv[1])
wheels = sorted(wheel.name for wheel in (root / 'dist').glob('*.whl'))
assert len(wheels) == 2, wheels
for name in wheels:
    assert contents(root / 'dist' / name) == contents(root / 'tree' / name), f'{name} of the tree differs'
    print(f'{name}: the same from the source distribution and from the tree')
END
"$PYTHON" -m twine check --strict "$TEMP"/dist/*

echo '--- Upload to an index on this machine, and fetch from it'
PORT=$("$PYTHON" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
ADDRESS=http://127.0.0.1:$PORT
mkdir "$TEMP/index"
"$PYTHON" -m pypiserver run -i 127.0.0.1 -p "$PORT" -P . -a . --disable-fallback "$TEMP/index" 2> "$TEMP/index.log" &
INDEX=$!
"$PYTHON" -c 'import sys; from urllib.request import urlopen; from urllib.error import URLError; import time
for _ in range(300):
    try:
        sys.exit(0 if urlopen(sys.argv[1]).status == 200 else 1)
    except URLError:
        time.sleep(0.1)
sys.exit("the index does not answer")' "$ADDRESS"
"$PYTHON" -m twine upload --non-interactive --disable-progress-bar -u any -p any --repository-url "$ADDRESS" "$TEMP"/dist/*
"$PYTHON" -m pip --isolated download -q --no-deps --index-url "$ADDRESS/simple/" --dest "$TEMP/fetched" monfap_mm monfap_mm-lite
for wheel in "$TEMP"/fetched/*.whl; do cmp "$wheel" "$TEMP/dist/$(basename "$wheel")"; done

bash .ci/lite_test.sh "$PYTHON" "$TEMP"/fetched/monfap_mm_lite-*.whl
bash .ci/mim_test.sh "$PYTHON" "$TEMP"/fetched/monfap_mm-*.whl
echo 'What would be released can be built, uploaded, fetched and used.'
