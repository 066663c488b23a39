#!/bin/sh
# Writes digits.train.csv and digits.test.csv into a folder: 1797 handwritten
# digits of 8x8 pixels (0..16), the label in the last of 65 columns, no header.
# Every fifth record is held out for the test.
#
#   deploy/sample_data.sh out/data
#
# The data come from Debian's python3-sklearn. Only that one file is needed, so
# the package is unpacked into a temporary folder rather than installed.
set -eu

out=${1:?usage: sample_data.sh FOLDER}
mkdir -p "$out"
if [ -s "$out/digits.train.csv" ] && [ -s "$out/digits.test.csv" ]; then
  exit 0
fi

installed_file() {
  dpkg -L python3-sklearn 2>/dev/null | grep '/digits\.csv\.gz$' | head -n 1
}

temp=$(mktemp -d "$(cd "$out" && pwd)/.digits.XXXXXX")
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' INT TERM

unpack_package() {
  chmod 755 "$temp"
  (cd "$temp" && apt-get download -q python3-sklearn >/dev/null 2>&1) || return 1
  dpkg-deb -x "$temp"/python3-sklearn_*.deb "$temp/root"
}

digits=$(installed_file || true)
if [ ! -f "$digits" ]; then
  if unpack_package || { [ "$(id -u)" -eq 0 ] && apt-get update -q >/dev/null && unpack_package; }; then
    digits=$(find "$temp/root" -name digits.csv.gz | head -n 1)
  elif [ "$(id -u)" -eq 0 ]; then
    DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -q --no-install-recommends python3-sklearn >&2
    digits=$(installed_file)
  fi
fi
if [ ! -f "$digits" ]; then
  echo "no digits data: python3-sklearn is neither installed nor to be downloaded." >&2
  echo "As root, run: apt-get install --no-install-recommends python3-sklearn" >&2
  exit 1
fi

gzip -dc "$digits" | awk -F, -v train="$temp/train.csv" -v test="$temp/test.csv" '
  NF != 65 { printf "line %d: 65 columns expected, got %d\n", NR, NF; exit 1 }
  NR % 5 == 0 { print > test; next }
  { print > train }' >&2
mv "$temp/test.csv" "$out/digits.test.csv"
mv "$temp/train.csv" "$out/digits.train.csv"
