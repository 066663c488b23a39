# What deploy/cluster.sh does on hosts: by ssh, and there by cluster/host.sh.
# shellcheck shell=bash disable=SC2154  # variables of cluster.sh and of inventory.sh

# act COMMAND...: runs it, or says it.
act() {
  if [ "$dry_run" = yes ]; then
    printf '%q ' "$@"
    echo
  else
    "$@"
  fi
}

# folder HOST: for the programs and data that came in an archive.
folder() { option "$1" dir /opt/paceline; }

# in_shell HOST TEXT: TEXT is read by the shell there; what comes in goes there.
in_shell() {
  local host=$1 text=$2 words=(ssh -o BatchMode=yes -o ConnectTimeout=10)
  [ -z "$ssh_config" ] || words+=(-F "$ssh_config")
  [ -z "${option_of[$host ssh.key]:-}" ] || words+=(-i "${option_of[$host ssh.key]/#\~\//$HOME/}")
  [ -z "${option_of[$host ssh.port]:-}" ] || words+=(-p "${option_of[$host ssh.port]}")
  [ -z "${option_of[$host ssh.user]:-}" ] || words+=(-l "${option_of[$host ssh.user]}")
  [ "$(option "$host" ssh.sudo no)" != yes ] || text="sudo -n bash -c $(printf %q "$text")"
  if [ "$dry_run" = yes ]; then
    echo "$host: $text"
    cat >/dev/null
    return
  fi
  "${words[@]}" "$(option "$host" ssh.host "${address_of[$host]}")" "$text"
}

# send HOST COMMAND...: of host.sh, with something to read.
send() {
  local host=$1
  shift
  in_shell "$host" "$(printf '%q ' bash "$(folder "$host")/tools/host.sh" "$(folder "$host")" "$@")"
}
on_host() { send "$@" </dev/null; }

send_tools() {
  local tools
  tools=$(printf %q "$(folder "$1")/tools")
  tar -C "$here/cluster" -cf - host.sh supervise.sh |
    in_shell "$1" "mkdir -p $tools && tar -C $tools -xf - --no-same-owner"
}

# What a host has already is not sent again.
send_package() {
  local host=$1 file=$2 sum kind=archive
  [[ $file != *.deb ]] || kind=deb
  sum=$(sha256sum <"$file" | cut -c 1-16)
  [ "$dry_run" = yes ] || [ "$(on_host "$host" has "$sum")" = no ] || return 0
  send "$host" "install-$kind" "$sum" <"$file"
}

package_version() {
  case $1 in
  *.deb) dpkg-deb -f "$1" Version ;;
  *) tar -xzOf "$1" --wildcards '*/VERSION' | sed -n 's/^paceline //p' ;;
  esac
}

send_certificate() {
  { [ "$dry_run" = yes ] || tar -C "$2" -cf - ca.crt tls.crt tls.key; } | send "$1" certificate "${role_of[$1]}"
}
send_options() { send "$1" options "${role_of[$1]}"; }

send_files() {
  local host=$1 to=$2
  shift 2
  tar -cf - --dereference --transform 's|.*/||' "$@" | send "$host" files "$to"
}
