"""Evaluations beside training, early stopping and the best cut: real processes, real files."""

import os
import pathlib
import signal
import tempfile
import unittest

import numpy as np
from cluster import DIGITS, Cluster, needs_digits, pacectl, wait_for, write_job
from cut import read_safetensors

EVERY = 100
RECORDS = 300


def overfitting(folder, policy="bsp", patience=4, checkpoint=f"every_iterations: {EVERY}"):
    """Few records and a large network: its loss on others falls first, and rises then."""
    records = folder / "few.csv"
    lines = pathlib.Path(DIGITS).read_text().splitlines()
    records.write_text("\n".join(lines[:RECORDS]) + "\n")
    others = folder / "others.csv"
    others.write_text("\n".join(lines[RECORDS:]) + "\n")
    return write_job(folder, f"""
name: overfits
model: {{kind: mlp, hidden: [512]}}
data:
  scale: 0.0625
  train: {{path: {records}, format: csv}}
  eval: {{path: {others}, format: csv}}
train:
  global_batch: 32
  iterations: 20000
  eval_every_iterations: {EVERY}
  seed: 3
  optimizer: {{kind: adam, learning_rate: 0.001}}
evaluation: {{patience: {patience}}}
consistency: {{policy: {policy}}}
resources: {{workers: 2, servers: 2}}
checkpoint: {{keep: 2, {checkpoint}}}
""")


def curve(job):
    return {int(point["iteration"]): point["result"]["loss"] for point in job["evals"]}


def loss_of(weights, records):
    """Mean cross-entropy of an exported network on [features..., label] rows."""
    data = np.loadtxt(records, delimiter=",")
    x, labels = data[:, :-1] / 16.0, data[:, -1].astype(int)
    tables, _ = read_safetensors(weights)
    hidden = np.maximum(x @ tables["layer0/weight"] + tables["layer0/bias"].ravel(), 0)
    logits = hidden @ tables["layer1/weight"] + tables["layer1/bias"].ravel()
    logits = logits - logits.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(logits).sum(axis=1))
    return float((log_sums - logits[np.arange(len(labels)), labels]).mean())


@needs_digits
class Evaluation(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def check_stopped(self, summary, job, patience=4):
        """It ended where its own curve says."""
        losses = curve(job)
        best = min(losses, key=losses.get)
        self.assertTrue(summary["stopped_early"])
        self.assertEqual(summary["best_iteration"], best)
        self.assertIn("stopped early: loss has not got better than", summary["reason"])
        self.assertIn(f"(iteration {best})", summary["reason"])
        return best + (patience + 2) * EVERY

    def test_bsp_stops_in_the_same_round_also_when_tasks_are_killed(self):
        job_file = overfitting(self.folder)
        with Cluster(servers=2, workers=2) as cluster:
            first = cluster.submit(job_file)
            golden = cluster.wait_for_state(first, "succeeded", seconds=300)
            last = self.check_stopped(golden, cluster.job(first))
            self.assertEqual(golden["iterations"], 2 * last)
            for rank in (0, 1):
                with self.subTest(killed=rank):
                    job = cluster.submit(job_file)

                    def pid():
                        ranks = cluster.job(job).get("ranks", [])
                        far = len(ranks) == 2 and int(ranks[rank].get("iteration", 0)) > EVERY
                        return far and ranks[rank].get("pid")

                    os.kill(int(wait_for(pid, 60, "a task that trains")), signal.SIGKILL)
                    summary = cluster.wait_for_state(job, "succeeded", seconds=300)
                    self.assertGreaterEqual(summary["restarts"], 1)
                    self.assertTrue(summary["stopped_early"])
                    self.assertEqual(summary["best_iteration"], golden["best_iteration"])
                    self.assertEqual(summary["iterations"], golden["iterations"])
                    self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    def test_bsp_the_best_cut_has_the_weights_that_were_measured(self):
        job_file = overfitting(self.folder,
                               checkpoint=f"every_iterations: {EVERY}, keep_best: true")
        with Cluster(servers=2, workers=2) as cluster:
            # On a busy machine the cut may be missed: then there is none.
            for _ in range(4):
                job = cluster.submit(job_file)
                summary = cluster.wait_for_state(job, "succeeded", seconds=300)
                self.check_stopped(summary, cluster.job(job))
                best = [cut for cut in cluster.job(job)["cuts"] if cut.get("best")]
                if best:
                    break
            self.assertEqual([int(cut["iteration"]) for cut in best],
                             [summary["best_iteration"]])
            self.assertRegex(cluster.pacectl("describe", job).stdout, r"BEST[^$]* best ")
            weights = self.folder / "best.safetensors"
            cluster.pacectl("export", job, weights, "--best", check=True)
            measured = curve(cluster.job(job))[summary["best_iteration"]]
            self.assertAlmostEqual(loss_of(weights, self.folder / "others.csv"), measured, places=4)
            again = cluster.submit(job_file, "--from", f"{job}@best", "--weights-only")
            self.assertIn(f"from the weights of cut {job}@{best[0]['cut_id']} at iteration",
                          cluster.pacectl("describe", again).stdout)
            cluster.pacectl("cancel", again, check=True)

    def test_ssp_and_asp_stop_too(self):
        for policy in ("ssp", "asp"):
            with self.subTest(policy), Cluster(servers=2, workers=2) as cluster:
                job = cluster.submit(overfitting(
                    self.folder, policy, checkpoint=f"every_iterations: {EVERY}, keep_best: true"))
                summary = cluster.wait_for_state(job, "succeeded", seconds=300)
                self.assertTrue(summary["stopped_early"])
                self.assertLess(summary["iterations"], 2 * 20000)


if __name__ == "__main__":
    unittest.main()
