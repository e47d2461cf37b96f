#!/bin/bash
# run.sh READER: compares READER (build/PRESET/tests/writ_read_manifests) with kubectl's own loader
# (kubectl/, built once). Without Go or the module proxy this is skipped with the reason, and is a
# failure when CI=true. Closes with `N passed, N failed, N skipped`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../go_program.sh"
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
  echo "usage: run.sh READER   (build/dev/tests/writ_read_manifests)" >&2
  exit 2
fi

go_program "$here/kubectl" "kubectl's loader"
work_folder loader
python3 -B "$here/loader_test.py" --reader "$(realpath "$1")" --loader "$program" --work "$work"
