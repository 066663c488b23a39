#!/bin/bash
# Packs the programs and all that they need beside glibc: a folder that runs wherever it is
# put, on machines without a compiler, Bazel, gRPC or Abseil.
#
#   deploy/bundle.sh [--system-cuda] [--out FILE.tar.gz|DIR]
#
#   bin/      the four programs of deploy/build.sh without debug information
#   lib/      the shared libraries that they load, as Debian ships them, and cuBLAS
#   include/  what a model of your own includes
#   share/    sample data, the quick start's job, such a model, licences
#   README.md  VERSION  MANIFEST.sha256
#
# --system-cuda leaves cuBLAS, some 600 MB, to the host; then the whole must stay under
# 60 MiB, compressed. Without it the toolkit's cuBLAS comes along, where there is a toolkit
# (CUDA_HOME, else /usr/local/cuda). The driver is always the host's.
#
# The same commit, packages and toolkit make the same bytes.
set -euo pipefail

# MiB, compressed, with --system-cuda.
limit=60

usage() {
  echo "usage: $0 [--system-cuda] [--out FILE.tar.gz|DIR]" >&2
  exit 2
}

fail() {
  echo "bundle: $*" >&2
  exit 1
}

cuda=bundled
out=
while [ $# -gt 0 ]; do
  case $1 in
  --system-cuda) cuda=host ;;
  --out)
    [ $# -ge 2 ] || usage
    shift
    out=$1
    ;;
  --out=*) out=${1#--out=} ;;
  *) usage ;;
  esac
  shift
done

# A relative --out is the caller's.
[ -z "$out" ] || out=$(realpath -m -- "$out")
cd "$(dirname "$0")/.."
root=$(pwd)
version=$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' common/version/version.h)
platform=linux-$(uname -m)
[ -n "$out" ] ||
  out=$root/out/paceline-$version-$platform$([ "$cuda" = bundled ] || echo -system-cuda).tar.gz
case $out in
*.tar.gz | *.tgz) packed=yes ;;
*) packed=no ;;
esac
if [ "$packed" = no ] && [ -n "$(ls -A -- "$out" 2>/dev/null)" ]; then
  fail "$out exists and is not empty"
fi

deploy/build.sh
mkdir -p "$(dirname "$out")"
# Beside what it becomes, so that it need only be renamed.
temp=$(mktemp -d "$(dirname "$out")/.paceline-bundle.XXXXXX")
trap 'rm -rf "$temp"' EXIT
trap 'exit 130' INT TERM
stage=$temp/paceline-$version
install -d -m 755 "$stage" "$stage"/{bin,include/paceline,lib,share,share/{data,doc/example,jobs,licenses}}

# put FILE NAME: a copy that all may read.
put() { install -m 644 -T -- "$1" "$stage/$2"; }

# The host's: they belong to its kernel and its configuration, and to one another.
glibc='^(ld-linux.*|lib(c|m|mvec|dl|rt|pthread|resolv|util|anl|nsl|nss_.*|BrokenLocale))\.so'
programs=(paceline-scheduler paceline-server paceline-worker pacectl)

for program in "${programs[@]}"; do
  # Not by a pipe: grep ends at the first line that fits, which can be the end of readelf too.
  [[ $(readelf -d "out/bin/$program") == *'Library rpath: [$ORIGIN/../lib]'* ]] ||
    fail "out/bin/$program does not look for libraries in ../lib: see paceline.bzl"
  strip --strip-debug -o "$stage/bin/$program" "out/bin/$program"
  chmod 755 "$stage/bin/$program"
done

# needs: "NAME FILE" of each library that the programs load, but glibc's. One name may lead
# to another by Debian's alternatives: FILE is what lies behind all of them.
needs() {
  local program
  for program in "${programs[@]}"; do
    env -u LD_LIBRARY_PATH -u LD_PRELOAD ldd "out/bin/$program"
  done | awk '$2 == "=>" { print $1, ($3 == "not" ? "none" : $3) }' | grep -vE "$glibc" |
    LC_ALL=C sort -u | while read -r name file; do echo "$name $(realpath "$file")"; done
}
needs >"$temp/needs"
[ -s "$temp/needs" ] || fail "ldd named no library"

# Which Debian package a file is from: all are asked for at once, that is what takes time.
# dpkg may know a file from before /usr was merged.
declare -A package_of version_of
while read -r package file; do
  package_of[/usr${file#/usr}]=${package%%:*}
done < <(sed 's/^[^ ]* \(\/usr\)\{0,1\}\(.*\)/\/usr\2\n\2/' "$temp/needs" | xargs dpkg -S 2>/dev/null |
  grep -v '^diversion ')
while IFS=$'\t' read -r package its_version; do
  version_of[$package]=$its_version
done < <(printf '%s\n' "${package_of[@]}" libcli11-dev nlohmann-json3-dev | sort -u |
  xargs dpkg-query -W -f '${Package}\t${Version}\n')

# licence PACKAGE
licence() {
  [ -f "/usr/share/doc/$1/copyright" ] || fail "$1: no licence in /usr/share/doc/$1/copyright"
  put "/usr/share/doc/$1/copyright" "share/licenses/$1.txt"
}

while read -r name file; do
  [ -f "$file" ] || fail "$name, which a program needs, is not on this machine"
  case $name in
  libcu* | libnv*) fail "a program is linked with $name: CUDA has to be loaded at run time" ;;
  esac
  package=${package_of[$file]:-}
  [ -n "$package" ] || fail "$file belongs to no Debian package: its licence is not known"
  put "$file" "lib/$name"
  licence "$package"
  printf '%s\t%s\t%s\n' "$name" "$package" "${version_of[$package]}" >>"$stage/share/libraries.tsv"
done <"$temp/needs"
# These are compiled in.
for package in libcli11-dev nlohmann-json3-dev; do
  licence "$package"
  printf -- '-\t%s\t%s\n' "$package" "${version_of[$package]}" >>"$stage/share/libraries.tsv"
done

cuda_home=${CUDA_HOME:-/usr/local/cuda}
cublas=(libcublas.so.13 libcublasLt.so.13)
# A program that was built with the toolkit has its runtime compiled in.
if [ "$cuda" = bundled ] || grep -qaF libcuda.so.1 "$stage/bin/paceline-worker"; then
  cuda_licence=$(find -L "$cuda_home" -maxdepth 4 \( -ipath '*cublas*/license*.txt' -o -name EULA.txt \) \
    2>/dev/null | LC_ALL=C sort | head -n 1 || true)
  [ -z "$cuda_licence" ] || put "$cuda_licence" share/licenses/cuda.txt
fi
if [ "$cuda" = bundled ]; then
  if [ -e "$cuda_home/lib64/${cublas[0]}" ]; then
    [ -n "$cuda_licence" ] || fail "no licence of cuBLAS under $cuda_home: use --system-cuda"
    for name in "${cublas[@]}"; do
      put "$(realpath "$cuda_home/lib64/$name")" "lib/$name"
      printf '%s\tcublas\t%s\n' "$name" "$cuda_home" >>"$stage/share/libraries.tsv"
    done
    echo "cuBLAS: $(du -cm "${cublas[@]/#/$stage/lib/}" | tail -n 1 | cut -f 1) MiB"
  else
    cuda=none
    echo "cuBLAS: none: there is no CUDA toolkit in $cuda_home" >&2
  fi
fi

put LICENSE share/licenses/paceline.txt
put out/data/digits.train.csv share/data/digits.train.csv
put out/data/digits.test.csv share/data/digits.test.csv
# The quick start's job; its data lie elsewhere here.
sed 's|\.\./\.\./out/data/|../data/|' tests/jobs/digits_mlp.yaml >"$temp/job"
grep -q '\.\./data/digits.train.csv' "$temp/job" || fail "tests/jobs/digits_mlp.yaml: no data to move"
put "$temp/job" share/jobs/digits_mlp.yaml

put docs/user-models.md share/doc/user-models.md
for header in paceline_model.h paceline_model_abi.h; do
  put "worker/api/$header" "include/paceline/$header"
done
for file in worker/api/example/*; do put "$file" "share/doc/example/${file##*/}"; done

# The newest symbol versions of glibc that any file asks for.
least_glibc=$(find "$stage/bin" "$stage/lib" -type f -exec objdump -p {} + |
  grep -oE 'GLIBC_2[0-9.]*' | sort -uV | tail -n 1)
least_glibc=${least_glibc#GLIBC_}
[ -n "$least_glibc" ] || fail "no file says which glibc it needs"

commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain --untracked-files=no 2>/dev/null)" ] || commit=$commit+modified
{
  echo "paceline $version"
  echo "commit $commit"
  echo "platform $platform"
  echo "glibc $least_glibc"
  echo "cuda $cuda"
} >"$temp/version"
put "$temp/version" VERSION
deploy/bundle_readme.sh "$temp/version" >"$temp/readme"
put "$temp/readme" README.md

(cd "$stage" && find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum) >"$temp/manifest"
put "$temp/manifest" MANIFEST.sha256
chmod -R u=rwX,go=rX "$stage"

# Nothing that the programs load may come from elsewhere.
for program in "${programs[@]}"; do
  foreign=$(env -i "$(command -v ldd)" "$stage/bin/$program" | awk '$2 == "=>" { print $1, $3 }' |
    grep -vE "$glibc" | grep -vF " $stage/bin/../lib/" || true)
  [ -z "$foreign" ] || fail "$program loads from outside the bundle: $foreign"
done

epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
find "$stage" -exec touch -h -d "@$epoch" {} +
pack() {
  tar -C "$temp" --format=ustar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner \
    -cf - "paceline-$version" | gzip -n -6
}
# Without cuBLAS it is small enough to be packed only to be weighed.
if [ "$packed" = yes ] || [ "$cuda" != bundled ]; then
  pack >"$temp/packed"
  bytes=$(stat -c %s "$temp/packed")
  mib=$(awk -v bytes="$bytes" 'BEGIN { printf "%.1f", bytes / 1048576 }')
  if [ "$cuda" = host ] && [ "$bytes" -ge $((limit << 20)) ]; then
    fail "$mib MiB compressed, less than $limit MiB expected"
  fi
  echo "compressed: $mib MiB"
fi
echo "unpacked: $(du -sm --apparent-size "$stage" | cut -f 1) MiB, $(wc -l <"$temp/manifest") files"
echo "needs: glibc $least_glibc or newer"

if [ "$packed" = yes ]; then
  chmod 644 "$temp/packed"
  mv -f "$temp/packed" "$out"
else
  [ ! -d "$out" ] || rmdir "$out"
  mv -T "$stage" "$out"
fi
echo "bundle: $out"
