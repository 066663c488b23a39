#!/bin/sh
# Prints the README of a bundle (deploy/bundle.sh), whose VERSION file it is given.
#
#   deploy/bundle_readme.sh VERSION-FILE
set -eu

# value KEY: of the VERSION file.
value() { sed -n "s/^$1 //p" "$version_file"; }
version_file=${1:?usage: bundle_readme.sh VERSION-FILE}

case $(value cuda) in
host)
  cuda='`device: cuda` needs an NVIDIA driver, and cuBLAS 13 (`libcublas.so.13`, `libcublasLt.so.13`)
where the loader finds it: in `/etc/ld.so.conf.d`, or in `LD_LIBRARY_PATH`, such as
`/usr/local/cuda/lib64`. Put into `lib/` they are found too.'
  ;;
bundled)
  cuda='`device: cuda` needs an NVIDIA driver; cuBLAS 13 is in `lib/`.'
  ;;
*)
  cuda='cuBLAS is not in here: `device: cuda` needs an NVIDIA driver, and `libcublas.so.13` and
`libcublasLt.so.13` in `lib/` or `LD_LIBRARY_PATH`.'
  ;;
esac

cat <<README
# Paceline $(value paceline)

A parameter-server cluster: a scheduler, servers that hold the weights, workers that train,
and \`pacectl\`. Nothing has to be installed: unpack it anywhere and run it; it can be moved.

\`\`\`sh
bin/pacectl local run share/jobs/digits_mlp.yaml     # a cluster of processes trains on handwritten digits
bin/pacectl explain                                  # all fields of a job file
\`\`\`

A standing cluster, each on a host of its own or all on one:

\`\`\`sh
bin/paceline-scheduler --data-dir scheduler &
bin/paceline-server --scheduler 127.0.0.1:7070 --data-dir server &
bin/paceline-worker --scheduler 127.0.0.1:7070 --data-dir worker &
bin/pacectl submit --wait share/jobs/digits_mlp.yaml
\`\`\`

## What it needs

* $(value platform), with glibc $(value glibc) or newer (\`ldd --version\` says which it is) and Linux
  5.11 or newer. No other library of the host is used: the programs look into \`lib/\` first.
* $(echo "$cuda" | sed '2,$s/^/  /')
  Without them everything else works, on the processor.

## What is in it

| | |
|---|---|
| \`bin/\` | the programs |
| \`lib/\` | the libraries that they load; \`share/libraries.tsv\` names the package and version of each |
| \`share/data\`, \`share/jobs\` | handwritten digits (UCI Optical Recognition of Handwritten Digits, CC BY 4.0), and a job that learns them |
| \`include/\`, \`share/doc/example\` | what a model of your own includes, and one such model; \`share/doc/user-models.md\` |
| \`share/licenses\` | the licences of Paceline and of each library's package |
| \`VERSION\` | what it was built from |
| \`MANIFEST.sha256\` | sums of all files: \`sha256sum -c MANIFEST.sha256\` |
README
