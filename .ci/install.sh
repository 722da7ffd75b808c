#!/bin/sh
# Install into .venv what the arguments of `pip install` say: with uv, which is quick, or with pip, which knows every
# index this machine is set up for.
set -eu
cd "$(dirname "$0")/.."

pip() {
    .venv/bin/python -m pip --quiet --disable-pip-version-check install "$@"
}

[ -x .venv/bin/uv ] || pip --no-deps --require-hashes -r .ci/requirements-uv.lock || true
if [ -x .venv/bin/uv ]; then
    .venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python "$@" && exit 0
    echo "uv could not; trying again with pip" >&2
fi
pip "$@"
