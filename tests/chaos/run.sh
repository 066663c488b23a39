#!/bin/bash
# Chaos with real processes: jobs run on a scheduler, 3 servers and 4 workers while a
# nemesis kills, stops and restarts them; afterwards nothing may be wrong by a bit.
#
#   tests/chaos/run.sh --minutes N --seed S [--no-faults] [--keep]
#
# Builds if needed. Prints every fault, the figures, and as the last line
# "chaos: J jobs, F faults, W wrong"; exit code 1 if anything is wrong, and then the
# folder with all logs and history.jsonl is kept and named.
set -eu

cd "$(dirname "$0")/../.."
deploy/build.sh
exec /usr/bin/python3 -u tests/chaos/chaos.py "$@"
