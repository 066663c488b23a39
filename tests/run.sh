#!/bin/bash
# Installs what the tests need, builds, and runs every test.
#
#   tests/run.sh          all rings; what CI runs
#   tests/run.sh --full   the long forms too (more simulated seeds, longer chaos)
#
# Steps: the form of the sources; g++ build with -Werror, unit, adapter, harness and sim
# tests; the GPU's test programs by nvcc, and a build without CUDA; end-to-end tests and
# chaos with the real binaries of deploy/build.sh; clang build with AddressSanitizer, UBSan
# and thread annotations over the unit to sim tests.
#
# Data sets are looked for in ../shared/data (PACELINE_SHARED_DATA); tests that
# need them are skipped, and say so, where they are absent.
set -u

cd "$(dirname "$0")/.." || exit 1

seeds=2000
sanitizer_seeds=30
chaos_minutes=2
case "${1:-}" in
"") ;;
--full)
  seeds=20000
  sanitizer_seeds=2000
  chaos_minutes=30
  # Real processes are left without a scheduler for a whole minute.
  export PACELINE_FULL=1
  ;;
*)
  echo "usage: tests/run.sh [--full]" >&2
  exit 2
  ;;
esac

data=${PACELINE_SHARED_DATA:-$(cd .. && pwd)/shared/data}
export PACELINE_SHARED_DATA="$data"
cache=${PACELINE_BAZEL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp/paceline-$(id -u)}/.cache}/paceline/bazel}
mkdir -p "$cache"
# One state of the sources takes 10 GiB, with both compilers; uses are not always seen.
tests/prune_cache.sh "$cache" 30
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed=0
failed=0
skipped=0
# What failed, and the last lines it said: shown again at the end, where they are found.
failures=$work/failures
: >"$failures"

# count PASSED FAILED SKIPPED: adds a step's result.
count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

heading() { printf '\n== %s (%s)\n' "$1" "$(date +%T)"; }

# one NAME COMMAND...: a step that is one test.
one() {
  local name=$1
  heading "$name"
  shift
  if "$@"; then
    count 1 0 0
  else
    count 0 1 0
    echo "FAILED: $name" >>"$failures"
  fi
}

# run_bazel OPTION...: Bazel tests. Times are there to end what hangs: a machine that is busy
# with other things is not a failure.
run_bazel() {
  # shellcheck disable=SC2086  # several options in one variable
  bazel ${PACELINE_BAZEL_STARTUP:-} test --disk_cache="$cache" --keep_going \
    --test_env=PACELINE_SHARED_DATA="$data" --test_env=PACELINE_SIM_SEEDS="$seeds" \
    --test_env=PACELINE_DIGITS="$(pwd)/out/data" \
    --test_timeout=600,900,1800,3600 \
    --color=no --curses=no --noshow_progress "$@" 2>&1
}

# count_bazel STATUS LOG: adds the result of such a run; every target counts as one.
count_bazel() {
  local status=$1 good bad
  good=$(grep -cE '^//[^ ]+ +(\(cached\) )?PASSED' "$2")
  bad=$(grep -cE '^//[^ ]+ +(FAILED|TIMEOUT|NO STATUS|FLAKY)' "$2")
  # A build that fails runs no test: that is a failure too.
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  count "$good" "$bad" 0
  grep -E '^ERROR: ' "$2" >>"$failures"
  # Below such a target stand its logs.
  sed -nE 's/^(\/\/[^ ]+) +((FAILED|TIMEOUT|NO STATUS|FLAKY).*)/\1: \2/p; s/^  (\/.*\.log)$/\1/p' \
    "$2" | while read -r line; do
    case "$line" in
    /[!/]*) tail -n 40 "$line" ;;
    *) echo "$line" ;;
    esac
  done >>"$failures"
}

# unittests FOLDER PATTERN: Python's unittest over the files of that name.
unittests() {
  (cd "$1" && PYTHONUNBUFFERED=1 /usr/bin/python3 -m unittest discover -v -p "$2") 2>&1
}

# count_unittests STATUS LOG: adds the result of such a run.
count_unittests() {
  local status=$1 ran bad=0 skip
  ran=$(sed -n 's/^Ran \([0-9]*\) test.*/\1/p' "$2" | tail -n 1)
  skip=$(sed -n 's/^\(OK\|FAILED\).*skipped=\([0-9]*\).*/\2/p' "$2" | tail -n 1)
  if [ "$status" -ne 0 ]; then
    bad=$(grep -cE '^(FAIL|ERROR): ' "$2")
    [ "$bad" -gt 0 ] || bad=1
    # From the first report of a failure to the count of tests.
    sed -nE '/^={20,}$/,$p' "$2" >>"$failures"
  fi
  ran=${ran:-0} skip=${skip:-0}
  local good=$((ran - bad - skip))
  count "$((good > 0 ? good : 0))" "$bad" "$skip"
}

# python_tests NAME FOLDER PATTERN: a step of Python's unittest.
python_tests() {
  heading "$1"
  unittests "$2" "$3" | tee "$work/python.log"
  count_unittests "${PIPESTATUS[0]}" "$work/python.log"
}

heading "packages"
deploy/install_packages.sh deploy/packages.txt tests/packages.txt || exit 1
# Tests that need one of these say so and are skipped where it cannot be had.
/usr/bin/python3 -m pip install --quiet --disable-pip-version-check --no-deps \
  --root-user-action=ignore --target "$cache/python" --upgrade -r tests/requirements.txt
export PYTHONPATH="$cache/python"

one "clang-format" sh -c \
  "git ls-files '*.cc' '*.h' '*.cu' '*.cuh' | xargs -r clang-format-14 --dry-run -Werror"
one "rules of the house" tests/house.sh
one "optimised build and sample data" deploy/build.sh
heading "g++: unit, adapter, harness, sim"
run_bazel --config=opt //... | tee "$work/bazel.log"
count_bazel "${PIPESTATUS[0]}" "$work/bazel.log"
# A machine without nvcc says so; that is all that can be known there.
one "the GPU's test programs" sh -c 'tests/gpu/run.sh --build-only || [ $? -eq 77 ]'
one "a build without a CUDA toolkit" tests/gpu/without_toolkit.sh "$cache"
# Clang compiles what the tests below leave of the processors, since those mostly wait. A
# folder of its own, so that neither compiler's build throws the other's away; in it one for
# each checkout, since what is there links back to the sources.
clang_output=--output_user_root=$cache/clang
(
  renice -n 15 -p "$BASHPID" >/dev/null
  seeds=$sanitizer_seeds PACELINE_BAZEL_STARTUP=$clang_output
  run_bazel --config=asan --build_tests_only //...
) >"$work/clang.log" &
clang=$!
# Broken networks are mostly waited for: beside the other tests, with a log of their own.
unittests tests/e2e "test_networks*.py" >"$work/networks.log" &
networks=$!
python_tests "end to end" tests/e2e "test_[!n]*.py"
heading "end to end: networks"
wait "$networks"
networks_status=$?
cat "$work/networks.log"
count_unittests "$networks_status" "$work/networks.log"
python_tests "parts of the chaos run" tests/chaos "test*.py"
python_tests "parts of the benchmarks" tests/bench "test*.py"
python_tests "parts of the GPU runs" tests/gpu "test*.py"
if [ -n "${PACELINE_FULL:-}" ]; then
  one "fuzzing: 60 s for each target" tests/fuzz/run.sh --seconds 60
  one "every file includes what it names" bazel build --config=opt --define=precompiled=no \
    --disk_cache="$cache" --keep_going --color=no --noshow_progress //...
fi
one "chaos: $chaos_minutes minutes" tests/chaos/run.sh --minutes "$chaos_minutes"
heading "clang: sanitizers and thread annotations"
wait "$clang"
clang_status=$?
cat "$work/clang.log"
count_bazel "$clang_status" "$work/clang.log"

# No process is left behind.
bazel shutdown
bazel "$clang_output" shutdown

if [ -s "$failures" ]; then
  heading "what failed"
  tail -n 300 "$failures"
fi
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
