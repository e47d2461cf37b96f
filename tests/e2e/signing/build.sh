#!/bin/bash
# build.sh: builds cosign 2, cosign 3 and the private Sigstore (sigstore/) the first time, and prints the folder that has them.
#
# The modules come from the Go module proxy: cosign at the versions below with the dependencies of its own go.mod, the private Sigstore
# with those of sigstore/go.sum. The result is kept below $SIGNING_BIN_CACHE (default ~/.cache/signing-test), each tool under a key of what
# went into it, so an edit of sigstore/ does not build cosign again. Needs Go 1.26, 3 GB of memory, and about 7 minutes on two cores.
# Exit status 3: cannot be built here, the last line on stderr says why. 1: it could be, and the build failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${SIGNING_BIN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/signing-test}
tools=(cosign2=github.com/sigstore/cosign/v2/cmd/cosign@v2.6.5 cosign3=github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3)
flags=(-trimpath -buildvcs=false -gcflags=all=-dwarf=false '-ldflags=-s -w')
export CGO_ENABLED=0 GOGC=off GOTOOLCHAIN=local GOFLAGS= GOWORK=off PATH=$PATH:/usr/local/go/bin

cannot() {
  echo "build.sh: $1" >&2
  exit 3
}
command -v go >/dev/null || cannot "Go is not installed"
version=$(go env GOVERSION)
[[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 26)) || cannot "cosign 3 needs Go 1.26, this is $version"

key() { printf '%s\n' "$@" "${flags[@]}" "$version" | sha256sum | cut -c1-16; }
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9                                    # two test runs at once build once

# A build cache of its own: it has 2 GB, and these flags (no debug information) share nothing with other builds. Removed when all tools
# are there.
export GOCACHE=$cache/gocache
compile() { nice go "$1" -p "${JOBS:-2}" "${flags[@]}" "${@:2}" >&2; }

bin=$cache/$(key "${tools[@]}" "$(cat "$here"/sigstore/*)")
mkdir -p "$bin"
for tool in "${tools[@]}"; do
  name=${tool%%=*} package=${tool#*=}
  kept=$cache/$name-$(key "$package")
  if [ ! -x "$kept" ]; then
    (cd "$bin" && go mod download "${package%/cmd/*}@${package#*@}" >&2) || cannot "the Go module proxy cannot be reached"
    rm -rf "$bin/new"
    (cd "$bin" && GOBIN=$bin/new compile install "$package")
    mv "$bin/new/cosign" "$kept"
    rmdir "$bin/new"
  fi
  ln -sf "$kept" "$bin/$name"
done
if [ ! -x "$bin/sigstore" ]; then
  (cd "$here/sigstore" && compile build -mod=readonly -o "$bin/sigstore.new" .)
  mv "$bin/sigstore.new" "$bin/sigstore"
fi
rm -rf "$cache/gocache"
echo "$bin"
