# To be sourced by the stages that are served by a Go program of their own (loader, templates):
# builds it the first time.
#
# The modules come from the Go module proxy and are checked against the program's go.sum. The result
# is kept below $GO_PROGRAM_CACHE (default ~/.cache/STAGE-test) under a key of sources and Go
# version. Needs Go 1.26, and up to two minutes on two cores.

cannot_build() {
  echo "go_program.sh: $1" >&2
  exit 3
}

# build_go_program FOLDER: prints the path of the program whose sources lie in STAGE/FOLDER, named
# like it. Call it in a subshell. Exit status 3: it cannot be built here, the last line on
# stderr says why. 1: it could be, and the build failed.
build_go_program() (
  set -euo pipefail
  folder=$1
  stage=$(basename "$(dirname "$folder")")
  cache=${GO_PROGRAM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/$stage-test}
  export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS= GOWORK=off PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || cannot_build "Go is not installed"
  version=$(go env GOVERSION)
  [[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 26)) || cannot_build "$stage needs Go 1.26, this is $version"
  name=$(basename "$folder")
  bin=$cache/$(cat "$folder"/* <(echo "$version") | sha256sum | cut -c1-16)
  mkdir -p "$bin"
  exec 9>"$cache/lock"
  flock 9  # two test runs at once build once
  if [ ! -x "$bin/$name" ]; then
    (cd "$folder" && go mod download >&2) || cannot_build "the Go module proxy cannot be reached"
    (cd "$folder" && nice go build -mod=readonly -p "${JOBS:-2}" -trimpath -buildvcs=false -ldflags=-s -o "$bin/new" . >&2)
    mv "$bin/new" "$bin/$name"
  fi
  echo "$bin/$name"
)

# go_program FOLDER WHAT: sets `program` to its path, or ends the stage: skipped with the reason
# where it cannot be built, failed where the build fails, and where CI=true. WHAT names it in the
# reason.
go_program() {
  local log status
  log=$(mktemp)
  program=$(build_go_program "$1" 2>"$log")
  status=$?
  [ $status -eq 0 ] || tail -5 "$log"
  rm -f "$log"
  [ $status -ne 0 ] || return 0
  if [ $status -ne 3 ] || [ "${CI:-}" = true ]; then
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
  fi
  echo "skipped: $2 cannot be built here"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}

# work_folder NAME: sets `work` to a folder that is gone when the stage ends, in memory where there
# is room.
work_folder() {
  work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" "writ-$1-XXXXXX")
  trap 'rm -rf "$work"' EXIT
}
