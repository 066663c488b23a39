#!/bin/bash
# From a fresh clone to a trained model: builds Paceline, starts a scheduler, two
# servers and two workers as processes on loopback, and trains a neural network on
# handwritten digits. Stops everything it started.
#
#   deploy/quickstart.sh
set -eu

cd "$(dirname "$0")/.."
root=$(pwd)

deploy/build.sh
bin=$root/out/bin

folder=$(mktemp -d "${TMPDIR:-/tmp}/paceline-quickstart.XXXXXX")
pids=()

stop_cluster() {
  trap - EXIT
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do
    # A daemon drains and exits by itself; one that does not is killed.
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap stop_cluster EXIT
trap 'exit 130' INT TERM

# start NAME ROLE FLAG...: a daemon on a free port of its own.
start() {
  local name=$1 role=$2
  shift 2
  "$bin/paceline-$role" --listen 127.0.0.1:0 --http-listen 127.0.0.1:0 \
    --port-file "$folder/$name.port" --data-dir "$folder/$name" "$@" \
    >"$folder/$name.log" 2>&1 &
  pids+=($!)
  echo "started $name (pid $!)"
}

# port_of NAME KEY: waits until the daemon has bound its ports.
port_of() {
  for _ in $(seq 200); do
    if [ -s "$folder/$1.port" ]; then
      sed -n "s/^$2 //p" "$folder/$1.port"
      return
    fi
    sleep 0.1
  done
  echo "$1 did not start:" >&2
  cat "$folder/$1.log" >&2
  exit 1
}

echo
echo "== a cluster of real processes"
start scheduler scheduler
address=127.0.0.1:$(port_of scheduler port)
http=127.0.0.1:$(port_of scheduler http_port)
for name in server1 server2; do start "$name" server --scheduler "$address"; done
for name in worker1 worker2; do start "$name" worker --scheduler "$address"; done
echo "scheduler at $address, status at http://$http/status while it runs"

echo
echo "== training a network on handwritten digits, 2 ranks, 2 servers, BSP"
status=0
"$bin/pacectl" --address "$address" submit --wait -o json \
  --request-id quickstart tests/jobs/digits_mlp.yaml >"$folder/summary.json" || status=$?

# number FIELD: of the run summary.
number() { sed -n "s/.*\"$1\": *\([0-9.eE+-]*\).*/\1/p" "$folder/summary.json" | head -n 1; }

if [ "$status" -ne 0 ]; then
  echo "the job did not succeed (exit code $status):" >&2
  cat "$folder/summary.json" >&2
  exit "$status"
fi
echo
printf 'accuracy on held-out digits: %.4f   (%.0f samples in %.1f s)\n' \
  "$(number accuracy)" "$(number samples)" "$(number wall_seconds)"
sed -n 's/.*"parameters_sha256": *"\([0-9a-f]*\)".*/parameters: sha256 \1/p' "$folder/summary.json"

cat <<'NEXT'

== what to type next
  out/bin/pacectl local run tests/jobs/digits_mlp.yaml --servers 3 --workers 2   # the same parameters, to the bit
  out/bin/pacectl explain job.consistency                                        # the policies
  out/bin/pacectl validate my-job.yaml                                           # check a job of your own (README.md)
  tests/run.sh                                                                   # prove the build
NEXT
