"""deploy/cluster.sh as far as it goes without hosts: inventories, and what it would do."""

import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import unittest

from cluster import ROOT

SCRIPT = ROOT / "deploy" / "cluster.sh"
EXAMPLE = ROOT / "deploy" / "inventory.example"


class ClusterScript(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)
        self.package = self.folder / "paceline.tar.gz"
        # What a package says of itself.
        (self.folder / "VERSION").write_text("paceline 9.9\n")
        with tarfile.open(self.package, "w:gz") as archive:
            archive.add(self.folder / "VERSION", "paceline-9.9/VERSION")

    def run_script(self, *words, inventory=EXAMPLE, expect=0):
        done = subprocess.run([str(SCRIPT), "--inventory", str(inventory), "--dry-run",
                               *map(str, words)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, cwd=self.folder)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout if expect == 0 else done.stderr

    def inventory(self, text):
        path = self.folder / "inventory"
        path.write_text(text)
        return path

    def test_up_makes_certificates_installs_and_starts_in_order(self):
        said = self.run_script("--package", self.package, "--pki", self.folder / "pki", "up")
        lines = said.splitlines()

        def place(*words):
            (found,) = [i for i, line in enumerate(lines) if all(word in line for word in words)]
            return found
        self.assertLess(place("certs init"), place("certs issue", "admin operator"))
        self.assertIn("server node2 --host 10.0.0.12 --host node2", said)
        order = ["node1", "node2", "node3", "node4", "node5"]
        for before, after in zip(order, order[1:]):
            self.assertLess(place(f"{before}:", " ready "), place(f"{after}:", "host.sh", " start "))
        for host in order:
            self.assertLess(place(f"{host}:", "install-archive"), place(f"{host}:", " certificate "))
            self.assertLess(place(f"{host}:", " options "), place(f"{host}:", "host.sh", " start "))
        # Nothing was done.
        self.assertFalse((self.folder / "pki").exists())

    def test_stop_begins_with_servers(self):
        stopped = [line.split()[1].rstrip(":") for line in
                   self.run_script("stop").splitlines() if line.startswith("== ")]
        self.assertEqual(stopped, ["node2", "node3", "node4", "node5", "node1"])
        self.assertEqual(self.run_script("stop", "node4").count("== "), 1)

    def test_an_upgrade_is_one_host_after_the_other(self):
        words = []
        for line in self.run_script("--package", self.package, "upgrade", "worker").splitlines():
            for word in ("drain 10.0.0.14:7072 --reason", "drain 10.0.0.15:7072 --reason", " stop ",
                         " install-archive ", " start ", " ready ", "--undo"):
                if word in line and not line.startswith("=="):
                    words.append(word.strip())
        each = ["stop", "install-archive", "start", "ready", "--undo"]
        self.assertEqual(words, ["drain 10.0.0.14:7072 --reason", *each,
                                 "drain 10.0.0.15:7072 --reason", *each])

    def test_a_deb_is_installed_as_one(self):
        package = self.folder / "paceline.deb"
        package.write_bytes(b"")
        self.assertEqual(self.run_script("--package", package, "up").count("install-deb"), 5)

    def test_what_a_host_says_wins_over_all(self):
        inventory = self.inventory("all dir=/a ssh.sudo=yes\ns scheduler 10.1.1.1 listen=10.1.1.1:99\n"
                                   "w worker 10.1.1.2 dir=/b ssh.sudo=no\n")
        said = self.run_script("status", inventory=inventory)
        self.assertIn("--address 10.1.1.1:99 ", said)
        self.assertRegex(said, r"s: sudo -n bash -c .*/a/tools/host\.sh")
        self.assertRegex(said, r"w: bash /b/tools/host\.sh /b status worker")

    def test_bad_inventories_name_the_line(self):
        for text, message in (
                ("n1 server 10.0.0.1\n", "no scheduler"),
                ("\nn1 planner 10.0.0.1\n", ":2: scheduler, server or worker expected, got \"planner\""),
                ("n1 server\n", ":1: NAME ROLE ADDRESS [KEY=VALUE...] expected"),
                ("n1 scheduler a\nn1 server b\n", ":2: n1 is there twice"),
                ("n1 scheduler a\nn2 scheduler b\n", ":2: one scheduler expected, got n1 and n2"),
                ("n1 scheduler a slots\n", ":1: KEY=VALUE expected, got \"slots\""),
                ("n1 scheduler a ssh.prot=1\n", ":1: \"ssh.prot\" is no option"),
                ("n1 scheduler a log-level=\"x\"\n", ":1: log-level: a value without quotes"),
                ("n/1 scheduler a\n", ":1: a name of letters, digits, dots and hyphens expected")):
            with self.subTest(text):
                said = self.run_script("status", inventory=self.inventory(text), expect=1)
                self.assertIn(message, said)

    def test_bad_command_lines(self):
        self.assertIn("no such inventory", self.run_script("up", inventory="nowhere", expect=1))
        self.assertIn("node9: one of node1 ", self.run_script("stop", "node9", expect=1))
        self.assertIn("no such file", self.run_script("--package", "nowhere.deb", "up", expect=1))
        self.assertIn("which --package?", self.run_script("upgrade", "server", expect=1))
        for words in ((), ("upgrade", "planner"), ("certs", "make"), ("--what", "up"), ("copy", "/x")):
            self.assertIn("upgrade ROLE", self.run_script(*words, expect=2))

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck not installed")
    def test_shellcheck(self):
        scripts = [*ROOT.glob("deploy/*.sh"), *ROOT.glob("deploy/cluster/*.sh"),
                   ROOT / "deploy/systemd/preemption-watch",
                   *(ROOT / "deploy/debian" / name for name in ("postinst", "prerm", "postrm"))]
        done = subprocess.run(["shellcheck", "-x", "-S", "warning", *map(str, scripts)], capture_output=True, text=True,
                              cwd=ROOT)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
