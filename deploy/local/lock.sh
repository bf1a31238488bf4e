#!/bin/sh
# requirements.in -> requirements.lock, in an environment that holds nothing else.
set -eu
cd "$(dirname "$0")/../.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"${PYTHON:-python3}" -m venv "$fresh"
"$fresh/bin/python" -m pip install --quiet -r requirements.in
{
    echo '# Made by `make lock` from requirements.in. Python 3.11 and newer.'
    "$fresh/bin/python" -m pip freeze --all --exclude pip
} >requirements.lock
