"""What pacectl says of itself: completion scripts that bash runs, and manual pages that man reads."""

import gzip
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from cluster import BIN, ROOT, pacectl

COMPLETE = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_pacectl
printf '%s\n' "${COMPREPLY[@]}"
"""


class BashCompletion(unittest.TestCase):
    def setUp(self):
        self._temp = tempfile.TemporaryDirectory(prefix="paceline-completion-")
        self.addCleanup(self._temp.cleanup)
        self.script = pathlib.Path(self._temp.name) / "pacectl.bash"
        self.script.write_text(pacectl("completion", "bash", check=True).stdout)

    def complete(self, *words):
        """What bash offers for the last word of `pacectl WORDS...`."""
        done = subprocess.run(
            ["bash", "--norc", "-c", COMPLETE, "bash", str(self.script), "pacectl", *words],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_commands(self):
        self.assertEqual(self.complete("subm"), ["submit"])
        self.assertIn("watch", self.complete(""))
        self.assertEqual(self.complete("context", "u"), ["use"])
        self.assertEqual(self.complete("local", ""), ["run"])
        self.assertEqual(self.complete("completion", "b"), ["bash"])
        self.assertEqual(self.complete("log-level", "d"), ["debug"])

    def test_flags_and_their_values(self):
        self.assertEqual(self.complete("submit", "--wai"), ["--wait"])
        self.assertEqual(self.complete("submit", "--addr"), ["--address"])
        self.assertEqual(self.complete("--output", "j"), ["json"])
        self.assertEqual(self.complete("list", "-o", "y"), ["yaml"])
        self.assertEqual(self.complete("list", "--output", "=", "j"), ["json"])
        self.assertEqual(self.complete("top", "--sort", "m"), ["memory"])

    def test_values_are_no_commands(self):
        self.assertEqual(self.complete("--address", "submit", "subm"), ["submit"])
        # A file, which bash completes by itself.
        self.assertEqual(self.complete("submit", "jo"), [])
        self.assertEqual(self.complete("submit", "--from", "x"), [])

    def test_the_function_is_registered(self):
        done = subprocess.run(["bash", "--norc", "-c", f"source {self.script}; complete -p pacectl"],
                              capture_output=True, text=True, check=True, timeout=60)
        self.assertIn("-F _pacectl", done.stdout)


class OtherShells(unittest.TestCase):
    def test_their_scripts_are_theirs(self):
        self.assertTrue(pacectl("completion", "zsh", check=True).stdout.startswith("#compdef"))
        fish = pacectl("completion", "fish", check=True).stdout
        self.assertIn("complete -c pacectl", fish)
        for shell, script in (("zsh", "zsh"), ("fish", "fish")):
            if shutil.which(shell):
                text = pacectl("completion", script, check=True).stdout
                subprocess.run([shell, "-n"], input=text, text=True, check=True, timeout=60)


class ManualPages(unittest.TestCase):
    def pages(self):
        yield "pacectl", pacectl("man", check=True).stdout
        for role in ("scheduler", "server", "worker"):
            done = subprocess.run([BIN / f"paceline-{role}", "--man-page"], capture_output=True,
                                  text=True, check=True, timeout=60)
            yield f"paceline-{role}", done.stdout

    def test_pages_say_what_help_says(self):
        for name, page in self.pages():
            plain = page.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
            self.assertTrue(page.startswith(".TH "), name)
            for section in (".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS"):
                self.assertIn(section + "\n", page, name)
            self.assertIn(f"{name} - ", plain)
            known = "--output" if name == "pacectl" else "--listen"
            self.assertIn(known, plain, name)

    def test_pages_for_an_installation(self):
        with tempfile.TemporaryDirectory(prefix="paceline-man-") as folder:
            subprocess.run([ROOT / "deploy" / "man_pages.sh", BIN, folder], check=True, timeout=60)
            written = sorted(str(path.relative_to(folder))
                             for path in pathlib.Path(folder).rglob("*.gz"))
            self.assertEqual(written, [
                "man1/pacectl.1.gz", "man8/paceline-scheduler.8.gz",
                "man8/paceline-server.8.gz", "man8/paceline-worker.8.gz"])
            with gzip.open(pathlib.Path(folder) / "man1" / "pacectl.1.gz", "rt") as page:
                self.assertEqual(page.read(), pacectl("man", check=True).stdout)

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_groff_has_nothing_to_complain_about(self):
        for name, page in self.pages():
            done = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", "-ww", "-Kutf8"], input=page,
                                  capture_output=True, text=True, timeout=120)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            self.assertIn("SYNOPSIS", done.stdout)


if __name__ == "__main__":
    unittest.main()
