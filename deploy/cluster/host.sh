#!/bin/bash
# The host's side of deploy/cluster.sh, which copies it here.
#
#   host.sh DIR COMMAND...
#
# With an archive everything is under DIR, and supervise.sh keeps the daemon running:
#
#   releases/SUM  current   programs        etc    options, certificates
#   data          log  run  of daemons
#
# With a .deb the package, systemd and /etc/paceline do that.
set -euo pipefail

dir=$1 command=$2
shift 2

fail() {
  echo "$(hostname): $*" >&2
  exit 1
}

is_archive() { [ -e "$dir/current" ]; }
etc() { is_archive && echo "$dir/etc" || echo /etc/paceline; }
program() { is_archive && echo "$dir/current/bin/paceline-$1" || echo "/usr/bin/paceline-$1"; }

# ---- installing ----

has() { if [ "$(cat "$dir/tools/installed" 2>/dev/null)" = "$1" ]; then echo yes; else echo no; fi; }

install-archive() {
  local new=$dir/releases/$1
  mkdir -p "$dir"/{releases,etc,data,log,run}
  chmod 700 "$dir/data" "$dir/etc"
  rm -rf "$new.part"
  mkdir "$new.part"
  tar -xzf - -C "$new.part" --strip-components=1 --no-same-owner
  rm -rf "$new"
  mv "$new.part" "$new"
  ln -sfn "releases/$1" "$dir/current.new"
  mv -T "$dir/current.new" "$dir/current"
  echo "$1" >"$dir/tools/installed"
  # The one before stays, to go back to.
  find "$dir/releases" -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -n | head -n -2 |
    cut -d ' ' -f 2- | xargs -r -d '\n' rm -rf
}

install-deb() {
  ! is_archive || fail "$dir holds an archive: stop its daemon and remove the folder first"
  [ "$(cat /proc/1/comm)" = systemd ] || fail "a .deb needs systemd as PID 1: use the archive"
  cat >"$dir/tools/paceline.deb"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends --allow-downgrades \
    -o Dpkg::Options::=--force-confold "$dir/tools/paceline.deb" >&2
  echo "$1" >"$dir/tools/installed"
}

# A folder is replaced by one rename, so that no daemon reads a key beside another's certificate.
certificate() {
  local role=$1 tls new
  tls=$(etc)/tls
  new=$tls/$role-$(date +%s%N)
  (umask 077 && mkdir -p "$new" && tar -xf - -C "$new" --no-same-owner)
  if ! is_archive; then
    chown -R root:paceline "$new"
    chmod 750 "$new" && chmod 640 "$new"/*
  fi
  ln -sfn "${new##*/}" "$tls/$role.new"
  mv -T "$tls/$role.new" "$tls/$role"
  find "$tls" -mindepth 1 -maxdepth 1 -type d -name "$role-*" ! -path "$new" -exec rm -rf {} +
}

options() {
  local file data=/var/lib/paceline
  file=$(etc)/$1.toml
  ! is_archive || data=$dir/data
  sed -e "s|@ETC@|$(etc)|" -e "s|@DATA@|$data|" >"$file.new"
  chmod 644 "$file.new"
  mv "$file.new" "$file"
}

files() {
  mkdir -p "$1"
  tar -xf - -C "$1" --no-same-owner
}

# ---- running ----

# The pid of the daemon's supervisor, if it runs: a pid alone may be another's by now.
supervisor() {
  local pid
  pid=$(cat "$dir/run/$1.pid" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "supervise.sh $dir $1 " || return 1
  echo "$pid"
}

# What a running daemon was started with: the package and its options.
started_with() { { cat "$dir/tools/installed"; cat "$(etc)/$1.toml"; } | sha256sum; }

runs() { if is_archive; then supervisor "$1" >/dev/null; else systemctl is-active -q "paceline-$1"; fi; }

start() {
  mkdir -p "$dir/run"
  if runs "$1"; then
    [ "$(started_with "$1")" != "$(cat "$dir/run/$1.started" 2>/dev/null)" ] || return 0
    stop "$1"
  fi
  started_with "$1" >"$dir/run/$1.started"
  if is_archive; then
    setsid nohup bash "$dir/tools/supervise.sh" "$dir" "$1" "$(program "$1")" \
      --config "$(etc)/$1.toml" </dev/null >/dev/null 2>&1 &
    for _ in $(seq 50); do
      supervisor "$1" >/dev/null && break
      sleep 0.1
    done
  else
    systemctl enable -q "paceline-$1"
    systemctl restart "paceline-$1"
  fi
}

stop() {
  local pid
  if ! is_archive; then
    systemctl stop "paceline-$1"
  elif pid=$(supervisor "$1"); then
    kill -TERM "$pid"
    # It kills the daemon if that takes too long.
    while supervisor "$1" >/dev/null; do sleep 0.1; done
  fi
}

status() {
  if runs "$1"; then echo "running, $("$(program "$1")" --version)"; else echo "stopped"; fi
}

version() { "$(program scheduler)" --version | cut -d ' ' -f 2; }

# The answer with its headers. HTTP off loopback is encrypted.
readyz() {
  local address=$1
  case $address in
  127.* | localhost:* | '[::1]':*)
    exec 3<>"/dev/tcp/${address%:*}/${address##*:}" || return 1
    printf 'GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
    cat <&3
    exec 3>&-
    ;;
  none) echo "HTTP/1.0 200 no HTTP" ;;
  *)
    curl --silent --include --insecure --max-time 5 "https://$address/readyz"
    ;;
  esac
}

ready() {
  local address answer='' until=$((SECONDS + $2))
  address=$(sed -n 's/^http-listen = "\(.*\)"/\1/p' "$(etc)/$1.toml")
  while true; do
    answer=$( (readyz "$address") 2>/dev/null | tr -d '\r' || true)
    [[ $answer != HTTP/1.?\ 200* ]] || return 0
    runs "$1" || { log "$1" "" >&2 && fail "$1 does not run: see its log above"; }
    [ "$SECONDS" -lt "$until" ] || fail "$1 is not ready after $2 s: $(tail -n 1 <<<"$answer")"
    sleep 0.2
  done
}

log() {
  local follow=()
  [ "${2:-}" != -f ] || follow=(-f)
  if is_archive; then
    tail -n 200 "${follow[@]}" "$dir/log/$1.log"
  else
    journalctl --no-pager -n 200 "${follow[@]}" -u "paceline-$1"
  fi
}

case $command in
has | install-archive | install-deb | certificate | options | files | start | stop | status | \
  version | ready | log) "$command" "$@" ;;
*) fail "unknown command $command" ;;
esac
