#!/bin/sh
# Installs the Debian packages listed in the given files, as far as they are missing.
#
#   deploy/install_packages.sh deploy/packages.txt tests/packages.txt
#
# With everything installed it does nothing, for any user. As an ordinary user
# with something missing it prints the command to run and exits 1.
set -eu

if [ $# -eq 0 ]; then
  echo "usage: $0 PACKAGE-LIST..." >&2
  exit 2
fi

missing=
for package in $(sed 's/#.*//' "$@"); do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "These packages are missing. As root, run:" >&2
  echo "  apt-get install --no-install-recommends$missing" >&2
  exit 1
fi

echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# The package lists may be absent or old: refresh them only if the first try fails.
# shellcheck disable=SC2086  # one word per package
apt-get install -y -q --no-install-recommends $missing >&2 ||
  { apt-get update -q >&2 && apt-get install -y -q --no-install-recommends $missing >&2; }
