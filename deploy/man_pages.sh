#!/bin/sh
# Writes the manual pages, as the programs themselves print them, gzipped:
#
#   deploy/man_pages.sh BIN OUT
#
#   OUT/man1/pacectl.1.gz
#   OUT/man8/paceline-scheduler.8.gz  paceline-server.8.gz  paceline-worker.8.gz
set -eu

if [ $# -ne 2 ]; then
  echo "usage: deploy/man_pages.sh BIN OUT" >&2
  exit 2
fi
bin=$1
out=$2

mkdir -p "$out/man1" "$out/man8"
page=$(mktemp)
trap 'rm -f "$page"' EXIT
# Through a file: a program that fails must not leave half a page.
"$bin/pacectl" man >"$page"
gzip -9n <"$page" >"$out/man1/pacectl.1.gz"
for role in scheduler server worker; do
  "$bin/paceline-$role" --man-page >"$page"
  gzip -9n <"$page" >"$out/man8/paceline-$role.8.gz"
done
