"""topk and onebit under BSP: ranks hold what no cut does, and no byte depends on who died."""

import json
import os
import pathlib
import signal
import tempfile
import unittest

from cluster import DIGITS, Cluster, local_run, needs_digits, wait_for, write_job
from processes import digits, late_pushes
from test_compression import sgd

# Rounds between two flushes, and cuts.
EVERY = 20
TOPK = "push: topk, topk_ratio: 0.05, pull: delta"
CODECS = (TOPK, TOPK + ", topk_momentum: 0.5", "push: onebit")


def rounds(cluster, job):
    return cluster.summary(job)["iterations"] / 2


def kill_task(cluster, job):
    os.kill(cluster.task_pids(job)[1], signal.SIGKILL)


def kill_task_after_a_cut(cluster, job):
    wait_for(lambda: cluster.job(job).get("cuts"), 60, "a cut")
    kill_task(cluster, job)


@needs_digits
class Residuals(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def job(self, compression, every=EVERY):
        path = digits(self.folder, checkpoint=f"every_iterations: {every}")
        path.write_text(f"{path.read_text()}compression: {{{compression}}}\n")
        return path

    def run_with(self, job_file, fault, at=2.5 * EVERY):
        """The summary and the events of a job to which `fault` happened between two cuts. It
        ends as one without."""
        golden = local_run(job_file)
        with Cluster(servers=2, workers=2, worker_flags=late_pushes()) as cluster:
            job = cluster.submit(job_file)
            wait_for(lambda: rounds(cluster, job) > at, 60, "some rounds")
            fault(cluster, job)
            summary = cluster.wait_for_state(job, "succeeded", seconds=300)
            events = cluster.job(job)["events"]
        for value in ("samples", "iterations", "parameters_sha256"):
            self.assertEqual(summary[value], golden[value], value)
        return summary, [f"{event['kind']} {event['message']}" for event in events
                         if "message" in event]

    def test_row_1_a_killed_task_takes_the_job_back_to_a_cut_and_not_a_bit_is_lost(self):
        for compression in CODECS:
            with self.subTest(compression):
                summary, events = self.run_with(self.job(compression), kill_task_after_a_cut)
                self.assertEqual(summary["restarts"], 1)
                self.assertEqual(summary["rollbacks"], 1)
                why = [event for event in events if event.startswith("RECOVERING")]
                self.assertIn("rank 1 lost its task (killed by SIGKILL", why[0])
                self.assertIn("what compression left behind there: back to cut ", why[0])

    def test_row_1_a_task_killed_before_the_first_cut_takes_it_to_the_beginning(self):
        summary, _ = self.run_with(self.job(TOPK), kill_task, at=0)
        self.assertEqual(summary["rollbacks"], 1)

    def test_row_1_a_rank_without_records_in_the_last_round_before_a_cut_keeps_nothing(self):
        # 1437 records: the fifth round of an epoch has one.
        path = self.job(TOPK, every=5)
        text = path.read_text().replace("global_batch: 64", "global_batch: 359")
        path.write_text(text.replace("epochs: 60", "epochs: 400"))
        summary, _ = self.run_with(path, kill_task, at=12)
        self.assertEqual(summary["rollbacks"], 1)

    def test_row_4_a_killed_server_costs_a_rollback_and_not_a_bit(self):
        for compression in (TOPK, "push: onebit"):
            with self.subTest(compression):
                summary, _ = self.run_with(self.job(compression),
                                           lambda cluster, job: cluster.servers[1].kill())
                self.assertEqual(summary["rollbacks"], 1)
                self.assertEqual(summary["restarts"], 0)

    def test_row_31_a_server_that_is_stopped_costs_no_bit(self):
        summary, events = self.run_with(self.job(TOPK),
                                        lambda cluster, job: cluster.servers[1].stop())
        self.assertEqual(summary["rollbacks"], 1)
        self.assertTrue(any("is shutting down" in event for event in events), events)

    def test_lost_and_repeated_calls_change_no_byte(self):
        job_file = self.job(TOPK)
        golden = local_run(job_file)
        calls = "rpc.*=lose_request:30+lose_reply:30+duplicate:100+delay(3ms):100,seed=7"
        with Cluster(worker_flags=("--test-faults", calls)) as cluster:
            summary = cluster.wait_for_state(cluster.submit(job_file), "succeeded", seconds=300)
        self.assertGreater(summary["duplicates_dropped"], 0)
        self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    def test_sent_whole_in_every_round_it_is_a_run_without_compression(self):
        hashes = {local_run(job)["parameters_sha256"]
                  for job in (self.job("push: float32"), self.job(TOPK, every=1))}
        self.assertEqual(len(hashes), 1)

    def test_it_learns_as_well(self):
        def run(compression):
            text = sgd("bsp").replace("../../out/data", str(DIGITS.parent))
            return local_run(write_job(self.folder, f"{text}checkpoint: {{every_iterations: 100}}\n"
                                                    f"compression: {{{compression}}}\n"))
        exact = run("push: float32")
        for compression, pushed in (("push: topk", 0.02), ("push: topk, topk_momentum: 0.5", 0.02),
                                    ("push: onebit", (1 / 8 + 8 / 256) / 4)):
            with self.subTest(compression):
                summary = run(compression)
                part = summary["bytes_pushed"] / exact["bytes_pushed"]
                print(f"{compression}: {summary['eval']}, {part:.4f} of the bytes", flush=True)
                self.assertGreaterEqual(summary["eval"]["accuracy"],
                                        exact["eval"]["accuracy"] - 0.02)
                # One push in a hundred is whole.
                self.assertAlmostEqual(part, pushed + 0.01, delta=0.003)

    def test_it_goes_on_from_another_jobs_cut(self):
        job_file = self.job(TOPK)
        golden = local_run(job_file)
        with Cluster(servers=2, workers=2) as cluster:
            first = cluster.submit(job_file)
            wait_for(lambda: cluster.job(first).get("cuts"), 60, "a cut")
            cluster.pacectl("cancel", first, check=True)
            cluster.wait_for_state(first, "cancelled")
            out = cluster.pacectl("submit", "--from", first, "-o", "json", check=True).stdout
            summary = cluster.wait_for_state(json.loads(out)["job_id"], "succeeded", seconds=300)
        self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])


if __name__ == "__main__":
    unittest.main()
