"""A language model learns to write: by real processes, on real text."""

import os
import pathlib
import tempfile
import unittest

from cluster import JOBS, SHARED, Cluster, needs_shared_data, pacectl

# The job of tests/jobs, or so little of it that it takes about a minute.
FULL = bool(os.environ.get("PACELINE_FULL"))
SHORT = {
    "iterations: 2000": "iterations: 160",
    "eval_every_iterations: 500": "eval_every_iterations: 60",
    "warmup_iterations: 100": "warmup_iterations: 20",
}


class Shakespeare(unittest.TestCase):
    @needs_shared_data
    def test_bits_per_byte_fall_and_text_comes(self):
        with tempfile.TemporaryDirectory() as folder, Cluster(servers=2, workers=2) as cluster:
            job = self.job(pathlib.Path(folder))
            job_id = cluster.submit(job)
            summary = cluster.wait_for_state(job_id, "succeeded", seconds=1800 if FULL else 600)
            print(f"{summary['eval']} in {summary['wall_seconds']:.1f} s", flush=True)
            self.assertLessEqual(summary["eval"]["bits_per_byte"], 2.5 if FULL else 3.4)
            if FULL:
                self.assertLessEqual(summary["wall_seconds"], 900)
            curve = [point["result"]["bits_per_byte"] for point in cluster.job(job_id)["evals"]]
            self.assertGreaterEqual(len(curve), 3)
            self.assertLess(curve[-1], curve[0])

            weights = pathlib.Path(folder) / "lm.safetensors"
            cluster.pacectl("export", job_id, weights, check=True)
            options = ("--prompt", "ROMEO:", "--bytes", 200, "--top-k", 40, "--seed", 3)
            text = cluster.pacectl("sample", job_id, *options, check=True).stdout
            self.assertTrue(text.startswith("ROMEO:"), text)
            self.assertEqual(len(text), len("ROMEO:") + 200 + 1)
            self.assertGreater(text.count("e"), 2)
            # The file says the same, without a cluster.
            self.assertEqual(pacectl("sample", weights, *options, check=True).stdout, text)
            refused = cluster.pacectl("sample", job_id, "--temperature", "-1")
            self.assertEqual(refused.returncode, 2)

    def job(self, folder):
        text = (JOBS / "shakespeare_lm.yaml").read_text()
        for old, new in ({} if FULL else SHORT).items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        text = text.replace("../../../shared/data", str(SHARED))
        path = folder / "job.yaml"
        path.write_text(text)
        return path


if __name__ == "__main__":
    unittest.main()
