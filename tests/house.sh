#!/bin/sh
# The rules of the house that a compiler does not check. Prints every breach;
# exits 1 if there is one.
set -u
cd "$(dirname "$0")/.." || exit 1

# The rules run in pipelines, so what they find is kept in a file.
broken=$(mktemp)
trap 'rm -f "$broken"' EXIT
# rule TEXT, then the breaches on standard input.
rule() {
  breaches=$(cat)
  [ -z "$breaches" ] && return
  printf '%s:\n%s\n' "$1" "$breaches" | sed '2,$s/^/  /' | tee -a "$broken"
}

for daemon in server worker scheduler; do
  others=$(echo server worker scheduler | tr ' ' '\n' | grep -v "^$daemon$" | paste -sd'|')
  git grep -nE "#include \"($others)/" -- "$daemon" |
    rule "$daemon/ includes another daemon"
done

git grep -nE '#include "(server|worker|scheduler|cli)/' -- common proto |
  rule "common/ or proto/ includes a floor above it"

git grep -nE '<grpcpp|<thread>|<fstream>|absl::Now|steady_clock|system_clock' -- \
  '*/core/*.h' '*/core/*.cc' ':!*_test.cc' |
  rule "gRPC, threads, clocks or files in a pure core"

git grep -lE '<grpcpp' -- common ':!common/rpc' |
  rule "gRPC in common/ outside common/rpc"

git ls-files '*_main.cc' | grep -v third_party | xargs -r wc -l | awk '$1 > 60 && $2 != "total"' |
  rule "a main of more than 60 lines"

git ls-files '*.cc' '*.h' '*.cu' '*.cuh' '*.proto' '*.sh' '*.py' '*.bzl' | grep -v '^proto/' | xargs wc -l |
  awk '$1 > 400 && $2 != "total"' |
  rule "a file past 400 lines: two ideas in one"

git grep -nE '\b(TODO|FIXME|XXX)\b' -- '*.cc' '*.h' '*.proto' '*.bazel' '*.bzl' '*.md' ':!tests/house.sh' |
  rule "unfinished"

grep -o '{"[a-z_.]*"' common/failpoint/names.h | tr -d '{"' | while read -r name; do
  git grep -qF "\"$name\"" -- '*.cc' ':!common/failpoint' ':!*_test.cc' || echo "$name"
done | rule "a failpoint that nothing evaluates"

git grep -nE 'sleep_for|absl::SleepFor|usleep' -- '*_test.cc' |
  rule "a sleep in a unit test"

[ ! -s "$broken" ]
