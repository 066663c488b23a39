"""Poison in the data and in the gradients: named, bounded, and the same in every run."""

import gzip
import os
import pathlib
import random
import signal
import tempfile
import unittest

import numpy as np
from cluster import Cluster, local_run, pacectl, wait_for, write_job
from cut import Cut

# What no record may be, each on a line of its own. A record has at most 16 MiB.
POISON = (b"garbage", b"1,2,\xff\xfe,1", b"1,2,3,99", b"1" * ((16 << 20) + 1), b"1,2,nan,0")


class PoisonRecords(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)
        # 200 good lines of three features and a class; poison after every 30th.
        rng = random.Random(7)
        lines = []
        for i in range(200):
            label = rng.randrange(3)
            values = [rng.gauss(label, 1) for _ in range(3)]
            lines.append(",".join([f"{value:.3f}" for value in values] + [str(label)]).encode())
        for i, poison in enumerate(POISON):
            lines.insert(30 * (i + 1), poison)
        self.data = self.folder / "poison.csv"
        self.data.write_bytes(b"\n".join(lines) + b"\n")

    def job(self, on_bad_record, epochs=3, data=None):
        return write_job(self.folder, f"""
name: poison
model: {{kind: softmax}}
data:
  classes: 3
  on_bad_record: {on_bad_record}
  train: {{path: {data or self.data}, format: csv}}
train: {{global_batch: 8, epochs: {epochs}, optimizer: {{kind: sgd, learning_rate: 0.05}}}}
consistency: {{policy: bsp}}
resources: {{workers: 2, servers: 2}}
""")

    def test_row_22_poison_within_the_budget_is_skipped_the_same_in_every_run(self):
        job_file = self.job("skip\n  max_bad_records: 5", epochs=200)
        golden = local_run(job_file, servers=1)
        self.assertEqual(golden["state"], "succeeded")
        # Positions count, whether their record is good or not.
        self.assertEqual(golden["samples"], 200 * 205)
        with Cluster(servers=2, workers=2) as cluster:
            job = cluster.submit(job_file)
            cluster.wait_for_state(job, "running")
            wait_for(lambda: cluster.summary(job)["iterations"] > 20, 30, "some iterations")
            os.kill(cluster.task_pids(job)[1], signal.SIGKILL)
            summary = cluster.wait_for_state(job, "succeeded")
            self.assertEqual(summary["restarts"], 1)
            self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    def test_row_22_poison_beyond_the_budget_fails_the_job_and_names_it(self):
        done = pacectl("local", "run", self.job("skip\n  max_bad_records: 4"), timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("more than data.max_bad_records = 4 bad records", done.stderr)
        for i in range(len(POISON)):
            self.assertIn(f"poison.csv:{30 * (i + 1) + 1}: record {30 * (i + 1)}:", done.stderr)
        self.assertIn("label 99: an integer from 0 to 2 expected", done.stderr)

    def test_row_22_poison_fails_the_job_at_once_where_none_is_skipped(self):
        done = pacectl("local", "run", self.job("fail"), timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("poison.csv:31: record 30:", done.stderr)

    def test_row_22_a_truncated_gzip_file_fails_the_job_and_is_named(self):
        packed = gzip.compress(b"1,2,3,0\n" * 10000)
        path = self.folder / "cut.csv.gz"
        path.write_bytes(packed[:len(packed) // 2])
        for rule in ("fail", "skip"):
            done = pacectl("local", "run", self.job(rule, data=path), timeout=60)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("cut.csv.gz: gzip data cut off", done.stderr)


class NonFinite(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)
        (self.folder / "data.csv").write_text("1e38,2e38,1\n3e38,1e38,2\n2e38,2e38,1\n1e38,1e38,3\n" * 8)

    def job(self, policy, on_non_finite):
        # Features near the largest float32, whose products are not finite.
        return write_job(self.folder, f"""
name: explodes
model: {{kind: linear}}
data:
  train: {{path: {self.folder}/data.csv, format: csv}}
train: {{global_batch: 4, epochs: 3, on_non_finite: {on_non_finite},
         optimizer: {{kind: sgd, learning_rate: 1.0e-30}}}}
consistency: {{policy: {policy}}}
checkpoint: {{dir: {self.folder}/cuts-{policy}}}
""")

    def test_row_23_a_gradient_that_is_not_finite_fails_the_job_naming_table_rank_and_iteration(self):
        for policy in ("bsp", "ssp", "asp"):
            done = pacectl("local", "run", self.job(policy, "fail"), "--servers", 2,
                           "--workers", 2, timeout=60)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, r"table linear/\w+, row \d+, column \d+: not finite in "
                                          r"the gradient of rank [01] at iteration \d+")

    def test_row_23_no_row_holds_what_is_not_finite_where_such_iterations_are_skipped(self):
        for policy in ("bsp", "ssp", "asp"):
            summary = local_run(self.job(policy, "skip"))
            self.assertEqual(summary["state"], "succeeded")
            self.assertEqual(summary["samples"], 3 * 32)
            cut = Cut(self.folder / f"cuts-{policy}")
            tables = [*cut.dense.values(), *(np.array(list(t.values())) for t in cut.sparse.values())]
            self.assertTrue(tables)
            for rows in tables:
                self.assertTrue(np.isfinite(rows).all())


if __name__ == "__main__":
    unittest.main()
