#!/bin/bash
# Builds the daemons and runs the benchmarks of a whole cluster, one after the other.
#
#   tests/bench/run.sh --cluster [--quick] [--peers] [--json FOLDER]
#
# scale.py and links.py; links.py needs root, else it says so and is skipped.
# --quick  the main sizes and one run of each, under five minutes
# --peers  also peers/gloo.py and peers/ddp.py, where python3-torch is installed
# --json   writes scale.json, links.json, ... into FOLDER
set -eu

cd "$(dirname "$0")/../.."

quick=()
repeats=()
peers=()
json=
while [ $# -gt 0 ]; do
  case "$1" in
  --cluster) ;;
  --quick)
    quick=(--quick)
    repeats=(--repeats 1)
    ;;
  --peers) peers=(peers/gloo peers/ddp) ;;
  --json)
    json=${2:?--json names a folder}
    shift
    ;;
  *)
    echo "usage: tests/bench/run.sh --cluster [--quick] [--peers] [--json FOLDER], got $1" >&2
    exit 2
    ;;
  esac
  shift
done

deploy/build.sh >&2
[ -z "$json" ] || mkdir -p "$json"

# bench NAME OPTION...: one of them, with its heading.
bench() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  /usr/bin/python3 "tests/bench/$name.py" "$@" ${json:+--json "$json/${name##*/}.json"}
}

bench scale "${quick[@]}"
bench links "${quick[@]}"
for peer in "${peers[@]}"; do bench "$peer" "${repeats[@]}"; done
