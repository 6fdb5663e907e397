#!/bin/sh
# Makes .venv with exactly the pinned packages; quick when nothing changed. Usage: requirements/install.sh [dev]
set -eu
cd "$(dirname "$0")/.."

usable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; }

find_python() {
    # 3.12 is the reference: every package has a wheel for it.
    for python in ${PYTHON:-} python3.12 "$HOME"/.pyenv/versions/3.12*/bin/python3 python3.13 \
        "$HOME"/.pyenv/versions/3.13*/bin/python3 python3.14 python3 python; do
        found=$(command -v "$python" 2>/dev/null) || continue
        usable "$found" && { echo "$found"; return; }
    done
    return 1
}

if ! [ -x .venv/bin/python ] || ! usable .venv/bin/python; then
    python=$(find_python) || {
        have=$(python3 -V 2>/dev/null || echo "no Python 3 at all")
        echo "Wafa needs Python 3.12 or newer with venv, and found $have; install it or name one: PYTHON=/path/to/python make run." >&2
        exit 1
    }
    echo "Making .venv with $("$python" -V) ..."
    "$python" -m venv --clear .venv || { echo "The virtual environment .venv could not be made." >&2; exit 1; }
fi

files="requirements/base.txt"
[ "${1:-}" = dev ] && files="$files requirements/dev.txt"
for file in $files; do
    stamp=".venv/.installed-$(basename "$file")"
    want=$(.venv/bin/python -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$file")
    [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && continue
    echo "Installing $file ..."
    # http-ece, pure Python, is published as source alone; all else comes as wheels, so that nothing needs a compiler.
    PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install --quiet --require-hashes --only-binary :all: \
        --no-binary http-ece -r "$file" || {
        echo "The packages of $file could not be installed; the lines above say why." >&2
        exit 1
    }
    echo "$want" > "$stamp"
done

# Translations are compiled where they are used; only their sources are kept.
for source in locale/*/LC_MESSAGES/*.po; do
    compiled="${source%.po}.mo"
    [ "$compiled" -nt "$source" ] || .venv/bin/pybabel --quiet compile -i "$source" -o "$compiled"
done
