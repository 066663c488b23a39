#!/bin/bash
# Builds the tests of the GPU's operators with nvcc alone, and runs them.
#
#   tests/gpu/run.sh [--quick] [--seed N] [--filter TEXT]   against float64 on the CPU
#   tests/gpu/run.sh --bench [--quick] [--json FILE]        rates against ceilings
#   tests/gpu/run.sh --sanitizer [--filter TEXT]            under compute-sanitizer
#   tests/gpu/run.sh --build-only                           no GPU is needed
#
# and always
#   --build-dir DIR  where objects and programs go, and stay; else a temporary folder
#   --archs LIST     for which GPUs: 80,90; else the one that is here, and with
#                    --build-only 75,90
#
# Needs nvcc of CUDA 12 or later ($CUDA_HOME, else /usr/local/cuda, else $PATH), its
# host compiler, and to run a GPU and cuBLAS; neither Bazel nor any library.
#
# Exit status: 0 all well, 1 a test failed or nothing could be built, 2 usage, 77
# skipped: no nvcc, no GPU, or no compute-sanitizer for --sanitizer.
set -u

cd "$(dirname "$0")/../.." || exit 1

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' tests/gpu/run.sh >&2
  exit 2
}

mode="test"
build=
archs=
quick=()
options=()
while [ $# -gt 0 ]; do
  case "$1" in
  --bench) mode=bench ;;
  --sanitizer) mode=sanitizer ;;
  --build-only) mode=build ;;
  --quick) quick=(--quick) ;;
  --build-dir | --archs | --seed | --filter | --json)
    [ $# -gt 1 ] || usage
    case "$1" in
    --build-dir) build=$2 ;;
    --archs) archs=$2 ;;
    *) options+=("$1" "$2") ;;
    esac
    shift
    ;;
  *) usage ;;
  esac
  shift
done

home=${CUDA_HOME:-/usr/local/cuda}
nvcc=$home/bin/nvcc
[ -x "$nvcc" ] || nvcc=$(command -v nvcc) || {
  echo "skipped: no nvcc in $home/bin or \$PATH (CUDA_HOME names another toolkit)"
  exit 77
}
export LD_LIBRARY_PATH="$home/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

# The driver's list of GPUs: the programs need one, and -arch=native looks for it.
if [ "$mode" != build ] && ! ls /dev/nvidia[0-9]* >/dev/null 2>&1 &&
  ! nvidia-smi -L >/dev/null 2>&1; then
  echo "skipped: no GPU (no /dev/nvidia0, and nvidia-smi lists none)"
  exit 77
fi

if [ -z "$build" ]; then
  build=$(mktemp -d)
  trap 'rm -rf "$build"' EXIT
fi
mkdir -p "$build" || exit 1

[ -n "$archs" ] || [ "$mode" != build ] || archs=75,90
gencode=()
for arch in ${archs//,/ }; do
  gencode+=("-gencode=arch=compute_$arch,code=[sm_$arch,compute_$arch]")
done
[ ${#gencode[@]} -gt 0 ] || gencode=(-arch=native)

# One object per source, as many compilers at once as there are cores. Kernels are for
# GPUs; the rest is plain C++ that includes CUDA's headers.
export nvcc build
export flags="-std=c++17 -O3 -I. -Xcompiler=-Wall,-Wextra,-Wno-missing-field-initializers"
export for_gpus="${gencode[*]} -lineinfo"
printf '%s\n' worker/gpu/ops/*.cu worker/gpu/ops/reference/*.cc worker/gpu/ops/testing/*.cc \
  tests/gpu/*.cc | grep -v host_memory.cc >"$build/sources"
# shellcheck disable=SC2016  # the inner shell expands
xargs -P "$(nproc)" -I{} bash -c '
  case "$1" in *.cu) for_gpu=$for_gpus ;; *) for_gpu= ;; esac
  "$nvcc" $flags $for_gpu -c "$1" -o "$build/${1//\//_}.o"' _ {} <"$build/sources" || {
  echo "tests/gpu does not compile" >&2
  exit 1
}
for program in gpu_test gpu_bench; do
  objects=()
  while read -r source; do
    case "$source" in
    *_main.cc) [ "$source" = "tests/gpu/${program}_main.cc" ] || continue ;;
    esac
    objects+=("$build/${source//\//_}.o")
  done <"$build/sources"
  "$nvcc" "${objects[@]}" -o "$build/$program" -ldl || {
    echo "tests/gpu/$program does not link" >&2
    exit 1
  }
done

case "$mode" in
build)
  echo "built $build/gpu_test and $build/gpu_bench for ${archs:-the GPU that is here}"
  ;;
test)
  "$build/gpu_test" "${quick[@]}" "${options[@]}"
  ;;
bench)
  "$build/gpu_bench" "${quick[@]}" "${options[@]}"
  ;;
sanitizer)
  sanitizer=$home/bin/compute-sanitizer
  [ -x "$sanitizer" ] || sanitizer=$(command -v compute-sanitizer) || {
    echo "skipped: no compute-sanitizer in $home/bin or \$PATH"
    exit 77
  }
  # Buffers of just their size, and for initcheck ones that nobody has written.
  status=0
  for tool in memcheck racecheck synccheck initcheck; do
    buffers=exact
    [ "$tool" = initcheck ] && buffers=unwritten
    echo "== $tool"
    "$sanitizer" --tool "$tool" --error-exitcode 1 "$build/gpu_test" --quick \
      --buffers "$buffers" "${options[@]}" || status=1
  done
  exit $status
  ;;
esac
