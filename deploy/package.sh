#!/bin/bash
# Packs the programs as a Debian package for Debian 12, which loads Debian's own libraries.
#
#   deploy/package.sh [--out FILE.deb]     # default: out/paceline_VERSION_ARCHITECTURE.deb
#
#   /usr/bin                 paceline-scheduler, paceline-server, paceline-worker, pacectl
#   /lib/systemd/system      a unit for each daemon: none is enabled or started by installing
#   /etc/paceline            a file of options for each daemon
#   /usr/share/paceline      sample data and a job that learns them
#   /usr/include/paceline    what a model of your own includes; its example is beside the docs
#
# Installing a newer package restarts nothing: deploy/README.md says in which order. Purging
# takes away the data of /var/lib/paceline and the user paceline as well.
#
# The same commit and the same Debian packages make the same bytes.
set -euo pipefail

fail() {
  echo "package: $*" >&2
  exit 1
}

out=
case "${1:-} $#" in
" 0") ;;
"--out 2") out=$(realpath -m -- "$2") ;;
*)
  echo "usage: $0 [--out FILE.deb]" >&2
  exit 2
  ;;
esac

cd "$(dirname "$0")/.."
for tool in dpkg-deb dpkg-shlibdeps strip; do
  command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install dpkg-dev"
done
version=$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' common/version/version.h)
architecture=$(dpkg --print-architecture)
out=${out:-$PWD/out/paceline_${version}_$architecture.deb}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH

deploy/build.sh
mkdir -p "$(dirname "$out")"
temp=$(mktemp -d "$(dirname "$out")/.paceline-package.XXXXXX")
trap 'rm -rf "$temp"' EXIT
trap 'exit 130' INT TERM
root=$temp/root

# put MODE FILE NAME
put() { install -D -m "$1" -T -- "$2" "$root/$3"; }

for program in paceline-scheduler paceline-server paceline-worker pacectl; do
  strip --strip-unneeded -o "$temp/$program" "out/bin/$program"
  put 755 "$temp/$program" "usr/bin/$program"
done
for unit in deploy/systemd/*.service; do
  put 644 "$unit" "lib/systemd/system/${unit##*/}"
done
put 644 deploy/systemd/paceline.sysusers usr/lib/sysusers.d/paceline.conf
put 755 deploy/systemd/preemption-watch usr/lib/paceline/preemption-watch
for role in scheduler server worker; do
  put 644 "deploy/config/$role.toml" "etc/paceline/$role.toml"
done
install -d "$root/etc/paceline/tls"
put 644 deploy/README.md usr/share/doc/paceline/README.md
put 644 LICENSE usr/share/doc/paceline/copyright
put 644 docs/user-models.md usr/share/doc/paceline/user-models.md
for header in paceline_model.h paceline_model_abi.h; do
  put 644 "worker/api/$header" "usr/include/paceline/$header"
done
for file in worker/api/example/*; do
  put 644 "$file" "usr/share/doc/paceline/example/${file##*/}"
done
for data in digits.train.csv digits.test.csv; do
  put 644 "out/data/$data" "usr/share/paceline/data/$data"
done
sed 's|\.\./\.\./out/data/|../data/|' tests/jobs/digits_mlp.yaml >"$temp/job"
grep -q '\.\./data/digits.train.csv' "$temp/job" || fail "tests/jobs/digits_mlp.yaml: no data to move"
put 644 "$temp/job" usr/share/paceline/jobs/digits_mlp.yaml

# Of what the programs load: dpkg-shlibdeps wants a source package around it.
mkdir "$temp/debian"
printf 'Source: paceline\n\nPackage: paceline\nArchitecture: any\n' >"$temp/debian/control"
depends=$(cd "$temp" && dpkg-shlibdeps -O root/usr/bin/* 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || fail "dpkg-shlibdeps names no library"

install -d "$root/DEBIAN"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@DEPENDS@/$depends/" \
  -e "s/@INSTALLED_SIZE@/$(du -sk --apparent-size "$root" | cut -f 1)/" \
  deploy/debian/control >"$root/DEBIAN/control"
for script in postinst prerm postrm; do
  install -m 755 "deploy/debian/$script" "$root/DEBIAN/$script"
done
(cd "$root" && find etc -type f | LC_ALL=C sort | sed 's|^|/|') >"$root/DEBIAN/conffiles"
(cd "$root" && find usr lib -type f | LC_ALL=C sort | xargs md5sum) >"$root/DEBIAN/md5sums"
chmod 644 "$root/DEBIAN/conffiles" "$root/DEBIAN/md5sums" "$root/DEBIAN/control"
find "$root" -type d -exec chmod 755 {} +
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

dpkg-deb --root-owner-group -Zxz -z2 --build "$root" "$temp/package.deb" >/dev/null
chmod 644 "$temp/package.deb"
mv -f "$temp/package.deb" "$out"
echo "package: $out ($(du -k "$out" | cut -f 1) KiB)"
