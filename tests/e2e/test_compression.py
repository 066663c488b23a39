"""Gradients and weights that travel in fewer bytes: what a job saves, and what it loses."""

import pathlib
import tempfile
import unittest

from cluster import DIGITS, JOBS, Cluster, local_run, needs_digits, pacectl

CALLS = "rpc.*=lose_request:30+lose_reply:30+duplicate:100+delay(3ms):100,seed=7"


def job_file(folder, compression, job=None):
    text = job or (JOBS / "digits_mlp.yaml").read_text()
    path = pathlib.Path(folder) / "job.yaml"
    text = text.replace("../../out/data", str(DIGITS.parent))
    path.write_text(f"{text}\ncompression: {compression}\n")
    return path


# Plain SGD: only rows that a push names change.
SGD = """
name: digits-sgd
model: {kind: mlp, hidden: [256]}
data:
  scale: 0.0625
  train: {path: ../../out/data/digits.train.csv, format: csv}
  eval: {path: ../../out/data/digits.test.csv, format: csv}
train: {global_batch: 32, epochs: 40, optimizer: {kind: sgd, learning_rate: %s}}
consistency: {policy: %s}
resources: {workers: 2, servers: 2}
"""


def sgd(policy, learning_rate=0.2):
    return SGD % (learning_rate, policy)


@needs_digits
class Compression(unittest.TestCase):
    def run_job(self, compression, job=None, **how):
        with tempfile.TemporaryDirectory() as folder:
            summary = local_run(job_file(folder, compression, job), **how)
        self.assertEqual(summary["state"], "succeeded", summary)
        print(f"{compression}: {summary['eval']}, {summary['bytes_pushed']:.0f} bytes pushed, "
              f"{summary['bytes_pulled']:.0f} pulled", flush=True)
        return summary

    def test_half_and_quarter_of_the_bytes_learn_as_well(self):
        exact = self.run_job("{}")
        for codec, part in (("bf16", 0.5), ("fp16", 0.5), ("int8", 0.25 * 65 / 64)):
            with self.subTest(codec):
                summary = self.run_job(f"{{push: {codec}, pull: {codec}}}")
                self.assertGreaterEqual(summary["eval"]["accuracy"], 0.96)
                self.assertAlmostEqual(summary["bytes_pushed"] / exact["bytes_pushed"], part,
                                       delta=0.02)
                # Evaluation pulls float32.
                self.assertLess(summary["bytes_pulled"] / exact["bytes_pulled"], part + 0.1)

    def test_bsp_ends_with_the_same_bytes_on_any_number_of_servers(self):
        hashes = {self.run_job("{push: bf16, pull: int8}", servers=servers)["parameters_sha256"]
                  for servers in (1, 2)}
        self.assertEqual(len(hashes), 1)

    def test_a_part_of_the_bytes_learns_as_well(self):
        for policy in ("asp", "ssp, staleness: 4"):
            job = sgd(policy)
            exact = self.run_job("{}", job)
            for compression, pushed, pulled in (
                    ("{push: topk, pull: delta}", 0.0202, 0.1),
                    ("{push: topk, topk_momentum: 0.5, pull: delta}", 0.0202, 0.1),
                    ("{push: onebit}", (1 / 8 + 8 / 256) / 4, 1.02)):
                with self.subTest(policy=policy, compression=compression):
                    summary = self.run_job(compression, job)
                    self.assertGreaterEqual(summary["eval"]["accuracy"],
                                            exact["eval"]["accuracy"] - 0.02)
                    self.assertAlmostEqual(summary["bytes_pushed"] / exact["bytes_pushed"], pushed,
                                           delta=0.002)
                    # Under ssp a rank pulls more or less often.
                    if policy == "asp":
                        self.assertLess(summary["bytes_pulled"] / exact["bytes_pulled"], pulled)

    def test_delta_changes_no_byte_of_what_bsp_ends_with(self):
        # Steps so small that most weights stay what they are.
        job = sgd("bsp", 1e-8)
        whole, delta = (self.run_job(compression, job) for compression in ("{}", "{pull: delta}"))
        self.assertEqual(delta["parameters_sha256"], whole["parameters_sha256"])
        self.assertLess(delta["bytes_pulled"] / whole["bytes_pulled"], 0.5)
        with tempfile.TemporaryDirectory() as folder, \
                Cluster(worker_flags=("--test-faults", CALLS)) as cluster:
            faulty = cluster.submit(job_file(folder, "{pull: delta}", job))
            summary = cluster.wait_for_state(faulty, "succeeded", seconds=300)
        self.assertEqual(summary["parameters_sha256"], whole["parameters_sha256"])
        self.assertGreater(summary["duplicates_dropped"], 0)

    def test_parts_are_refused_where_they_would_break_a_promise(self):
        for compression, says in (
                ("{push: topk}", "checkpoint.every_iterations: a number of rounds, for push topk "
                                 "or onebit under bsp"),
                ("{pull: onebit}", "compression.pull: float32 | bf16 | fp16 | int8 | delta | auto"),
                ("{push: delta}", "compression.push: float32 | bf16 | fp16 | int8 | topk"),
                ("{topk_ratio: 0.5}", "compression.topk_ratio: allowed only with push topk")):
            with self.subTest(compression), tempfile.TemporaryDirectory() as folder:
                done = pacectl("validate", job_file(folder, compression))
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn(says, done.stdout + done.stderr)

    def test_topk_of_a_sparse_table_is_refused_by_name(self):
        job = (sgd("asp")).replace("hidden: [256]", "hidden: [256], table: sparse")
        with tempfile.TemporaryDirectory() as folder:
            done = pacectl("validate", job_file(folder, "{push: topk}", job))
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("expected for layer0/weight, which is sparse", done.stdout + done.stderr)

    def test_a_killed_worker_costs_its_residual_and_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            kept = pathlib.Path(folder) / "kept"
            summary = local_run(job_file(folder, "{push: topk, pull: delta}", sgd("asp")),
                                extra=("--chaos", "kill-worker@300", "--keep", kept))
            said = "what compression left behind of earlier gradients is lost"
            logs = [log for log in kept.rglob("*.log") if said in log.read_text(errors="replace")]
        self.assertEqual(summary["state"], "succeeded", summary)
        self.assertGreaterEqual(summary["eval"]["accuracy"], 0.9)
        self.assertGreater(len(logs), 0)

    def test_auto_learns_as_well(self):
        summary = self.run_job("{push: auto, pull: auto}", sgd("asp"))
        self.assertGreaterEqual(summary["eval"]["accuracy"], 0.93)

    def test_a_table_that_there_is_not_is_refused_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            job = job_file(folder, "{tables: [{table: layer9/weight, push: bf16}]}")
            done = pacectl("validate", job)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("compression.tables[0].table: one of layer0/bias,",
                      done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
