#!/usr/bin/env bash
# bench/peers/build.sh PEER: builds one peer and prints the path of its library. Modules come from Go's proxy, pinned by go.sum.
set -euo pipefail
cd "$(dirname "$0")"
library=$(cd ../.. && pwd)/build/peers/lib$1.so
command -v go >/dev/null || { echo "bench: Go from 1.26 is needed to build the peer $1" >&2; exit 2; }
echo "bench: building the peer $1" >&2
cd "$1"
CGO_ENABLED=1 GOTOOLCHAIN=local go build -buildvcs=false -trimpath -mod=readonly -p 2 -buildmode=c-shared -o "$library" .
echo "$library"
