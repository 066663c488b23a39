#!/bin/bash
# Fuzzes every target with libFuzzer under AddressSanitizer and UBSan.
#
#   tests/fuzz/run.sh [--seconds N] [TARGET]...     60 s each without; all targets without
#
# What breaks a target is kept in out/fuzz/TARGET/, to be put into tests/fuzz/corpus/TARGET/
# with the fix. Needs clang and libclang-rt-14-dev.
set -eu
cd "$(dirname "$0")/../.."

seconds=60
if [ "${1:-}" = --seconds ]; then
  seconds=$2
  shift 2
fi
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(ls tests/fuzz/*_fuzz.cc | sed 's|.*/||; s|_fuzz\.cc||')
fi
cache=${PACELINE_BAZEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/paceline/bazel}
# An output folder of its own: else every change of compiler rebuilds everything.
bazel="bazel --output_user_root=$cache/clang"

labels=()
for target in "${targets[@]}"; do
  labels+=("//tests/fuzz:${target}_fuzz" "//tests/fuzz:${target}_fuzzer")
done
# shellcheck disable=SC2086
$bazel build --config=fuzz --disk_cache="$cache" --noshow_progress --color=no "${labels[@]}"
# shellcheck disable=SC2086
bin=$($bazel info --config=fuzz bazel-bin 2>/dev/null)/tests/fuzz

passed=0
failed=0
for target in "${targets[@]}"; do
  found=out/fuzz/$target
  mkdir -p "$found/corpus"
  "$bin/${target}_fuzz" --write-seeds "$found/corpus"
  kept=()
  if [ -d "tests/fuzz/corpus/$target" ]; then kept=("tests/fuzz/corpus/$target"); fi
  echo "== $target, $seconds s"
  if "$bin/${target}_fuzzer" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=4096 \
    -timeout=30 -print_final_stats=1 -verbosity=0 -artifact_prefix="$found/" \
    "$found/corpus" "${kept[@]}"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$target FAILED: input in $found/"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
