#!/bin/bash
# run.sh WRIT: no pod template that the policy library accepts weakens a pod of ToolHive's. WRIT is
# the program to test; what applies templates (apply/) is built once. Without Go or the module proxy
# this is skipped with the reason, and is a failure when CI=true. Closes with `N passed, N failed, N
# skipped`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../go_program.sh"
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
  echo "usage: run.sh WRIT   (the writ program)" >&2
  exit 2
fi

go_program "$here/apply" "what applies pod templates"
work_folder templates
python3 -B "$here/templates_test.py" --writ "$(realpath "$1")" --apply "$program" --work "$work"
