#!/bin/sh
# Make the virtual environment .venv with the newest Python at hand, 3.11 or later.
set -eu
cd "$(dirname "$0")/.."

[ -x .venv/bin/python ] && exit 0

for candidate in python3.14 python3.13 python3.12 python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "kWHub needs Python 3.11 or later, and found none. On Debian 12 or Ubuntu: apt install python3 python3-venv" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    sh .ci/debian.sh "$version"
fi
echo "Making .venv with $("$python" --version)"
"$python" -m venv .venv
