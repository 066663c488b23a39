"""pacectl against a real cluster: what a user types, and the exit codes they get."""

import hashlib
import json
import pathlib
import struct
import tempfile
import unittest

import numpy as np
from cluster import DIGITS, Cluster, needs_digits, pacectl, write_job
from cut import read_safetensors


class Commands(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def job(self, text, name="job"):
        return write_job(self.folder, text, f"{name}.yaml")

    def counting(self, iterations, name="count"):
        return self.job(f"""
name: {name}
model: {{kind: counting, rows: 8, dim: 2}}
train: {{iterations: {iterations}}}
consistency: {{policy: asp}}
""", name)

    @needs_digits
    def test_the_life_of_a_job(self):
        job = self.job(f"""
name: digits
model: {{kind: softmax}}
data:
  scale: 0.0625
  train: {{path: {DIGITS}, format: csv}}
train: {{global_batch: 64, epochs: 2, optimizer: {{kind: sgd, learning_rate: 0.1}}}}
resources: {{workers: 2, servers: 2}}
""")
        with Cluster(servers=2, workers=2) as cluster:
            done = cluster.pacectl("submit", job, "--wait", "-o", "json", check=True)
            summary = json.loads(done.stdout)
            self.assertEqual(summary["state"], "succeeded")
            job_id = summary["job_id"]

            listed = cluster.pacectl("list", check=True).stdout
            self.assertIn("digits", listed)
            self.assertIn("succeeded", listed.lower())
            described = cluster.pacectl("describe", job_id, check=True).stdout
            self.assertIn("SUCCEEDED", described.upper())
            self.assertNotEqual(
                cluster.pacectl("logs", job_id, "--rank", 0, check=True).stdout.strip(), "")
            watched = cluster.pacectl("watch", job_id, check=True)
            self.assertEqual(watched.returncode, 0)

            safetensors = self.folder / "weights.safetensors"
            cluster.pacectl("export", job_id, safetensors, check=True)
            tensors, _ = read_safetensors(safetensors)
            npz = self.folder / "weights.npz"
            cluster.pacectl("export", job_id, npz, check=True)
            arrays = np.load(npz)
            digest = hashlib.sha256()
            for name in sorted(tensors):
                self.assertTrue(np.array_equal(tensors[name], arrays[name]), name)
                rows = tensors[name]
                digest.update(name.encode() + b"\0\0" + struct.pack("<QI", *rows.shape))
                for key, row in enumerate(rows):
                    digest.update(struct.pack("<Q", key) + row.tobytes())
            self.assertEqual(digest.hexdigest(), summary["parameters_sha256"])

    def test_a_failed_job_prints_its_first_failure_and_exits_with_1(self):
        data = self.folder / "bad.libsvm"
        data.write_text("1 1:0.5\n0 2:oops\n")
        job = self.job(f"""
name: bad-data
model: {{kind: logistic}}
data:
  train: {{path: {data}, format: libsvm}}
train: {{global_batch: 2, epochs: 1}}
""")
        with Cluster(servers=1, workers=1) as cluster:
            done = cluster.pacectl("submit", job, "--wait")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("bad.libsvm:2", done.stderr)
            self.assertIn("oops", done.stderr)

    def test_cancel_by_user(self):
        with Cluster(servers=1, workers=1) as cluster:
            job_id = cluster.submit(self.counting(10**9))
            cluster.wait_for_state(job_id, "running")
            cluster.pacectl("cancel", job_id, check=True)
            cluster.wait_for_state(job_id, "cancelled")
            self.assertEqual(cluster.pacectl("watch", job_id).returncode, 1)

    def test_json_and_textproto_jobs(self):
        as_json = write_job(self.folder, json.dumps({
            "name": "as-json", "model": {"kind": "counting"}, "train": {"iterations": 3}}),
            "job.json")
        as_text = write_job(
            self.folder,
            'name: "as-text" model { kind: MODEL_KIND_COUNTING } train { iterations: 3 }',
            "job.textproto")
        for job in (as_json, as_text):
            self.assertEqual(pacectl("validate", job).returncode, 0)

    def test_without_a_cluster(self):
        absent = "127.0.0.1:1"
        self.assertEqual(pacectl("--address", absent, "list").returncode, 3)
        self.assertEqual(pacectl("--no-such-flag").returncode, 2)
        self.assertEqual(pacectl("submitt").returncode, 2)
        self.assertIn("learning_rate", pacectl("explain", "job.train.optimizer", check=True).stdout)
        wrong = self.job("name: x\nmodel: {kind: mlp, hiden: [3]}\n", "wrong")
        done = pacectl("validate", wrong)
        self.assertEqual(done.returncode, 2)
        self.assertIn("hidden", done.stderr + done.stdout)

    def test_an_unknown_job(self):
        with Cluster(servers=0, workers=0) as cluster:
            done = cluster.pacectl("status", 77)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("77", done.stderr)


if __name__ == "__main__":
    unittest.main()
