#!/usr/bin/env bash
# run.sh [MINUTES]: what takes long. Every source under clang-tidy; the laws of tests/long (how the
# cost grows, what memory is kept); a million completions of unknowns; the differential test and the
# fuzzers for about MINUTES (default 60), half each. Closes with `N passed, N failed, N skipped`.
set -uo pipefail
cd "$(dirname "$0")/../.."
minutes=${1:-60}
if ! [[ $minutes =~ ^[1-9][0-9]*$ ]]; then
  echo "run.sh: found \`$minutes\`, expected a number of minutes" >&2
  exit 2
fi
exec </dev/null
source tests/tools/steps.sh

# A round of the differential test takes about 60 ms, so that 500 rounds are half a minute.
differential() {
  WRIT_SEED=$((RANDOM * 32768 + RANDOM)) WRIT_ROUNDS=$((minutes * 500)) python3 tests/run.py --build build/dev --only '^differential$' --timeout $((minutes * 60 + 600))
}

# A million completions take about ten minutes.
unknowns() {
  WRIT_SEED=$((RANDOM * 32768 + RANDOM)) WRIT_LAWS=1000000 python3 tests/run.py --build build/dev --only '^residual_laws$' --timeout 3600
}

targets=$(git ls-files 'tests/fuzz/*_fuzzer.cc' | wc -l)
step ./dev lint --all
for law in tests/long/*_test.py; do
  step python3 "$law" --writ build/release/writ
done
step differential
step unknowns
step ./dev fuzz $((minutes * 30 / targets + 1))
close_steps
