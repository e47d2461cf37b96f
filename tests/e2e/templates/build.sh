#!/bin/bash
# build.sh: prints the path of a program that applies pod templates as ToolHive does (apply/); builds it the first time.
#
# The modules come from the Go module proxy and are checked against apply/go.sum. The result is kept below $TEMPLATES_BIN_CACHE (default
# ~/.cache/templates-test) under a key of sources and Go version. Needs Go 1.26 and about half a minute on two cores.
# Exit status 3: cannot be built here, the last line on stderr says why. 1: it could be, and the build failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${TEMPLATES_BIN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/templates-test}
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS= GOWORK=off PATH=$PATH:/usr/local/go/bin

cannot() {
  echo "build.sh: $1" >&2
  exit 3
}
command -v go >/dev/null || cannot "Go is not installed"
version=$(go env GOVERSION)
[[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 26)) || cannot "apimachinery needs Go 1.26, this is $version"

bin=$cache/$(cat "$here"/apply/* <(echo "$version") | sha256sum | cut -c1-16)
mkdir -p "$bin"
exec 9>"$cache/lock"
flock 9                                    # two test runs at once build once
if [ ! -x "$bin/apply" ]; then
  (cd "$here/apply" && go mod download >&2) || cannot "the Go module proxy cannot be reached"
  (cd "$here/apply" && nice go build -mod=readonly -p "${JOBS:-2}" -trimpath -buildvcs=false -ldflags=-s -o "$bin/new" . >&2)
  mv "$bin/new" "$bin/apply"
fi
echo "$bin/apply"
