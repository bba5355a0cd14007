#!/bin/sh
# Makes the virtual environment $VENV (default .venv) and fills it with the
# pinned, hash-checked packages of the requirements file given as $1.
#
# Needs a Python 3.11 to 3.14 with `venv`; nothing else, not even git or a compiler.
set -eu

REQUIREMENTS=$1
VENV=${VENV:-.venv}

say() { echo "bootstrap: $*" >&2; }
die() { say "$*"; exit 1; }

# Each candidate is really run: a pyenv shim stands on PATH and still answers 127.
usable() {
  [ -n "$1" ] && "$1" -c '
import ssl, sys, venv
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
' >/dev/null 2>&1
}

find_python() {
  for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14 python; do
    [ -n "$name" ] || continue
    path=$(command -v "$name" 2>/dev/null) || continue
    if usable "$path"; then echo "$path"; return; fi
  done
  for path in \
    "${PYENV_ROOT:-${HOME:-/}/.pyenv}"/versions/3.1[1-4]*/bin/python \
    /opt/homebrew/bin/python3.1[1-4] \
    /usr/local/bin/python3.1[1-4]
  do
    if usable "$path"; then echo "$path"; return; fi
  done
}

make_venv() {
  if usable "$VENV/bin/python"; then return; fi
  python=$(find_python)
  [ -n "$python" ] || die "no Python 3.11 to 3.14 found; install one, or say PYTHON=/path/to/python make"
  say "$("$python" -V) at $python -> $VENV"
  rm -rf "$VENV"
  if ! "$python" -m venv "$VENV"; then
    rm -rf "$VENV"
    die "'$python -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv"
  fi
}

pip_install() {
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
    --require-hashes --only-binary :all: "$@"
}

# uv installs in seconds what takes pip a minute. Where it does not run
# (an unusual processor, say), pip does the same work from the same file.
install_with_uv() {
  uv="$VENV/bin/uv"
  [ -x "$uv" ] || pip_install -r requirements-uv.txt 2>/dev/null || return 1
  "$uv" --version >/dev/null 2>&1 || return 1
  VIRTUAL_ENV=$(cd "$VENV" && pwd) "$uv" pip install --quiet --no-python-downloads \
    --require-hashes --only-binary :all: -r "$REQUIREMENTS"
}

make_venv
say "installing $REQUIREMENTS"
install_with_uv || pip_install -r "$REQUIREMENTS"
