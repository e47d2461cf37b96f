#!/bin/bash
# build.sh: prints the path of a program that reads manifests with kubectl's own loader (kubectl/); builds it the first time.
#
# The modules come from the Go module proxy and are checked against kubectl/go.sum. The result is kept below $LOADER_BIN_CACHE (default
# ~/.cache/loader-test) under a key of sources and Go version. Needs Go 1.26 and about two minutes on two cores.
# Exit status 3: cannot be built here, the last line on stderr says why. 1: it could be, and the build failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${LOADER_BIN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/loader-test}
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS= GOWORK=off PATH=$PATH:/usr/local/go/bin

cannot() {
  echo "build.sh: $1" >&2
  exit 3
}
command -v go >/dev/null || cannot "Go is not installed"
version=$(go env GOVERSION)
[[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 26)) || cannot "cli-runtime needs Go 1.26, this is $version"

bin=$cache/$(cat "$here"/kubectl/* <(echo "$version") | sha256sum | cut -c1-16)
mkdir -p "$bin"
exec 9>"$cache/lock"
flock 9                                    # two test runs at once build once
if [ ! -x "$bin/kubectl_loader" ]; then
  (cd "$here/kubectl" && go mod download >&2) || cannot "the Go module proxy cannot be reached"
  (cd "$here/kubectl" && nice go build -mod=readonly -p "${JOBS:-2}" -trimpath -buildvcs=false -ldflags=-s -o "$bin/new" . >&2)
  mv "$bin/new" "$bin/kubectl_loader"
fi
echo "$bin/kubectl_loader"
