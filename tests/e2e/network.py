"""Clusters whose nodes each have a network namespace of their own, and what goes wrong between them.

    scheduler, server0, worker0, ...   a namespace each: eth0, 10.77.0.x
              hub                      a namespace with the bridge that they hang on

A namespace lives as long as the processes in it, and all of them die with the test: nothing
is left behind, however it ends, and tests that run side by side do not meet.
"""

import contextlib
import json
import os
import shutil
import subprocess
import unittest

from cluster import Cluster, Daemon, pacectl, wait_for

TOOLS = ("ip", "iptables", "nsenter", "setpriv", "tc", "unshare")


def why_no_namespaces():
    """Why no namespaces can be made here; empty if they can."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        return f"{', '.join(missing)} not installed"
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    done = subprocess.run(["unshare", "--net", "iptables", "-L", "INPUT"], capture_output=True,
                          text=True)
    return done.stderr.strip() if done.returncode else ""


needs_namespaces = unittest.skipIf(why_no_namespaces(),
                                  f"no network namespaces: {why_no_namespaces()}")


class Namespace:
    """A network namespace, held by a process that sleeps."""

    # What a process that runs in it is started with. It dies with the test.
    DIES_WITH_TEST = ("setpriv", "--pdeathsig", "KILL")

    def __init__(self):
        self._holder = subprocess.Popen([*self.DIES_WITH_TEST, *self.holder()],
                                        stdin=subprocess.DEVNULL)
        self.pid = self._holder.pid
        ours = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{self.pid}/ns/net") != ours, 60, "a namespace")
        self.run("ip", "link", "set", "lo", "up")

    def holder(self):
        return ("unshare", "--net", "sleep", "infinity")

    @property
    def prefix(self):
        return (*self.DIES_WITH_TEST, "nsenter", "-t", str(self.pid), "--net")

    def completed(self, *command):
        """The completed process of a command."""
        return subprocess.run([*self.prefix, *map(str, command)], capture_output=True, text=True)

    def run(self, *command):
        """What a command that succeeds says."""
        done = self.completed(*command)
        if done.returncode:
            raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr}")
        return done.stdout

    def close(self):
        self._holder.kill()
        self._holder.wait()


class Node(Namespace):
    """The namespace of a node: `address` on eth0."""

    NETWORK = "10.77.0"

    def __init__(self, hub, number):
        super().__init__()
        self.address = f"{self.NETWORK}.{number}"
        self._hub, self._port = hub, f"port{number}"
        hub.run("ip", "link", "add", self._port, "type", "veth",
                "peer", "name", "eth0", "netns", self.pid)
        hub.run("ip", "link", "set", self._port, "master", "bridge", "up")
        self.run("ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")

    def slow_down(self, rate, buffered_ms, burst="8kb"):
        """Both directions carry `rate` ("1mbit"), after a queue that holds `buffered_ms`."""
        for namespace, device in self._directions():
            namespace.run("tc", "qdisc", "replace", "dev", device, "root", "tbf", "rate", rate,
                          "burst", burst, "latency", f"{buffered_ms}ms")

    def full_speed(self):
        """Takes slow_down back."""
        for namespace, device in self._directions():
            namespace.run("tc", "qdisc", "del", "dev", device, "root")

    def _directions(self):
        return ((self, "eth0"), (self._hub, self._port))

    def carried(self):
        """Bytes sent and received over eth0."""
        statistics = json.loads(self.run("ip", "-s", "-j", "link", "show", "eth0"))[0]["stats64"]
        return statistics["tx"]["bytes"] + statistics["rx"]["bytes"]


class NetworkCluster(Cluster):
    """A Cluster with a namespace per daemon: `nodes_by_name["server0"]`."""

    def __init__(self, **options):
        self._hub = Namespace()
        self._hub.run("ip", "link", "add", "bridge", "type", "bridge")
        self._hub.run("ip", "link", "set", "bridge", "up")
        self.nodes_by_name = {}
        super().__init__(**options)

    def start_daemon(self, name, role, *flags, listen=None, **options):
        if name not in self.nodes_by_name:
            self.nodes_by_name[name] = Node(self._hub, len(self.nodes_by_name) + 1)
        node = self.nodes_by_name[name]
        return Daemon(self.folder, name, role, "--insecure", *flags,
                      listen=listen or f"{node.address}:0", prefix=node.prefix, **options)

    def pacectl(self, *args, **options):
        return pacectl("--address", self.address, *args,
                       prefix=self.nodes_by_name["scheduler"].prefix, **options)

    def __exit__(self, *unused):
        for node in self.nodes_by_name.values():
            self.heal(node)
        super().__exit__(*unused)
        for node in self.nodes_by_name.values():
            node.close()
        self._hub.close()

    def node(self, daemon):
        return self.nodes_by_name[daemon.name]

    # ---- faults; each lasts until it is healed ----

    def cut(self, source, target, one_way=False):
        """Nothing that daemon `source` sends arrives at `target`, nor, unless `one_way`, back."""
        self._drop("-A", source, target, one_way)

    def mend(self, source, target, one_way=False):
        """Takes the same cut back."""
        self._drop("-D", source, target, one_way)

    def isolate(self, daemon):
        """Nothing arrives at the daemon's node, nor leaves it."""
        for chain, device in (("INPUT", "-i"), ("OUTPUT", "-o")):
            self.node(daemon).run("iptables", "-A", chain, device, "eth0", "-j", "DROP")

    def _drop(self, verb, source, target, one_way):
        for one, other in ((source, target),) if one_way else ((source, target), (target, source)):
            self.node(other).run("iptables", verb, "INPUT", "-i", "eth0",
                                 "-s", self.node(one).address, "-j", "DROP")

    def lose_packets(self, daemon, probability):
        """Of all that arrive at the daemon's node."""
        self.node(daemon).run("iptables", "-A", "INPUT", "-i", "eth0", "-m", "statistic",
                              "--mode", "random", "--probability", probability, "-j", "DROP")

    def reset_connections(self, daemon, probability):
        """Each packet that arrives at the daemon's node kills its connection with `probability`."""
        self.node(daemon).run("iptables", "-A", "INPUT", "-i", "eth0", "-p", "tcp",
                              "-m", "statistic", "--mode", "random", "--probability", probability,
                              "-j", "REJECT", "--reject-with", "tcp-reset")

    def heal(self, node):
        """Takes back all that was done to the packets of a node."""
        node.run("iptables", "-F")

    def heal_all(self):
        for node in self.nodes_by_name.values():
            self.heal(node)

    @contextlib.contextmanager
    def healed_at_the_end(self):
        try:
            yield
        finally:
            self.heal_all()

    def metrics(self, daemon):
        """Each sample, as it is written with its labels -> value."""
        text = self.node(daemon).run(
            "/usr/bin/python3", "-c",
            "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=10).read().decode())",
            f"http://{daemon.http_address()}/metrics")
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                if line and not line.startswith("#")}
