"""Hosts on one machine: each with an address, a disk and processes of its own, and an sshd.

    node1, node2, ...   10.0.0.11 and on: a network namespace (network.Node), a name, a
                        mount namespace in which /opt, /srv and /run are the host's own, and, from
                        boot to power off, a process namespace in which all its processes live
    operator            the same, without an sshd: where commands are typed

All of a host's processes die with the first of them, and that with the test. What lies on its
disk outlives a power cut.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import unittest

from cluster import wait_for
from network import Namespace, Node, why_no_namespaces

SSHD = "/usr/sbin/sshd"


def why_no_hosts():
    """Why there can be no hosts here; empty if there can."""
    for program in (SSHD, "ssh", "ssh-keygen", "mount"):
        if not shutil.which(program):
            return f"{program} not installed"
    return why_no_namespaces()


needs_hosts = unittest.skipIf(why_no_hosts(), f"no hosts: {why_no_hosts()}")

# What is the host's own: its folder, its name.
DISKS = """
set -e
for folder in /opt /srv; do
  mkdir -p "$1$folder"
  mount --bind "$1$folder" "$folder"
done
mount -t tmpfs run /run
mkdir /run/sshd
hostname "$2"
touch "$1/up"
exec sleep infinity
"""


class Host(Node):
    """One host; down until boot()."""

    NETWORK = "10.0.0"

    def __init__(self, hub, number, folder):
        self.disk = pathlib.Path(folder)
        self.disk.mkdir()
        self._first = None
        super().__init__(hub, number)
        wait_for((self.disk / "up").exists, 60, f"the disks of {self.disk.name}")

    def holder(self):
        return ("unshare", "--net", "--uts", "--mount", "--propagation", "private",
                "sh", "-c", DISKS, "sh", str(self.disk), self.disk.name)

    @property
    def prefix(self):
        return (*self.DIES_WITH_TEST, "nsenter", "-t", str(self.pid), "--net", "--uts", "--mount")

    def boot(self, *command):
        """Its first process: the command, with which everything on the host dies."""
        with open(self.disk / "console", "ab") as console:
            self._first = subprocess.Popen(
                [*self.prefix, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
                 *map(str, command)], stdin=subprocess.DEVNULL, stdout=console, stderr=console)

    def power_off(self):
        """All its processes are gone, as if the power were; the disk stays."""
        if self._first is not None:
            self._first.kill()
            self._first.wait()
            self._first = None

    def listens(self, port):
        done = subprocess.run([*self.prefix, "bash", "-c", f"exec 3<>/dev/tcp/{self.address}/{port}"],
                              capture_output=True)
        return done.returncode == 0

    def close(self):
        self.power_off()
        super().close()


class Hosts:
    """`names` of hosts with sshds, and an operator; `with` brings them up and takes them away."""

    def __init__(self, names, folder):
        self.folder = pathlib.Path(folder)
        self._names = names
        self._stack = contextlib.ExitStack()
        self.by_name = {}

    def __enter__(self):
        with self._stack:
            hub = Namespace()
            self._stack.callback(hub.close)
            hub.run("ip", "link", "add", "bridge", "type", "bridge")
            hub.run("ip", "link", "set", "bridge", "up")
            self._keys()
            for number, name in enumerate([*self._names, "operator"], 11):
                host = Host(hub, number, self.folder / name)
                self._stack.callback(host.close)
                self.by_name[name] = host
            for name in self._names:
                self.boot(name)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *unused):
        self._stack.close()

    def __getitem__(self, name):
        return self.by_name[name]

    @property
    def operator(self):
        return self.by_name["operator"]

    @property
    def user_key(self):
        return self.folder / "keys" / "operator"

    def _keys(self):
        keys = self.folder / "keys"
        keys.mkdir(mode=0o700)
        for name in ("operator", "host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name,
                            "-f", str(keys / name)], check=True)
        (keys / "sshd_config").write_text(f"""
HostKey {keys}/host
AuthorizedKeysFile {keys}/operator.pub
PasswordAuthentication no
UsePAM no
PidFile none
StrictModes no
LogLevel ERROR
""")
        host_key = " ".join((keys / "host.pub").read_text().split()[:2])
        (keys / "known_hosts").write_text(f"{Host.NETWORK}.* {host_key}\n")
        (keys / "ssh_config").write_text(f"UserKnownHostsFile {keys}/known_hosts\n"
                                         "StrictHostKeyChecking yes\n")

    @property
    def ssh_config(self):
        return self.folder / "keys" / "ssh_config"

    def boot(self, name):
        host = self.by_name[name]
        host.boot(SSHD, "-D", "-e", "-f", self.folder / "keys" / "sshd_config")
        wait_for(lambda: host.listens(22), 20, f"the sshd of {name}")
