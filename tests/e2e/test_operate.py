"""pacectl as an operator uses it: contexts, live views on a terminal, logs of all ranks."""

import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import unittest

from cluster import BIN, Cluster, pacectl, wait_for
from processes import counting


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *command, columns=100, rows=30, env=None):
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=slave, stdout=slave, stderr=slave,
            env={**os.environ, "TERM": "xterm", "LANG": "C.UTF-8", **(env or {})})
        os.close(slave)
        self.text = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self):
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the program has closed its side
                return
            if not data:
                return
            self.text += data.decode(errors="replace")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def wait(self, seconds=60):
        code = self.process.wait(seconds)
        self._reader.join(10)
        os.close(self.master)
        return code


class Operate(unittest.TestCase):
    def setUp(self):
        self._temp = tempfile.TemporaryDirectory(prefix="paceline-operate-")
        self.addCleanup(self._temp.cleanup)
        self.folder = pathlib.Path(self._temp.name)

    def test_contexts_say_where_the_scheduler_is(self):
        config = self.folder / "xdg" / "paceline" / "config.yaml"
        env = {"XDG_CONFIG_HOME": str(self.folder / "xdg"), "PACELINE_ADDRESS": ""}
        with Cluster(servers=0, workers=0) as cluster:
            pacectl("context", "set", "here", "--address", cluster.address, env=env, check=True)
            pacectl("context", "set", "away", "--address", "127.0.0.1:1", env=env, check=True)
            self.assertEqual(config.stat().st_mode & 0o777, 0o600)
            self.assertEqual(pacectl("list", env=env).returncode, 0)
            self.assertEqual(pacectl("list", "--context", "away", env=env).returncode, 3)
            pacectl("context", "use", "away", env=env, check=True)
            self.assertEqual(pacectl("list", env=env).returncode, 3)
            self.assertEqual(
                pacectl("list", env={**env, "PACELINE_ADDRESS": cluster.address}).returncode, 0)
        config.write_text(config.read_text().replace("contexts:", "contxts:"))
        done = pacectl("list", env=env)
        self.assertEqual(done.returncode, 2)
        self.assertIn("did you mean `contexts`?", done.stderr)
        self.assertRegex(done.stderr, r"config\.yaml:\d+: ")

    def test_watch_redraws_a_table_with_a_line_for_each_rank(self):
        with Cluster(servers=1, workers=2) as cluster:
            job = cluster.submit(counting(self.folder, "live", 10**9, workers=2, servers=1))
            cluster.wait_for_state(job, "running")
            screen = Terminal(BIN / "pacectl", "--address", cluster.address, "watch", job)
            wait_for(lambda: screen.text.count("\x1b[J") >= 3, 60, "three frames")
            screen.resize(40, 10)
            wait_for(lambda: "\x1b[2J\x1b[H" in screen.text, 60, "a frame of the new size")
            cluster.pacectl("cancel", job, check=True)
            self.assertEqual(screen.wait(), 1)
            frames = screen.text.split("\x1b[J")
            self.assertRegex(frames[2], r"RANK +HOST +ITERATION")
            self.assertRegex(frames[2], r"(?m)^\r?0 +\S+ +\d+")
            self.assertRegex(frames[2], r"(?m)^\r?1 +\S+ +\d+")
            # Drawn in place: the cursor goes up as many lines as were drawn.
            up = int(re.search(r"\x1b\[(\d+)A", frames[1]).group(1))
            self.assertEqual(up, frames[0].count("\n"))
            self.assertNotIn("\x1b[?1049h", screen.text)

    def test_watch_without_an_id_and_top_end_with_ctrl_c(self):
        with Cluster(servers=1, workers=1) as cluster:
            job = cluster.submit(counting(self.folder, "live", 10**9, servers=1))
            cluster.wait_for_state(job, "running")
            for command, expected in ((("watch",), "live"), (("top",), "worker")):
                screen = Terminal(BIN / "pacectl", "--address", cluster.address, *command,
                                  env={"NO_COLOR": "1"})
                wait_for(lambda: screen.text.count("\x1b[J") >= 2, 60, "two frames")
                screen.interrupt()
                self.assertEqual(screen.wait(), 130)
                self.assertIn(expected, screen.text)
                self.assertNotRegex(screen.text, r"\x1b\[\d*m")
            once = cluster.pacectl("top", "--once", check=True).stdout
            self.assertRegex(once, r"(?m)^NODE +ROLE")
            self.assertRegex(once, rf"(?m)^{job} +0 ")
            cluster.pacectl("cancel", job, check=True)

    def test_logs_of_all_ranks_are_followed_to_the_end(self):
        with Cluster(servers=1, workers=2) as cluster:
            job = cluster.submit(counting(self.folder, "logged", 3000, workers=2, servers=1))
            done = cluster.pacectl("logs", job, "-f", check=True)
            for rank in (0, 1):
                self.assertRegex(done.stdout, rf"(?m)^rank {rank} \| ")
            last = cluster.pacectl("logs", job, "--tail", 1, check=True).stdout.splitlines()
            self.assertEqual([line[:9] for line in last], ["rank 0 | ", "rank 1 | "])

    def test_forms_of_output(self):
        with Cluster(servers=1, workers=1) as cluster:
            job = cluster.submit(counting(self.folder, "forms", 10, servers=1))
            cluster.wait_for_state(job, "succeeded")
            self.assertEqual(cluster.pacectl("list", "-o", "name", check=True).stdout, f"{job}\n")
            wide = cluster.pacectl("list", "-o", "wide", check=True).stdout
            self.assertIn("OWNER", wide)
            yaml = cluster.pacectl("describe", job, "-o", "yaml", check=True).stdout
            self.assertIn("\nstate: JOB_STATE_SUCCEEDED\n", yaml)
            self.assertIn(f'\njob_id: "{job}"\n', "\n" + yaml)
            names = cluster.pacectl("cluster", "-o", "name", check=True).stdout.split()
            self.assertEqual(sorted(names), sorted(
                daemon.address() for daemon in cluster.servers + cluster.workers))
            refused = cluster.pacectl("describe", job, "-o", "name")
            self.assertEqual(refused.returncode, 2)
            self.assertIn("table, wide, json, yaml expected, got `name`", refused.stderr)

    def test_what_is_mistyped_has_a_suggestion(self):
        for arguments, expected in (
                (("submitt",), "pacectl: no command `submitt`; did you mean `submit`?"),
                (("list", "--outptu", "json"), "no flag `--outptu`; did you mean `--output`?"),
                (("list", "-o", "jsn"), "got `jsn`; did you mean `json`?"),
                (("context", "sue", "x"), "no command `sue`; did you mean `use`?"),
                (("status",), "pacectl status: ID is required"),
                ((), "a command expected: ")):
            done = pacectl(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(expected, done.stderr)
        self.assertIn("Examples:\n  pacectl watch 7", pacectl("watch", "--help").stdout)

    def test_log_levels_change_as_daemons_run(self):
        with Cluster(servers=1, workers=1) as cluster:
            wait_for(lambda: len(cluster.nodes()) == 2, 60, "two nodes")
            asked = cluster.pacectl("log-level", "--all", check=True).stdout.splitlines()
            self.assertEqual([line.rsplit(" ", 1)[1] for line in asked], ["info"] * 3, asked)
            worker = cluster.workers[0].address()
            changed = cluster.pacectl("log-level", "error", worker, check=True).stdout
            self.assertRegex(changed, rf"^worker \d+ \({worker}\): info -> error\n$")
            self.assertIn("log level changed", cluster.workers[0].log.read_text())

            def lines_of_a_task(name):
                job = cluster.submit(counting(self.folder, name, 10, servers=1))
                cluster.wait_for_state(job, "succeeded")
                return cluster.pacectl("logs", job, check=True).stdout
            # Tasks begin with what their worker has by then.
            self.assertNotIn("level=info", lines_of_a_task("quiet"))
            cluster.pacectl("log-level", "info", "--all", check=True)
            self.assertIn("level=info", lines_of_a_task("loud"))
            unknown = cluster.pacectl("log-level", "debug", worker, "99")
            self.assertEqual(unknown.returncode, 2)
            self.assertIn("no node `99`; there are", unknown.stderr)
            self.assertIn(worker, unknown.stderr)
            self.assertIn(": info\n", cluster.pacectl("log-level", check=True).stdout)

    def test_doctor_finds_a_dead_server(self):
        with Cluster(servers=2, workers=1) as cluster:
            wait_for(lambda: len(cluster.nodes()) == 3, 60, "three nodes")
            cluster.servers[0].kill()
            wait_for(lambda: not all(n["live"] for n in cluster.nodes()), 60, "a silent node")
            done = cluster.pacectl("doctor", "-o", "json")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            report = json.loads(done.stdout)
            failed = [f for f in report["findings"] if f["health"] == "fail"]
            self.assertEqual(len(failed), 1, failed)
            self.assertIn(cluster.servers[0].address(), failed[0]["what"])
            self.assertTrue(failed[0]["hint"])


if __name__ == "__main__":
    unittest.main()
