#!/bin/bash
# Brings up and keeps a cluster over ssh, from an inventory (deploy/inventory.example).
#
#   deploy/cluster.sh [OPTION...] COMMAND
#
#   up                  install, give out certificates, write options, start, wait until ready;
#                       again: only what is missing or has changed, one host after the other
#   status              what runs where, and what the scheduler says of it
#   start [HOST...]     without names all; waits until they are ready
#   stop [HOST...]      without names all: servers leave a cut behind first
#   upgrade ROLE        drain, stop, install --package, start: one host after the other
#   upgrade all         the same with all at once: for a package of another version
#   certs rotate [...]  new certificates for all, or what else pacectl certs rotate is told;
#                       nothing is restarted
#   copy DIR FILE...    files into a folder of every worker
#   logs HOST [-f]      the daemon's log
#   env                 what pacectl needs to reach the cluster: eval "$(deploy/cluster.sh env)"
#
#   --inventory FILE    default: $PACELINE_INVENTORY, else ./inventory
#   --package FILE      of deploy/package.sh (.deb, for hosts with systemd) or of
#                       deploy/bundle.sh (.tar.gz, for all others)
#   --pki DIR           keys and certificates; default: pki beside the inventory
#   --ssh-config FILE   for ssh -F; default: $PACELINE_SSH_CONFIG, else ssh's own
#   --dry-run           say what would be done
#
# Needs bash on the hosts, pacectl here (in PATH or out/bin), and ssh keys that work.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/cluster/inventory.sh
. "$here/cluster/inventory.sh"
# shellcheck source=deploy/cluster/remote.sh
. "$here/cluster/remote.sh"

# Seconds for a daemon to be ready, and for a node to be empty.
readonly ready_seconds=${PACELINE_READY_SECONDS:-120} drain_seconds=${PACELINE_DRAIN_SECONDS:-600}

usage() {
  sed -n '/^#   up /,/^#   --dry-run/s/^# \{0,3\}//p' "$0" >&2
  exit 2
}

fail() {
  echo "cluster: $*" >&2
  exit 1
}

say() { echo "== $*"; }

inventory=${PACELINE_INVENTORY:-inventory}
package='' pki='' ssh_config=${PACELINE_SSH_CONFIG:-} dry_run=no
while [ $# -gt 0 ]; do
  case $1 in
  --inventory | --package | --pki | --ssh-config)
    [ $# -ge 2 ] || usage
    name=${1#--}
    printf -v "${name//-/_}" %s "$2"
    shift 2
    ;;
  --dry-run) dry_run=yes && shift ;;
  -*) usage ;;
  *) break ;;
  esac
done
[ $# -gt 0 ] || usage
command=$1
shift
read_inventory "$inventory"
pki=${pki:-$(dirname "$inventory")/pki}
[ -z "$package" ] || [ -f "$package" ] || fail "--package $package: no such file"
pacectl_program=$(command -v pacectl || echo "$here/../out/bin/pacectl")

# As the operator, with the operator's own certificate.
pacectl() { act "$pacectl_program" --address "$(listen_address "$scheduler")" --tls-dir "$pki/admin-operator" "$@"; }
certs() { act "$pacectl_program" certs "$1" --dir "$pki" "${@:2}"; }

# ---- certificates ----

# issue ROLE NAME ...: unless it is there.
issue() {
  [ ! -e "$pki/$1-$2/tls.crt" ] || return 0
  say "certificate of $1 $2"
  if [ "$dry_run" = yes ]; then certs issue "$@"; else certs issue "$@" >/dev/null; fi
}

# What is missing is made; `certs rotate` makes the rest anew.
make_certificates() {
  local host
  [ -e "$pki/ca.crt" ] || certs init
  issue admin operator
  for host in "${hosts[@]}"; do
    issue "${role_of[$host]}" "$host" --host "${address_of[$host]}" --host "$host"
  done
}

# ---- one host ----

# The daemon's options, as a file for --config: what is needed, and what the inventory says.
# The host knows its folders.
write_options() {
  local host=$1 role=${role_of[$1]} key
  echo "# Written by deploy/cluster.sh from the inventory: the next \"up\" writes it again."
  declare -A options=(
    [listen]=$(listen_address "$host")
    [http-listen]=127.0.0.1:$(http_port "$role")
    [data-dir]=@DATA@/$role
    [data-root]=/srv/paceline/data
    [tls-dir]=@ETC@/tls/$role
  )
  [ "$role" = scheduler ] || options[scheduler]=$(listen_address "$scheduler")
  for key in ${daemon_keys_of[$host]:-}; do options[$key]=${option_of[$host $key]}; done
  for key in "${!options[@]}"; do printf '%s = "%s"\n' "$key" "${options[$key]}"; done | LC_ALL=C sort
}

install_on() {
  local host=$1
  send_tools "$host"
  [ -z "$package" ] || send_package "$host" "$package"
  send_certificate "$host" "$pki/${role_of[$host]}-$host"
  write_options "$host" | send_options "$host"
}

# What runs as it should is left alone.
start_on() {
  say "$1: start ${role_of[$1]}"
  on_host "$1" start "${role_of[$1]}"
  on_host "$1" ready "${role_of[$1]}" "$ready_seconds"
}

stop_on() {
  say "$1: stop ${role_of[$1]}"
  on_host "$1" stop "${role_of[$1]}"
}

# Stops, installs and starts one host, whose ranks and shards are elsewhere meanwhile.
upgrade_on() {
  local host=$1 node
  node=$(listen_address "$host")
  if [ "${role_of[$host]}" != scheduler ]; then
    say "$host: drain"
    pacectl drain "$node" --reason "upgrade" --wait --timeout "$drain_seconds"
  fi
  stop_on "$host"
  install_on "$host"
  start_on "$host"
  [ "${role_of[$host]}" = scheduler ] || pacectl drain "$node" --undo
}

# ---- commands ----

# Servers first: the cut that they leave behind needs workers.
in_stop_order() { in_roles "server worker scheduler" "$@"; }
in_start_order() { in_roles "scheduler server worker" "$@"; }

# The next one is touched once the one before is ready.
start_all() {
  local host
  for host in $(in_start_order "$@"); do start_on "$host"; done
}

stop_all() {
  local host
  for host in $(in_stop_order "$@"); do stop_on "$host"; done
}

up() {
  local host
  make_certificates
  for host in "${hosts[@]}"; do
    say "$host: install"
    install_on "$host"
  done
  start_all "${hosts[@]}"
  pacectl cluster
}

status() {
  local host
  for host in "${hosts[@]}"; do
    printf '%-12s %-10s %-22s ' "$host" "${role_of[$host]}" "$(listen_address "$host")"
    on_host "$host" status "${role_of[$host]}" || echo "not reached"
  done
  pacectl cluster
}

upgrade() {
  local role=$1 new old host
  [ -n "$package" ] || fail "upgrade: which --package?"
  new=$(package_version "$package")
  old=$new
  [ "$dry_run" = yes ] || old=$(on_host "$scheduler" version)
  if [ "$role" = all ]; then
    say "from $old to $new, all at once"
    stop_all "${hosts[@]}"
    for host in "${hosts[@]}"; do install_on "$host"; done
    start_all "${hosts[@]}"
    return
  fi
  [ "$new" = "$old" ] ||
    fail "upgrade $role: the cluster is $old and the package $new, and daemons of different" \
      "versions refuse one another: upgrade all"
  for host in $(in_roles "$role" "${hosts[@]}"); do upgrade_on "$host"; done
  pacectl cluster
}

rotate() {
  local host
  certs rotate "${@:---all}"
  for host in "${hosts[@]}"; do
    say "$host: certificate"
    send_certificate "$host" "$pki/${role_of[$host]}-$host"
  done
}

copy() {
  local folder=$1 host
  shift
  for host in $(in_roles worker "${hosts[@]}"); do
    say "$host: $* to $folder"
    send_files "$host" "$folder" "$@"
  done
}

case "$command $#" in
"up 0") up ;;
"status 0") status ;;
"start "*) check_hosts "$@" && start_all "${@:-${hosts[@]}}" ;;
"stop "*) check_hosts "$@" && stop_all "${@:-${hosts[@]}}" ;;
"upgrade 1")
  case $1 in scheduler | server | worker | all) upgrade "$1" ;; *) usage ;; esac
  ;;
"certs "*)
  [ "${1:-}" = rotate ] || usage
  rotate "${@:2}"
  ;;
"copy "[2-9]* | "copy 1"[0-9]*) copy "$@" ;;
"logs 1" | "logs 2")
  check_hosts "$1"
  on_host "$1" log "${role_of[$1]}" "${2:-}"
  ;;
"env 0")
  printf 'export PACELINE_ADDRESS=%q PACELINE_TLS_DIR=%q\n' "$(listen_address "$scheduler")" \
    "$(realpath -m "$pki")/admin-operator"
  ;;
*) usage ;;
esac
