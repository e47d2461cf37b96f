#!/bin/bash
# run.sh WRIT: no pod template that the policy library accepts weakens a pod of ToolHive's. WRIT is the program to test.
# What applies templates is built once (build.sh) and cached. Without Go or the module proxy this is skipped with the reason, and is a
# failure when CI=true. Closes with `N passed, N failed, N skipped`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
  echo "usage: run.sh WRIT   (the writ program)" >&2
  exit 2
fi

log=$(mktemp)
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" writ-templates-XXXXXX)
trap 'rm -rf "$work" "$log"' EXIT
apply=$("$here/build.sh" 2>"$log")
status=$?
if [ $status -ne 0 ]; then
  tail -5 "$log"
  if [ $status -ne 3 ] || [ "${CI:-}" = true ]; then
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
  fi
  echo "skipped: what applies pod templates cannot be built here"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
python3 -B "$here/templates_test.py" --writ "$(realpath "$1")" --apply "$apply" --work "$work"
