#!/bin/bash
# Builds and runs the benchmarks of the data plane.
#
#   tests/bench/run.sh [--quick] [--ps-lite DIR] [OPTION of data_plane_bench]...
#   tests/bench/run.sh --kernels [--quick] [OPTION of Google Benchmark]...
#   tests/bench/run.sh --cluster [OPTION of cluster.sh]...
#
# --kernels  the kernels of server and codecs on one core, in place of the data plane
# --quick    the main sizes, three runs each, under five minutes
# --ps-lite  a ps-lite source folder with build/libps.a, to be compared with; needs
#            libzmq3-dev, and root for its runs under another congestion control
# --cluster  whole clusters of daemons, in place of the data plane
set -eu

cd "$(dirname "$0")/../.."

case " $* " in
*" --kernels "*) exec tests/bench/kernels/run.sh "$@" ;;
*" --cluster "*) exec tests/bench/cluster.sh "$@" ;;
esac

options=()
ps_lite=
while [ $# -gt 0 ]; do
  case "$1" in
  --quick) options+=(--quick --repeats 3) ;;
  --ps-lite)
    ps_lite=$2
    shift
    ;;
  *) options+=("$1") ;;
  esac
  shift
done

cache=${PACELINE_BAZEL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp/paceline-$(id -u)}/.cache}/paceline/bazel}
# shellcheck disable=SC2086  # several options in one variable
bazel ${PACELINE_BAZEL_STARTUP:-} build --config=opt --disk_cache="$cache" \
  //tests/bench:data_plane_bench 2>"${TMPDIR:-/tmp}/paceline-bench-build.log" || {
  cat "${TMPDIR:-/tmp}/paceline-bench-build.log" >&2
  exit 1
}
# shellcheck disable=SC2086
bench=$(bazel ${PACELINE_BAZEL_STARTUP:-} info --config=opt bazel-bin 2>/dev/null)/tests/bench

if [ -n "$ps_lite" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # shellcheck disable=SC2046
  g++ -std=c++20 -O3 -I. -I"$ps_lite/include" tests/bench/peers/ps_lite_bench.cc \
    tests/bench/role_processes.cc common/daemon/freed_memory.cc \
    common/check.cc common/log.cc "$ps_lite/build/libps.a" \
    -o "$work/ps_lite_bench" -lzmq -lprotobuf-lite -lspdlog -lfmt -lpthread \
    $(pkg-config --libs absl_time absl_strings absl_str_format absl_statusor)
  options+=(--ps-lite "$work/ps_lite_bench")
fi

"$bench/data_plane_bench" "${options[@]}"
