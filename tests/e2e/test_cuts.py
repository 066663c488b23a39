"""Cuts of jobs that train: real processes, real files."""

import json
import os
import pathlib
import signal
import tempfile
import unittest

from cluster import Cluster, local_run, needs_digits, pacectl, wait_for
from processes import counting, digits, late_pushes


def cuts(cluster, job):
    return [int(cut["cut_id"]) for cut in cluster.job(job).get("cuts", [])]


def events(cluster, job, kind):
    return [event.get("message", "") for event in cluster.job(job)["events"]
            if event["kind"] == kind]


class Cuts(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def counting(self, policy, iterations, checkpoint):
        path = counting(self.folder, policy, iterations, policy, workers=2)
        path.write_text(path.read_text() + f"checkpoint: {{{checkpoint}}}\n")
        return path

    @needs_digits
    def test_row_4_a_job_goes_on_from_its_last_cut_with_the_same_bytes(self):
        job_file = digits(self.folder, checkpoint="every_iterations: 50, keep: 2")
        golden = local_run(job_file)
        # On fewer servers than the cut was made by, and on as many.
        for comes_back in (False, True):
            with self.subTest(comes_back=comes_back), \
                    Cluster(servers=2, workers=2, worker_flags=late_pushes()) as cluster:
                job = cluster.submit(job_file)
                wait_for(lambda: cuts(cluster, job), 60, "a cut")
                server = cluster.holder(job)
                cluster.servers[server].kill()
                if comes_back:
                    cluster.restart_server(server)
                summary = cluster.wait_for_state(job, "succeeded")
                self.assertEqual(summary["rollbacks"], 1)
                self.assertIn(", from cut ", events(cluster, job, "SHARDS_PLACED")[-1])
                self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])
                self.assertLessEqual(len(cuts(cluster, job)), 2)
                folder = pathlib.Path(cluster.job(job)["checkpoint_dir"])
                kept = sorted(path.name for path in folder.iterdir() if path.name != "index")
                self.assertEqual(kept, [f"{cut:08}" for cut in cuts(cluster, job)])

    def test_row_4_every_push_counts_once_from_a_fuzzy_cut(self):
        for policy in ("ssp", "asp"):
            with self.subTest(policy), \
                    Cluster(servers=2, workers=2, worker_flags=late_pushes()) as cluster:
                job_file = self.counting(policy, 4000, "every_iterations: 200")
                job = cluster.submit(job_file)
                wait_for(lambda: cuts(cluster, job), 60, "a cut")
                cluster.servers[cluster.holder(job)].kill()
                summary = cluster.wait_for_state(job, "succeeded")
                self.assertEqual(summary["rollbacks"], 1)
                self.assertIn(", from cut ", events(cluster, job, "SHARDS_PLACED")[-1])
                self.assertEqual(summary["iterations"], 8000)
                golden = local_run(self.counting("bsp", 4000, "every_seconds: 0"))
                self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    def test_row_18_a_damaged_cut_is_passed_over_for_the_one_before(self):
        with Cluster(servers=2, workers=2) as cluster:
            job = cluster.submit(self.counting("bsp", 10**7, "every_iterations: 200"))
            wait_for(lambda: len(cuts(cluster, job)) >= 2, 60, "two cuts")
            # No newer one comes while the tasks stand still.
            tasks = cluster.task_pids(job)
            for worker in cluster.workers:
                os.kill(worker.pid, signal.SIGSTOP)
            for task in tasks:
                os.kill(task, signal.SIGSTOP)
            try:
                before, newest = cuts(cluster, job)[-2:]
                folder = pathlib.Path(cluster.job(job)["checkpoint_dir"]) / f"{newest:08}"
                shard = folder / "shard-000000.safetensors"
                damaged = bytearray(shard.read_bytes())
                damaged[-20] ^= 1
                shard.write_bytes(damaged)
                server = cluster.holder(job)
                cluster.servers[server].kill()
                cluster.restart_server(server)
                said = wait_for(lambda: events(cluster, job, "CUT_DAMAGED"), 60, "the damage")
                self.assertIn("CRC32C", said[0])
                wait_for(lambda: cluster.summary(job)["state"] == "running", 60, "the job to run")
                self.assertIn(f", from cut {before}", events(cluster, job, "SHARDS_PLACED")[-1])
            finally:
                for pid in [*tasks, *[worker.pid for worker in cluster.workers]]:
                    os.kill(pid, signal.SIGCONT)
            wait_for(lambda: cuts(cluster, job)[-1] > newest, 60, "a newer cut")

    def test_row_19_a_cut_amid_pushes_holds_what_its_progress_says(self):
        """Read by an independent reader."""
        try:
            from safetensors.numpy import load_file
        except ImportError:
            self.skipTest("the Python package safetensors is not installed")
        with Cluster(servers=2, workers=2) as cluster:
            for policy in ("bsp", "asp"):
                job = cluster.submit(self.counting(policy, 10**7, "every_seconds: 0"))
                cluster.wait_for_state(job, "running")
                done = pacectl("--address", cluster.address, "-o", "json", "checkpoint", job,
                               "--timeout", "60s", check=True)
                cut = json.loads(done.stdout)
                folder = (pathlib.Path(cluster.job(job)["checkpoint_dir"]) /
                          f"{int(cut['cut_id']):08}")
                manifest = json.loads((folder / "manifest.json").read_text())
                tensors = load_file(folder / manifest["files"][0]["name"])
                # Row 0 counts every iteration of every rank that the shard has applied.
                self.assertEqual(tensors["rows"][0][0], tensors["progress"].sum())
                self.assertEqual(min(tensors["progress"]) >= int(cut["iteration"]), True)
                pacectl("--address", cluster.address, "cancel", job, check=True)

    def test_row_31_a_server_that_is_asked_to_stop_leaves_a_cut_behind(self):
        with Cluster(servers=2, workers=2) as cluster:
            job = cluster.submit(self.counting("bsp", 10**7, "every_seconds: 0"))
            wait_for(lambda: cluster.summary(job)["iterations"] > 50, 30, "some iterations")
            self.assertEqual(cluster.servers[cluster.holder(job)].stop(25), 0)
            wait_for(lambda: cluster.summary(job)["rollbacks"] == 1, 30, "the move")
            wait_for(lambda: cluster.summary(job)["state"] == "running", 30, "the job to run")
            # The first that was armed may have come too late for a round this short.
            self.assertRegex(events(cluster, job, "SHARDS_PLACED")[-1], ", from cut [1-9]")


if __name__ == "__main__":
    unittest.main()
