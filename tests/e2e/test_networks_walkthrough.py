"""What deploy/README.md tells an operator to type, typed: five hosts and a sixth for the operator.

The commands are the page's own, in its order; what a network and a power cut do to a cluster
happens between them.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from cluster import BIN, ROOT, ask, local_run, needs_digits, wait_for
from hosts import Hosts, needs_hosts

STEP = re.compile(r"<!-- step: (.*?) -->\n```sh\n(.*?)```", re.S)
NAMES = ("node1", "node2", "node3", "node4", "node5")


def steps():
    """{name: commands} of the page, in its order."""
    found = STEP.findall((ROOT / "deploy" / "README.md").read_text())
    assert len(found) == len(dict(found)), "a step is there twice"
    return dict(found)


class Shell:
    """A bash that the operator types into; what it says is the transcript."""

    END = "@@ end of step @@"

    def __init__(self, prefix, folder, env):
        self._bash = subprocess.Popen(
            [*prefix, "bash", "-euo", "pipefail"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=env)
        # Another mount namespace begins at its root.
        self.type(f"cd '{folder}'\n")

    def type(self, commands):
        """Returns what was said; an AssertionError with it if a command fails."""
        # What is run must not read what is typed next.
        self._bash.stdin.write(f"{{\n{commands}}} </dev/null\necho '{self.END}'\n")
        self._bash.stdin.flush()
        said = []
        for line in self._bash.stdout:
            if line.strip() == self.END:
                return "".join(said)
            said.append(line)
        raise AssertionError(f"exit code {self._bash.wait()} of\n{commands}\n{''.join(said)}")

    def close(self):
        self._bash.kill()
        self._bash.wait()
        self._bash.stdin.close()
        self._bash.stdout.close()


@needs_hosts
@needs_digits
class Operator(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="paceline-operator-")
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)
        self.work = self.folder / "work"
        self.work.mkdir()
        (self.work / "paceline").symlink_to(ROOT)
        self.hosts = Hosts(NAMES, self.folder)
        self.enterContext(self.hosts)
        home = self.folder / "home"
        (home / ".ssh").mkdir(parents=True)
        (home / ".ssh" / "id_ed25519").symlink_to(self.hosts.user_key)
        self.shell = Shell(self.hosts.operator.prefix, self.work,
                           {"PATH": os.environ["PATH"], "HOME": str(home),
                            "PACELINE_SSH_CONFIG": str(self.hosts.ssh_config)})
        self.addCleanup(self.shell.close)
        self.left = steps()

    def step(self, name):
        """Types the page's next step, which is `name`."""
        self.assertEqual(next(iter(self.left)), name)
        commands = self.left.pop(name)
        said = self.shell.type(commands)
        print(f"\n    -- {name}\n{commands}\n{said}".rstrip().replace("\n", "\n    "), flush=True)
        return said

    def pacectl(self, *words):
        return ask(lambda: self.hosts.operator.completed(
            BIN / "pacectl", "--address", "10.0.0.11:7070", "--tls-dir", self.work / "pki" /
            "admin-operator", *words, "-o", "json"))

    def nodes(self):
        """{address: node}"""
        return {node["address"]: node for node in self.pacectl("cluster")["nodes"]}

    def all_live(self):
        nodes = self.nodes()
        return len(nodes) == 4 and all(node.get("live") for node in nodes.values())

    def progress(self):
        return self.pacectl("status", "2")["iterations"]

    def wait_for(self, condition, seconds, what):
        """As cluster.wait_for; a failure says how the job is and what the daemons said last."""
        try:
            return wait_for(condition, seconds, what)
        except AssertionError as failure:
            logs = "\n".join(f"-- {path}\n" + "\n".join(path.read_text().splitlines()[-40:])
                             for path in sorted(self.folder.glob("*/opt/paceline/log/*.log")))
            job = json.dumps(self.pacectl("describe", "2"), indent=1)
            raise AssertionError(f"{failure}\n{job}\n{logs}") from failure

    def goes_on(self, what):
        before = self.progress()
        self.wait_for(lambda: self.progress() > before + 20, 120, f"the job to go on after {what}")

    def last_cut(self):
        """What is said of the newest cut; empty before the first."""
        said = [event["message"] for event in self.pacectl("describe", "2")["events"]
                if event["kind"] == "CUT_COMMITTED"]
        return said[-1] if said else ""

    def last_cut_is_on_both(self):
        return self.last_cut().endswith("on 2 servers")

    def golden(self, name):
        """The summary of a run of the job by itself."""
        text = (self.work / name).read_text()
        job = self.folder / name
        job.write_text(re.sub(r"/srv/paceline/data|replicas: \d", lambda match: (
            str(ROOT / "out" / "data") if match[0].startswith("/") else "keep: 1"), text))
        return local_run(job)

    def check_same(self, job, name):
        summary, golden = self.pacectl("status", job), self.golden(name)
        self.assertEqual(summary["state"], "succeeded")
        for key in ("iterations", "samples", "parameters_sha256"):
            self.assertEqual(summary[key], golden[key], key)
        return summary

    def certificates(self):
        """{host: its daemon's certificate on its disk}"""
        return {name: max(self.folder.glob(f"{name}/opt/paceline/etc/tls/*/tls.crt")).read_text()
                for name in NAMES}

    def slow_down(self):
        """An iteration takes as long as a network of 20 Mbit/s, so that the job lasts."""
        for name in ("node4", "node5"):
            self.hosts[name].slow_down("20mbit", buffered_ms=200, burst="32kb")

    def speed_up(self):
        for name in ("node4", "node5"):
            self.hosts[name].full_speed()

    def test_the_walk_through(self):
        self.step("package")
        self.step("inventory")
        self.step("up")
        # Again: nothing happens.
        before = self.nodes()
        self.shell.type("paceline/deploy/cluster.sh --package paceline.tar.gz up\n")
        self.assertEqual({address: node["incarnation"] for address, node in self.nodes().items()},
                         {address: node["incarnation"] for address, node in before.items()})

        said = self.step("reach")
        for address in self.nodes():
            self.assertIn(address, said)
        self.assertEqual(said.count("running, paceline-"), 5)

        self.step("data")
        self.step("submit")
        self.assertGreater(self.check_same("1", "job.yaml")["eval"]["accuracy"], 0.9)

        self.slow_down()
        self.step("long job")
        self.wait_for(lambda: self.progress() > 150, 120, "the job to have its first cut")

        # node2 is cut off, and heals.
        for chain, way in (("INPUT", "-i"), ("OUTPUT", "-o")):
            self.hosts["node2"].run("iptables", "-A", chain, way, "eth0", "-j", "DROP")
        self.wait_for(lambda: self.pacectl("status", "2")["rollbacks"] == 1, 60, "the shards to move")
        self.goes_on("the cut")
        said = self.step("look")
        self.assertIn("10.0.0.12:7071", said)
        self.hosts["node2"].run("iptables", "-F")
        self.wait_for(self.all_live, 60, "node2 to be taken back")

        # node3 dies, once node2 has copies of a cut.
        self.wait_for(self.last_cut_is_on_both, 120, "a cut on both servers")
        self.hosts["node3"].power_off()
        self.wait_for(lambda: not self.all_live(), 60, "node3 to be missed")
        self.goes_on("a host's death")
        self.hosts.boot("node3")
        self.step("start again")
        self.wait_for(self.all_live, 60, "node3 to be back")

        self.step("drain")
        drained = "10.0.0.14:7072"
        self.assertTrue(self.nodes()[drained]["drain_requested"])
        self.wait_for(lambda: not self.nodes()[drained].get("drain_waits_for"), 60, "node4 to be empty")
        self.goes_on("the drain")
        self.assertFalse(any(rank["worker_address"] == drained
                             for rank in self.pacectl("describe", "2")["ranks"]))
        self.step("drain undone")
        self.assertFalse(self.nodes()[drained].get("drain_requested"))

        before = self.nodes()
        self.step("upgrade")
        after = self.nodes()
        for address in before:
            restarted = before[address]["incarnation"] != after[address]["incarnation"]
            self.assertEqual(restarted, address.endswith(":7071"), address)
        self.wait_for(self.all_live, 60, "all nodes")
        self.goes_on("the upgrade")

        before = self.progress()
        self.step("stop")
        self.step("start")
        self.wait_for(self.all_live, 60, "all nodes")
        # The servers left a cut behind: nothing of before is done again.
        iteration = int(re.search(r"at iteration (\d+)", self.last_cut())[1])
        self.assertGreaterEqual(2 * iteration, before)
        self.wait_for(lambda: self.progress() > before, 120, "the job to go on after the stop")

        self.speed_up()
        self.step("wait")
        self.check_same("2", "long.yaml")

        before, nodes = self.certificates(), self.nodes()
        self.step("rotate")
        for address, certificate in self.certificates().items():
            self.assertNotEqual(certificate, before[address])
        self.wait_for(self.all_live, 60, "the nodes under new certificates")
        self.assertEqual({address: node["incarnation"] for address, node in self.nodes().items()},
                         {address: node["incarnation"] for address, node in nodes.items()})
        self.step("backup")
        self.assertEqual(self.left, {})


if __name__ == "__main__":
    unittest.main()
