#!/bin/bash
# Builds the worker as on a machine without a CUDA toolkit, and hears what it says.
#
#   tests/gpu/without_toolkit.sh DISK_CACHE
set -eu
cd "$(dirname "$0")/../.."

options=(--config=opt "--disk_cache=$1" --repo_env=CUDA_HOME=/nonexistent
  --noshow_progress --color=no)
# shellcheck disable=SC2086  # several options in one variable
bazel ${PACELINE_BAZEL_STARTUP:-} build "${options[@]}" //worker:paceline-worker
# shellcheck disable=SC2086
worker=$(bazel ${PACELINE_BAZEL_STARTUP:-} info "${options[@]}" bazel-bin 2>/dev/null)/worker/paceline-worker

if ldd "$worker" | grep -E 'libcu|libnv'; then
  echo "it is linked with CUDA's libraries" >&2
  exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0
said=$("$worker" --listen 127.0.0.1:0 --http-listen none --data-dir "$folder" --device=cuda 2>&1) ||
  status=$?
echo "$said"
[ "$status" -ne 0 ] && grep -q 'this build has no CUDA toolkit' <<<"$said"
