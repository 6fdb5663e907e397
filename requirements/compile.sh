#!/bin/sh
# Compiles requirements/*.txt from pyproject.toml, pinned and with hashes, free of addresses and paths.
set -eu
cd "$(dirname "$0")/.."

compile() {
    output=$1
    shift
    # shellcheck disable=SC2086 # UPGRADE=--upgrade takes the newest versions; without it the pins stay
    .venv/bin/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-header --no-annotate \
        ${UPGRADE:-} --output-file "$output" "$@" > /dev/null
}

compile requirements/base.txt pyproject.toml
# What development adds, at the versions that the site itself runs with.
compile requirements/dev.txt --group dev --constraint requirements/base.txt
