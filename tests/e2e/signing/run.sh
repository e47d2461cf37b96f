#!/bin/bash
# run.sh WRIT: proves that `writ serve` and `writ verify-image` judge what cosign signs, live, in Debian's docker-registry.
# cosign 2 and 3 and a private Sigstore are built once (build.sh) and cached. Where they cannot be built (no Go, no module proxy) this is
# skipped with the reason, and is a failure when CI=true. Closes with `N passed, N failed, N skipped`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
  echo "usage: run.sh WRIT   (the writ program)" >&2
  exit 2
fi
writ=$(realpath "$1")

skip() {
  echo "skipped: $1"
  if [ "${CI:-}" = true ]; then
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
  fi
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}

for tool in python3 openssl docker-registry; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
log=$(mktemp)
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" writ-signing-XXXXXX)
trap 'rm -rf "$work" "$log"' EXIT
tools=$("$here/build.sh" 2>"$log")
case $? in
  0) ;;
  3) skip "$(sed -n '$s/^build.sh: //p' "$log"): cosign cannot be built" ;;
  *)
    tail -n 20 "$log"
    echo "the build of cosign and the private Sigstore failed"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
    ;;
esac
"$here/signing_test.py" --writ "$writ" --tools "$tools" --dir "$work"
