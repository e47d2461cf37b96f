#!/usr/bin/env bash
# What `./dev run` shows: real decisions of the demo policies, from the command line and over HTTP.
#   policies/demo/run.sh PATH-OF-WRIT
set -euo pipefail
cd "$(dirname "$0")/../.."
writ=${1:-build/release/writ}
demo=policies/demo

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
# Shows a command and runs it. Denials exit with 1: that is what they are for.
show() {
  printf '%s$ %s%s\n' "$dim" "$*" "$plain"
  "${@/#writ/$writ}" || { local code=$?; [ $code -eq 1 ] || exit $code; }
}

scratch=$(mktemp -d)
server=''
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; fi
  rm -rf "$scratch"
}
trap stop EXIT

printf '%sWrit: policies for agents, tools, data and Kubernetes. Policy text in, decisions out.%s\n' "$bold" "$plain"

title "1. The policies: $demo/fleet.writ"
show writ check $demo
printf '%s$ writ test %s%s\n' "$dim" "$demo" "$plain"
"$writ" test $demo >"$scratch/tests" || { cat "$scratch/tests"; exit 1; }
tail -n 1 "$scratch/tests"

title '2. An agent calls tools: one call is allowed, one denied, and these tools it would see'
show writ eval --policies $demo $demo/requests/tools.json

title '3. A row of a table comes back with its card number masked'
show writ eval --policies $demo $demo/requests/row.json

title '4. Kubernetes asks before it stores a manifest: an AdmissionReview, as the API server sends it'
printf '%s$ writ serve --policies %s --listen 127.0.0.1:0 --plain-http &%s\n' "$dim" "$demo" "$plain"
"$writ" serve --policies $demo --listen 127.0.0.1:0 --plain-http >"$scratch/out" 2>"$scratch/log" &
server=$!
url=''
for _ in $(seq 100); do
  url=$(grep -oE 'http://[0-9.:]+' "$scratch/out" | head -n 1 || true)
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$scratch/out" "$scratch/log" >&2; exit 3; }
  sleep 0.05
done
[ -n "$url" ] || { echo 'the server does not say where it serves' >&2; exit 3; }
printf '%s$ curl -d @%s %s/admission%s\n' "$dim" "$demo/requests/review.json" "$url" "$plain"
curl -sS --fail-with-body -H 'Content-Type: application/json' --data-binary @$demo/requests/review.json "$url/admission" >"$scratch/reply"
python3 - "$scratch/reply" <<'PYTHON'
import json, sys
response = json.load(open(sys.argv[1], encoding='utf-8'))['response']
status = response.get('status', {})
print(f"allowed: {str(response['allowed']).lower()}, code {status.get('code')}")
for line in status.get('message', '').splitlines():
    print('    ' + line)
for warning in response.get('warnings', []):
    print('    warning: ' + warning)
PYTHON
kill "$server" && wait "$server" 2>/dev/null || true
server=''

manifests=($demo/manifests)
for more in "${WRIT_SHARED:-../shared}"/examples "${WRIT_SHARED:-../shared}"/vectors/toolhive/manifests; do
  [ -d "$more" ] && manifests+=("$more")
done
title '5. The policy library over a fleet of manifests'
printf '%s$ writ eval --policies policies/toolhive %s%s\n' "$dim" "${manifests[*]}" "$plain"
"$writ" eval --policies policies/toolhive "${manifests[@]}" >"$scratch/report" || { code=$?; [ $code -eq 1 ] || { cat "$scratch/report"; exit $code; }; }
lines=$(wc -l <"$scratch/report")
head -n 16 "$scratch/report"
if [ "$lines" -gt 18 ]; then
  printf '%s… %d more lines, then:%s\n' "$dim" $((lines - 17)) "$plain"
  tail -n 1 "$scratch/report"
elif [ "$lines" -gt 16 ]; then
  tail -n +17 "$scratch/report"
fi

title 'How to go on'
cat <<TEXT
  $writ explain --policies $demo $demo/requests/tools.json     every rule that applied, and what it read
  $writ serve --policies $demo --listen 127.0.0.1:8080 --plain-http --watch
  edit $demo/fleet.writ, then: $writ test $demo
  docs/getting_started.md   the first policy, step by step
  docs/language.md          the language
  policies/README.md        the library for ToolHive fleets
TEXT
