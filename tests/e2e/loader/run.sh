#!/bin/bash
# run.sh READER: compares READER (build/PRESET/tests/writ_read_manifests) with kubectl's own loader.
# The loader is built once (build.sh) and cached. Without Go or the module proxy this is skipped with the reason, and is a failure when
# CI=true. Closes with `N passed, N failed, N skipped`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
  echo "usage: run.sh READER   (build/dev/tests/writ_read_manifests)" >&2
  exit 2
fi

log=$(mktemp)
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" writ-loader-XXXXXX)
trap 'rm -rf "$work" "$log"' EXIT
loader=$("$here/build.sh" 2>"$log")
status=$?
if [ $status -ne 0 ]; then
  tail -5 "$log"
  if [ $status -ne 3 ] || [ "${CI:-}" = true ]; then
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
  fi
  echo "skipped: kubectl's loader cannot be built here"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
python3 -B "$here/loader_test.py" --reader "$(realpath "$1")" --loader "$loader" --work "$work"
