"""Ranks outlive their tasks and workers: real processes, SIGKILL and SIGSTOP."""

import os
import pathlib
import signal
import tempfile
import unittest

from cluster import Cluster, local_run, needs_digits, wait_for, write_job
from processes import alive, counting, digits, exit_code, late_pushes


def progress(cluster, job):
    return cluster.summary(job)["iterations"]


class Recovery(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def wait_for_restarts(self, cluster, job, count):
        return wait_for(lambda: cluster.summary(job)["restarts"] >= count, 60,
                        f"{count} restarts of job {job}")

    def test_row_1_a_killed_task_is_replaced_and_every_push_counts_once(self):
        for policy in ("bsp", "ssp", "asp"):
            with self.subTest(policy), Cluster(servers=2, workers=2) as cluster:
                job = cluster.submit(counting(self.folder, policy, 3000, policy, workers=2))
                before = cluster.task_pids(job)
                wait_for(lambda: progress(cluster, job) > 50, 30, "some iterations")
                os.kill(before[1], signal.SIGKILL)
                self.wait_for_restarts(cluster, job, 1)
                self.assertEqual(cluster.task_pids(job)[0], before[0], "the survivor was restarted")
                exit = cluster.job(job)["ranks"][1]["last_exit"]
                self.assertIn("SIGKILL", exit["cause"])
                summary = cluster.wait_for_state(job, "succeeded")
                self.assertEqual(summary["iterations"], 6000)
                self.assertEqual(summary["parameters_sha256"], self.golden(3000))

    def golden(self, iterations):
        """The hash of a run of two ranks without a fault."""
        if not hasattr(Recovery, "golden_hash"):
            job = counting(self.folder, "golden", iterations, "bsp", workers=2)
            Recovery.golden_hash = local_run(job)["parameters_sha256"]
        return Recovery.golden_hash

    @needs_digits
    def test_row_1_bsp_ends_with_the_bytes_of_a_run_without_the_fault(self):
        job_file = digits(self.folder)
        golden = local_run(job_file)
        with Cluster(servers=2, workers=2, worker_flags=late_pushes()) as cluster:
            job = cluster.submit(job_file)
            tasks = cluster.task_pids(job)
            wait_for(lambda: progress(cluster, job) > 20, 30, "some iterations")
            os.kill(tasks[0], signal.SIGKILL)
            summary = cluster.wait_for_state(job, "succeeded")
            self.assertEqual(summary["restarts"], 1)
            self.assertEqual(summary["samples"], golden["samples"])
            self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    @needs_digits
    def test_row_4_a_killed_server_costs_a_rollback_and_not_a_bit(self):
        job_file = digits(self.folder)
        golden = local_run(job_file)
        for comes_back in (False, True):
            with self.subTest(comes_back=comes_back), \
                    Cluster(servers=2, workers=2, worker_flags=late_pushes()) as cluster:
                job = cluster.submit(job_file)
                tasks = cluster.task_pids(job)
                wait_for(lambda: progress(cluster, job) > 20, 30, "some iterations")
                cluster.servers[1].kill()
                if comes_back:
                    cluster.restart_server(1)
                summary = cluster.wait_for_state(job, "succeeded")
                self.assertEqual(summary["rollbacks"], 1)
                self.assertEqual(summary["restarts"], 0)
                self.assertEqual(summary["samples"], golden["samples"])
                self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])
                self.assertEqual(cluster.task_pids(job), tasks)

    def test_row_4_every_push_counts_once_after_a_rollback(self):
        for policy in ("ssp", "asp"):
            with self.subTest(policy), \
                    Cluster(servers=2, workers=2, worker_flags=late_pushes()) as cluster:
                job = cluster.submit(counting(self.folder, policy, 3000, policy, workers=2))
                wait_for(lambda: progress(cluster, job) > 50, 30, "some iterations")
                cluster.servers[cluster.holder(job)].kill()
                summary = cluster.wait_for_state(job, "succeeded")
                self.assertEqual(summary["rollbacks"], 1)
                self.assertEqual(summary["iterations"], 6000)
                self.assertEqual(summary["parameters_sha256"], self.golden(3000))

    @needs_digits
    def test_row_5_a_power_cut_of_the_whole_cluster(self):
        job_file = digits(self.folder)
        golden = local_run(job_file)
        with Cluster(servers=2, workers=2, worker_flags=late_pushes()) as cluster:
            job = cluster.submit(job_file)
            cluster.task_pids(job)
            wait_for(lambda: progress(cluster, job) > 20, 30, "some iterations")
            for daemon in (cluster.scheduler, *cluster.servers, *cluster.workers):
                daemon.kill()
            cluster.restart_scheduler()
            for i in range(2):
                cluster.restart_server(i)
                cluster.restart_worker(i)
            summary = cluster.wait_for_state(job, "succeeded")
            self.assertEqual(summary["samples"], golden["samples"])
            self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    def test_row_1_a_killed_worker_daemon_loses_its_rank_to_a_spare(self):
        with Cluster(servers=1, workers=2) as cluster:
            job = cluster.submit(counting(self.folder, "spare", 10**9, workers=1, servers=1))
            cluster.task_pids(job)
            rank = cluster.job(job)["ranks"][0]
            old = rank["worker_address"]
            next(w for w in cluster.workers if w.address() == old).kill()
            self.wait_for_restarts(cluster, job, 1)
            moved = wait_for(lambda: cluster.job(job)["ranks"][0].get("worker_address"), 30,
                             "the rank's new worker")
            self.assertNotEqual(moved, old)
            at = progress(cluster, job)
            wait_for(lambda: progress(cluster, job) > at, 30, "the rank to go on")

    def test_row_2_a_zombie_is_refused_and_exits(self):
        with Cluster(servers=1, workers=2) as cluster:
            # It spends its time in steps, so that it wakes up before a push.
            job = cluster.submit(write_job(self.folder, """
name: zombie
model: {kind: counting, rows: 64, dim: 4}
train: {iterations: 200, emulated_step_ms: 100}
consistency: {policy: asp}
resources: {workers: 1, servers: 1, device: emulated}
"""))
            task = cluster.task_pids(job)[0]
            wait_for(lambda: progress(cluster, job) > 5, 30, "some iterations")
            address = cluster.job(job)["ranks"][0]["worker_address"]
            owner = next(w for w in cluster.workers if w.address() == address)
            os.kill(owner.pid, signal.SIGSTOP)
            os.kill(task, signal.SIGSTOP)
            try:
                self.wait_for_restarts(cluster, job, 1)
                cluster.task_pids(job)
                at = progress(cluster, job)
                wait_for(lambda: progress(cluster, job) > at, 30, "the rank to be played on")
                # Its server tells it, before the scheduler can.
                os.kill(cluster.scheduler.pid, signal.SIGSTOP)
                os.kill(task, signal.SIGCONT)
                # By itself: its worker still stands still, and has not seen it end either.
                wait_for(lambda: not alive(task), 60, "the zombie to exit")
                self.assertEqual(exit_code(task), 75)
            finally:
                os.kill(cluster.scheduler.pid, signal.SIGCONT)
                os.kill(owner.pid, signal.SIGCONT)
            log = "".join(path.read_text() for path in
                          (cluster.folder / owner.name).rglob("*.log"))
            self.assertRegex(log, "task ends.*incarnation")
            wait_for(lambda: cluster.summary(job)["pushes_refused"] > 0, 60,
                     "the refused push to be reported")
            summary = cluster.wait_for_state(job, "succeeded")
            self.assertEqual(summary["iterations"], 200)
            self.assertEqual(summary["restarts"], 1)

    def test_row_2_a_stopped_task_loses_its_rank_while_its_worker_lives(self):
        with Cluster(servers=1, workers=2) as cluster:
            job = cluster.submit(counting(self.folder, "hung", 10**9, workers=1, servers=1))
            task = cluster.task_pids(job)[0]
            wait_for(lambda: progress(cluster, job) > 50, 30, "some iterations")
            os.kill(task, signal.SIGSTOP)
            self.wait_for_restarts(cluster, job, 1)
            self.assertIn("hangs", cluster.job(job)["ranks"][0]["last_exit"]["cause"])
            wait_for(lambda: not alive(task), 60, "the stopped task to be killed")

    def test_a_task_that_always_dies_fails_the_job_with_its_cause(self):
        job_file = write_job(self.folder, """
name: slow
model: {kind: layers, layer_sizes: [1000]}
train: {global_batch: 1, iterations: 10, emulated_step_ms: 60000}
resources: {workers: 1, servers: 1, device: emulated}
""")
        with Cluster(servers=1, workers=1) as cluster:
            job = cluster.submit(job_file)
            cluster.wait_for_state(job, "running")
            killed = set()
            for _ in range(3):
                def next_task():
                    pid = int(cluster.job(job)["ranks"][0].get("pid", 0))
                    return pid if pid and pid not in killed and alive(pid) else None
                task = wait_for(next_task, 30, "a task that lives")
                killed.add(task)
                os.kill(task, signal.SIGKILL)
            summary = cluster.wait_for_state(job, "failed")
            self.assertIn("SIGKILL", summary["reason"])
            self.assertIn("3 times at iteration 0", summary["reason"])
            again = cluster.submit(counting(self.folder, "next", 10, servers=1))
            cluster.wait_for_state(again, "succeeded")


if __name__ == "__main__":
    unittest.main()
