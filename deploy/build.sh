#!/bin/sh
# Builds Paceline, optimised, into out/bin, and puts the sample data into out/data.
#
#   deploy/build.sh
#
#   out/bin    paceline-scheduler paceline-server paceline-worker pacectl
#   out/data   digits.train.csv digits.test.csv
#
# PACELINE_BAZEL_CACHE names the folder of Bazel's disk cache (default: under
# XDG_CACHE_HOME or ~/.cache), PACELINE_BAZEL_STARTUP further startup options.
set -eu

cd "$(dirname "$0")/.."
root=$(pwd)

deploy/install_packages.sh deploy/packages.txt

cache=${PACELINE_BAZEL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp/paceline-$(id -u)}/.cache}/paceline/bazel}
mkdir -p "$cache" out/bin
out_bin=$root/out/bin

# What the binaries were built from. Unchanged: there is nothing to do, and Bazel
# need not start.
fingerprint() {
  { find WORKSPACE BUILD.bazel paceline.bzl .bazelrc proto common server worker scheduler cli \
    third_party docs/job-spec.md -type f -printf '%p %s %T@\n' | sort
    dpkg-query -W g++ libgrpc++1.51 libprotobuf32 libabsl20220623 2>/dev/null || true
    "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" --version 2>/dev/null || true; } | sha256sum
}
if [ "$(fingerprint)" = "$(cat out/bin/.built-from 2>/dev/null)" ]; then
  deploy/sample_data.sh out/data
  echo "up to date: $out_bin"
  exit 0
fi
built_from=$(fingerprint)

run_bazel() {
  command=$1
  shift
  # shellcheck disable=SC2086  # several options in one variable
  bazel ${PACELINE_BAZEL_STARTUP:-} "$command" "$@"
}

run_bazel build --config=opt --disk_cache="$cache" \
  //scheduler:paceline-scheduler \
  //server:paceline-server \
  //worker:paceline-worker \
  //cli:pacectl

bazel_bin=$(run_bazel info --config=opt bazel-bin 2>/dev/null)
for target in scheduler/paceline-scheduler server/paceline-server worker/paceline-worker cli/pacectl; do
  name=${target#*/}
  # A running program cannot be overwritten, but it can be replaced.
  cp "$bazel_bin/$target" "$out_bin/.$name.new"
  chmod 755 "$out_bin/.$name.new"
  mv -f "$out_bin/.$name.new" "$out_bin/$name"
done

# No process is left behind.
run_bazel shutdown
echo "$built_from" >out/bin/.built-from

deploy/sample_data.sh out/data
echo "built: $out_bin"
