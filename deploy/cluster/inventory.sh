# Reads an inventory (deploy/inventory.example) for deploy/cluster.sh.
#
#   hosts             names, in the order of the file
#   scheduler         the name of the one scheduler
#   role_of[NAME]     scheduler, server or worker
#   address_of[NAME]  as the daemons and pacectl dial it
#   option_of["NAME KEY"], daemon_keys_of[NAME]: the keys that are options of the daemon
# shellcheck shell=bash

hosts=() scheduler=''
declare -A role_of=() address_of=() option_of=() daemon_keys_of=()

# Keys that are not the daemon's.
readonly own_keys=' dir ssh.host ssh.user ssh.port ssh.key ssh.sudo'

# set_option NAME KEY=VALUE FILE:LINE
set_option() {
  local key=${2%%=*}
  case $2 in
  *=*) ;;
  *) fail "$3: KEY=VALUE expected, got \"$2\"" ;;
  esac
  case $key in
  dir | ssh.host | ssh.user | ssh.port | ssh.key | ssh.sudo) ;;
  *.* | *[!a-z-]* | '') fail "$3: \"$key\" is no option: one of$own_keys or of the daemon's --help" ;;
  *)
    case " ${daemon_keys_of[$1]:-} " in
    *" $key "*) ;;
    *) daemon_keys_of[$1]="${daemon_keys_of[$1]:-} $key" ;;
    esac
    ;;
  esac
  case $2 in
  *[\"\\]*) fail "$3: $key: a value without quotes and backslashes expected" ;;
  esac
  option_of[$1 $key]=${2#*=}
}

read_inventory() {
  local file=$1 line=0 name role address words word defaults=()
  [ -f "$file" ] || fail "$file: no such inventory (--inventory, or see deploy/inventory.example)"
  while read -r -a words || [ ${#words[@]} -gt 0 ]; do
    line=$((line + 1))
    case ${words[0]:-#} in
    '#'*) continue ;;
    all)
      defaults+=("${words[@]:1}")
      continue
      ;;
    esac
    [ ${#words[@]} -ge 3 ] || fail "$file:$line: NAME ROLE ADDRESS [KEY=VALUE...] expected"
    name=${words[0]} role=${words[1]} address=${words[2]}
    case $name in *[!A-Za-z0-9.-]*) fail "$file:$line: a name of letters, digits, dots and hyphens expected, got \"$name\"" ;; esac
    case $role in
    scheduler | server | worker) ;;
    *) fail "$file:$line: scheduler, server or worker expected, got \"$role\"" ;;
    esac
    [ -z "${role_of[$name]:-}" ] || fail "$file:$line: $name is there twice"
    if [ "$role" = scheduler ]; then
      [ -z "$scheduler" ] || fail "$file:$line: one scheduler expected, got $scheduler and $name"
      scheduler=$name
    fi
    hosts+=("$name")
    role_of[$name]=$role
    address_of[$name]=$address
    for word in "${defaults[@]}" "${words[@]:3}"; do set_option "$name" "$word" "$file:$line"; done
  done <"$file"
  [ -n "$scheduler" ] || fail "$file: no scheduler"
}

# option NAME KEY DEFAULT
option() { echo "${option_of[$1 $2]:-$3}"; }

# Of a listener without a `listen` of its own.
grpc_port() { case $1 in scheduler) echo 7070 ;; server) echo 7071 ;; worker) echo 7072 ;; esac; }
http_port() { case $1 in scheduler) echo 8070 ;; server) echo 8071 ;; worker) echo 8072 ;; esac; }
listen_address() { option "$1" listen "${address_of[$1]}:$(grpc_port "${role_of[$1]}")"; }

# in_roles "ROLE..." NAME...: the names, role after role.
in_roles() {
  local role name
  for role in $1; do
    for name in "${@:2}"; do [ "${role_of[$name]}" != "$role" ] || echo "$name"; done
  done
}

check_hosts() {
  local name
  for name in "$@"; do [ -n "${role_of[$name]:-}" ] || fail "$name: one of ${hosts[*]} expected"; done
}
