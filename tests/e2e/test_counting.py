"""The counting model's sum is exact under every policy."""

import tempfile
import unittest

from cluster import local_run, write_job
from cut import Cut

RANKS, ITERATIONS = 4, 150


class Counting(unittest.TestCase):
    def run_policy(self, policy):
        with tempfile.TemporaryDirectory() as folder:
            job = write_job(folder, f"""
name: counting
model: {{kind: counting, rows: 100, dim: 3}}
train: {{iterations: {ITERATIONS}}}
consistency: {policy}
checkpoint: {{dir: {folder}/cuts}}
""")
            summary = local_run(job, servers=3, workers=RANKS)
            cut = Cut(f"{folder}/cuts")
        (table,) = cut.dense.values()
        # Row 0 counts every push once in each of its values.
        self.assertEqual(table[0].tolist(), [RANKS * ITERATIONS] * 3)
        self.assertEqual(summary["iterations"], RANKS * ITERATIONS)
        for progress in cut.progress:
            self.assertEqual(progress.tolist(), [ITERATIONS] * RANKS)

    def test_bsp(self):
        self.run_policy("{policy: bsp}")

    def test_ssp(self):
        self.run_policy("{policy: ssp, staleness: 2}")

    def test_asp(self):
        self.run_policy("{policy: asp}")


if __name__ == "__main__":
    unittest.main()
