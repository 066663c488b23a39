"""The job files of tests/jobs reach what they promise, on real data and real processes."""

import unittest

from cluster import JOBS, local_run, needs_digits, needs_shared_data

SUMMARY_FIELDS = {
    "job_id", "state", "reason", "policy", "device", "ranks", "servers", "iterations", "samples",
    "wall_seconds", "train_loss", "eval", "restarts", "rollbacks", "duplicates_dropped",
    "bytes_pushed", "bytes_pulled", "parameters_sha256",
}


class RealData(unittest.TestCase):
    def run_job(self, name, policy):
        summary = local_run(JOBS / name)
        self.assertEqual(summary["state"], "succeeded", summary)
        self.assertEqual(summary["policy"], policy)
        self.assertEqual(summary["ranks"], 2)
        self.assertEqual(summary["servers"], 2)
        self.assertLessEqual(SUMMARY_FIELDS, set(summary))
        self.assertRegex(summary["parameters_sha256"], "^[0-9a-f]{64}$")
        self.assertGreater(summary["samples"], 0)
        print(f"{name}: {summary['eval']} in {summary['wall_seconds']:.1f} s", flush=True)
        return summary["eval"]

    @needs_digits
    def test_digits_mlp(self):
        self.assertGreaterEqual(self.run_job("digits_mlp.yaml", "bsp")["accuracy"], 0.96)

    @needs_shared_data
    def test_mnist_mlp_bsp(self):
        self.assertGreaterEqual(self.run_job("mnist_mlp_bsp.yaml", "bsp")["accuracy"], 0.94)

    @needs_shared_data
    def test_mnist_mlp_ssp(self):
        self.assertGreaterEqual(self.run_job("mnist_mlp_ssp.yaml", "ssp")["accuracy"], 0.94)

    @needs_shared_data
    def test_mnist_mlp_asp(self):
        self.assertGreaterEqual(self.run_job("mnist_mlp_asp.yaml", "asp")["accuracy"], 0.94)

    @needs_shared_data
    def test_a9a_logistic(self):
        result = self.run_job("a9a_logistic.yaml", "bsp")
        self.assertGreaterEqual(result["accuracy"], 0.848)
        self.assertGreaterEqual(result["auc"], 0.901)
        self.assertLessEqual(result["log_loss"], 0.326)

    @needs_shared_data
    def test_a9a_fm(self):
        self.assertLessEqual(self.run_job("a9a_fm.yaml", "ssp")["log_loss"], 0.3240)

    @needs_shared_data
    def test_agaricus_logistic(self):
        self.assertGreaterEqual(self.run_job("agaricus_logistic.yaml", "asp")["auc"], 0.9995)


if __name__ == "__main__":
    unittest.main()
