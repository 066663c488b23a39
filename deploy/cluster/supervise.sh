#!/bin/bash
# Keeps a daemon running where systemd does not: starts it again when it dies, with pauses
# that grow to half a minute, and passes SIGTERM on.
#
#   supervise.sh DIR ROLE PROGRAM ARGUMENT...
#
#   DIR/run/ROLE.pid    its own pid        DIR/log/ROLE.log, ROLE.log.1   what the daemon says
set -uo pipefail

dir=$1 role=$2
shift 2
log=$dir/log/$role.log
# Seconds that a daemon gets to end by itself; bytes after which a log is put aside.
readonly stop_seconds=60 log_bytes=$((64 << 20)) longest_pause=30

# One supervisor for each role.
exec 9>"$dir/run/$role.lock"
flock -n 9 || exit 0
echo $$ >"$dir/run/$role.pid"

child='' stopping=no
stop() {
  stopping=yes
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap stop TERM INT

say() { echo "$(date -Is) supervisor: $*" >>"$log"; }

pause=1
while [ "$stopping" = no ]; do
  if [ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -gt "$log_bytes" ]; then mv -f "$log" "$log.1"; fi
  began=$SECONDS
  # What nobody watches does not go on.
  setpriv --pdeathsig KILL "$@" >>"$log" 2>&1 9>&- &
  child=$!
  # A daemon that started while the signal came has not been told.
  [ "$stopping" = no ] || stop
  code=0
  wait "$child" || code=$?
  if [ "$stopping" = yes ]; then
    # The wait was ended by the signal: the daemon drains.
    for _ in $(seq $((stop_seconds * 10))); do
      kill -0 "$child" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$child" 2>/dev/null && say "killed: it took more than $stop_seconds s to end"
    break
  fi
  # 0: told to end. 2: a command line that does not become right by itself.
  if [ "$code" -eq 0 ] || [ "$code" -eq 2 ]; then
    say "ended with exit code $code"
    break
  fi
  [ $((SECONDS - began)) -lt 60 ] || pause=1
  say "ended with exit code $code: started again in $pause s"
  sleep "$pause" 9>&- &
  wait $!
  pause=$((pause * 2 > longest_pause ? longest_pause : pause * 2))
done
rm -f "$dir/run/$role.pid"
