#!/bin/bash
# Builds and runs the benchmarks of the kernels: what run.sh --kernels calls.
set -eu

cd "$(dirname "$0")/../../.."

options=()
for option in "$@"; do
  [ "$option" = --kernels ] || options+=("$option")
done

cache=${PACELINE_BAZEL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp/paceline-$(id -u)}/.cache}/paceline/bazel}
log=${TMPDIR:-/tmp}/paceline-bench-build.log
# shellcheck disable=SC2086  # several options in one variable
bazel ${PACELINE_BAZEL_STARTUP:-} build --config=opt --disk_cache="$cache" \
  //tests/bench/kernels:kernel_bench 2>"$log" || {
  cat "$log" >&2
  exit 1
}
# shellcheck disable=SC2086
bench=$(bazel ${PACELINE_BAZEL_STARTUP:-} info --config=opt bazel-bin 2>/dev/null)/tests/bench
exec "$bench/kernels/kernel_bench" "${options[@]}"
