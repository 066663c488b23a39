"""The tests' own cache of builds has a limit."""

import os
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "prune_cache.sh"
MIB = 1 << 20


class PruneCache(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def entry(self, path, mib, day):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "wb") as entry:
            os.posix_fallocate(entry.fileno(), 0, mib * MIB)
        os.utime(file, (day * 86400, day * 86400))
        return file

    def prune(self, gib):
        subprocess.run([SCRIPT, self.folder, str(gib)], check=True, capture_output=True)
        return sorted(str(file.relative_to(self.folder))
                      for file in self.folder.rglob("*") if file.is_file())

    def test_what_was_used_longest_ago_goes(self):
        for day in range(1, 7):
            self.entry(f"cas/0{day}/{day}", 200, day)
        self.entry("ac/00/0", 1, 2)
        self.assertEqual(self.prune(1), ["cas/04/4", "cas/05/5", "cas/06/6"])

    def test_sums_do_not_end_at_two_gib(self):
        for day in range(1, 8):
            self.entry(f"cas/0{day}/{day}", 600, day)
        self.assertEqual(self.prune(4), [f"cas/0{day}/{day}" for day in range(3, 8)])

    def test_below_its_limit_only_broken_uploads_go(self):
        self.entry("cas/00/old", 1, 1)
        self.entry("python/module.py", 1, 1)
        self.entry("0a130f9e-f561-49d8-a139-ede74cecf924", 1, 1)
        self.assertEqual(self.prune(1), ["cas/00/old", "python/module.py"])


if __name__ == "__main__":
    unittest.main()
