# Sourced by scripts that run several suites one after the other: `step COMMAND…` runs one and adds up the closing line
# `N passed, N failed, N skipped`; a step that fails without saying so counts as one failure. `close_steps` prints the sum, and
# fails when something failed.
passed=0 failed=0 skipped=0
step_log=$(mktemp)
trap 'rm -f "$step_log"' EXIT

step() {
  printf '\n== %s\n' "$*"
  local status line
  "$@" 2>&1 | tee "$step_log"
  status=${PIPESTATUS[0]}
  line=$(tail -n 1 "$step_log" | grep -xE '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped')
  if [ -z "$line" ]; then
    line="0 passed, 1 failed, 0 skipped"
  elif [ "$status" -ne 0 ] && [[ $line == *' 0 failed,'* ]]; then
    line=${line/ 0 failed/ 1 failed}
  fi
  local numbers
  read -ra numbers <<<"${line//[^0-9 ]/}"
  passed=$((passed + numbers[0])) failed=$((failed + numbers[1])) skipped=$((skipped + numbers[2]))
}

close_steps() {
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ]
}
