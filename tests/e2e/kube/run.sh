#!/bin/bash
# run.sh WRIT: proves `writ serve` on a real kube-apiserver. WRIT is the program to test.
# The API server is built once (build.sh) and cached. Without Go, etcd or the module proxy this is skipped with the reason, and is
# a failure when CI=true. Closes with `N passed, N failed, N skipped`.
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

for tool in python3 openssl; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
export PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || skip "Go is not installed: the API server cannot be built"
log=$(mktemp)
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" writ-kube-XXXXXX)
trap 'rm -rf "$work" "$log"' EXIT
apiserver=$("$here/build.sh" kube-apiserver 2>"$log") || { tail -5 "$log"; skip "kube-apiserver cannot be built here (Go version, or no module proxy)"; }
etcd=$(command -v etcd) || etcd=$("$here/build.sh" etcd 2>"$log") || { tail -5 "$log"; skip "etcd is neither installed nor can be built"; }
kinds=$("$here/kinds.sh" --check "$here/../../../rules/model/kubernetes_kind_list.h" 2>&1) && kinds=ok
manifests=$("$here/kube.py" run --dir "$work/manifests" --apiserver "$apiserver" --etcd "$etcd" -- "$here/manifests.py" "$here/../../library/good" "$here/../../library/was" 2>&1) && manifests=ok
"$here/kube.py" run --dir "$work/cluster" --apiserver "$apiserver" --etcd "$etcd" -- "$here/cluster_test.py" --writ "$writ" --kinds "$kinds" --manifests "$manifests"
