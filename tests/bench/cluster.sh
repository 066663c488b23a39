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
peers=
json=
while [ $# -gt 0 ]; do
  case "$1" in
  --cluster) ;;
  --quick)
    quick=(--quick)
    repeats=(--repeats 1)
    ;;
  --peers) peers=yes ;;
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
[ -n "$peers" ] || exit 0
cache=${PACELINE_BAZEL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp/paceline-$(id -u)}/.cache}/paceline/bazel}
bazel build --config=opt --disk_cache="$cache" --noshow_progress //tests/bench:data_plane_bench >&2
bare=$(bazel info --config=opt bazel-bin 2>/dev/null)/tests/bench/data_plane_bench
bench peers/gloo "${repeats[@]}" --bench "$bare"
bench peers/ddp "${repeats[@]}"
