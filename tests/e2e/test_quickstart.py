"""The quick start does what the README says, and leaves no process behind."""

import pathlib
import subprocess
import unittest

from cluster import ROOT


def processes():
    """Command lines of all processes that run Paceline's binaries."""
    found = set()
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if f"{ROOT}/out/bin/paceline-" in command:
                found.add((entry.name, command))
    return found


class QuickStart(unittest.TestCase):
    def test_it_trains_and_cleans_up(self):
        before = processes()
        done = subprocess.run([str(ROOT / "deploy" / "quickstart.sh")], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=1200)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        line = next(line for line in done.stdout.splitlines() if "accuracy on held-out" in line)
        self.assertGreaterEqual(float(line.split(":")[1].split()[0]), 0.96)
        self.assertIn("/status", done.stdout)
        self.assertIn("what to type next", done.stdout)
        self.assertLessEqual(processes(), before)


if __name__ == "__main__":
    unittest.main()
