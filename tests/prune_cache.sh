#!/bin/bash
# Removes what was used longest ago from Bazel's disk cache, which itself keeps everything.
#
#   tests/prune_cache.sh FOLDER GIB
#
# Above GIB gibibytes, files go until three quarters of that are left. An entry whose file is
# gone is one that Bazel builds again. No build may run that uses the cache.
set -euo pipefail

if [ $# -ne 2 ]; then
  echo "usage: tests/prune_cache.sh FOLDER GIB" >&2
  exit 2
fi
cd "$1"
limit=$(($2 << 30))

# files: seconds of the last use, bytes on disk, path, a line each. Not every use changes the
# access time (relatime); a file is never older than it was written.
files() {
  for folder in ac cas; do
    [ -d "$folder" ] || continue
    find "$folder" -type f -printf '%A@ %T@ %b %p\n'
  done | awk '{ print ($1 > $2 ? $1 : $2), $3 * 512, $4 }'
}

# Uploads that a killed build left.
find . -maxdepth 1 -type f -name '????????-????-????-????-????????????' -delete

# mawk's %d ends at 2^31.
used=$(files | awk '{ sum += $2 } END { printf "%.0f", sum }')
[ "$used" -gt "$limit" ] || exit 0
files | sort -n | awk -v excess=$((used - limit / 4 * 3)) \
  'removed < excess { removed += $2; print $3 }' | xargs -r rm -f
echo "$1: $((used >> 20)) MiB, more than $((limit >> 20)): what was used longest ago is removed"
