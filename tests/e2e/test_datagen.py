"""Data of known models; what a cluster learns of clicks is in test_ctr."""

import hashlib
import pathlib
import tempfile
import unittest

from cluster import pacectl


class Datagen(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="paceline-e2e-")
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def test_the_same_seed_gives_the_same_bytes(self):
        for kind in ("ctr", "ratings", "linear", "blobs", "text"):
            with self.subTest(kind):
                args = ("datagen", kind, "--rows", 500)
                first = pacectl(*args, check=True).stdout
                self.assertEqual(first, pacectl(*args, check=True).stdout)
                self.assertNotEqual(first, pacectl(*args, "--seed", 2, check=True).stdout)
                out = self.folder / kind
                pacectl(*args, "--out", out, check=True)
                self.assertEqual(hashlib.sha256(out.read_bytes()).hexdigest(),
                                 hashlib.sha256(first.encode()).hexdigest())


if __name__ == "__main__":
    unittest.main()
