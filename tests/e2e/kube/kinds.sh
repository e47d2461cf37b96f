#!/bin/bash
# kinds.sh [--check] FILE: kinds.py on an API server that serves everything that its version has, alphas included.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PATH=$PATH:/usr/local/go/bin
apiserver=$("$here/build.sh" kube-apiserver)
etcd=$(command -v etcd) || etcd=$("$here/build.sh" etcd)
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" writ-kinds-XXXXXX)
trap 'rm -rf "$work"' EXIT
"$here/kube.py" run --dir "$work/cluster" --apiserver "$apiserver" --etcd "$etcd" --flag=--runtime-config=api/all=true \
  --flag=--feature-gates=AllAlpha=true,AllBeta=true -- "$here/kinds.py" "$@" >&2
