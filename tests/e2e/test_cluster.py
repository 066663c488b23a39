"""A standing cluster of real processes: any start order, several jobs, cancel, restart, SIGTERM."""

import os
import pathlib
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from cluster import Cluster, Daemon, wait_for
from processes import alive, counting, late_pushes

# Five times the two seconds that a job's tasks and tables get: these are real processes.
FREED_SECONDS = 10


class StandingCluster(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def test_four_jobs_at_once_all_succeed(self):
        with Cluster(servers=2, workers=4) as cluster:
            jobs = [cluster.submit(counting(self.folder, f"count-{i}", 200, policy))
                    for i, policy in enumerate(("bsp", "ssp", "asp", "asp"))]
            for job in jobs:
                summary = cluster.wait_for_state(job, "succeeded")
                self.assertEqual(summary["iterations"], 200)
            self.assertEqual(len({cluster.summary(job)["parameters_sha256"] for job in jobs}), 1)

    def test_cancel_frees_memory_and_leaves_the_others_alone(self):
        with Cluster(servers=2, workers=2) as cluster:
            # 2^20 rows of 4 float32 are 16 MiB: seen in the servers' table bytes.
            big = cluster.submit(counting(self.folder, "big", 10**9, rows=2**20))
            small = cluster.submit(counting(self.folder, "small", 10**9))
            cluster.wait_for_state(big, "running")
            cluster.wait_for_state(small, "running")

            def table_bytes():
                return sum(int(node["table_bytes"]) for node in cluster.nodes())
            wait_for(lambda: table_bytes() >= 2**24, 30, "the big table to be served")
            task, small_task = cluster.task_pids(big)[0], cluster.task_pids(small)[0]

            cluster.pacectl("cancel", big, check=True)
            self.assertEqual(cluster.wait_for_state(big, "cancelled")["state"], "cancelled")
            wait_for(lambda: not alive(task), FREED_SECONDS, "the cancelled task to exit")
            wait_for(lambda: table_bytes() < 2**20, FREED_SECONDS, "the big table to be freed")
            self.assertTrue(alive(small_task))
            before = cluster.summary(small)["iterations"]
            wait_for(lambda: cluster.summary(small)["iterations"] > before, 30,
                     "the other job to go on")
            cluster.pacectl("cancel", small, check=True)

    def test_row_34_a_job_without_resources_waits_with_a_reason_and_starts_when_they_come(self):
        with Cluster(servers=1, workers=1) as cluster:
            wait_for(lambda: len(cluster.nodes()) == 2, 30, "both nodes to register")
            job = cluster.submit(counting(self.folder, "wide", 50, workers=3, servers=1))
            summary = wait_for(
                lambda: (s := cluster.summary(job))["reason"] and s, FREED_SECONDS, "a reason")
            self.assertEqual(summary["state"], "pending")
            self.assertIn("3", summary["reason"])
            self.assertIn("1", summary["reason"])
            late = Daemon(cluster.folder, "late", "worker", "--scheduler", cluster.address,
                          "--slots", 2)
            cluster.workers.append(late)
            self.assertEqual(cluster.wait_for_state(job, "succeeded")["iterations"], 150)

    def test_daemons_start_in_any_order(self):
        with Cluster(servers=0, workers=0) as cluster:
            cluster.scheduler.stop()
            cluster.workers.append(
                Daemon(cluster.folder, "early-worker", "worker", "--scheduler", cluster.address))
            cluster.servers.append(
                Daemon(cluster.folder, "early-server", "server", "--scheduler", cluster.address))
            cluster.workers[0].address()
            cluster.servers[0].address()
            cluster.restart_scheduler()
            job = cluster.submit(counting(self.folder, "late-scheduler", 20, servers=1))
            cluster.wait_for_state(job, "succeeded")

    def test_row_6_training_goes_on_while_the_scheduler_is_down(self):
        with Cluster(servers=2, workers=2, worker_flags=late_pushes(5)) as cluster:
            job = cluster.submit(counting(self.folder, "long", 1000, "bsp", workers=2))
            cluster.wait_for_state(job, "running")
            pids = cluster.task_pids(job)
            cluster.scheduler.kill()
            time.sleep(1)
            for pid in pids:
                self.assertTrue(alive(pid))
            cluster.restart_scheduler()
            summary = cluster.wait_for_state(job, "succeeded")
            self.assertEqual(summary["iterations"], 2000)
            self.assertEqual(summary["restarts"], 0)

    def test_submit_with_the_same_request_id_starts_one_job(self):
        with Cluster(servers=1, workers=1) as cluster:
            job = counting(self.folder, "once", 10, servers=1)
            ids = {cluster.submit(job, "--request-id", "the-same") for _ in range(3)}
            self.assertEqual(len(ids), 1)

    def test_sigterm_ends_every_daemon_with_code_0_and_leaves_no_task(self):
        with Cluster(servers=1, workers=1) as cluster:
            job = cluster.submit(counting(self.folder, "running", 10**9, servers=1))
            cluster.wait_for_state(job, "running")
            task = cluster.task_pids(job)[0]
            for daemon in [*cluster.workers, *cluster.servers, cluster.scheduler]:
                self.assertEqual(daemon.stop(), 0, daemon.log.read_text()[-2000:])
            wait_for(lambda: not alive(task), FREED_SECONDS, "the task to exit")

    def test_servers_and_tasks_have_no_threads_of_grpc_that_poll(self):
        """Each of them would be woken by every message of the data plane."""
        def pollers(pid):
            names = [task.joinpath("comm").read_text().strip()
                     for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
            return [name for name in names if name in ("nexting_thread", "grpcpp_sync_ser")]
        with Cluster(servers=1, workers=1) as cluster:
            job = cluster.submit(counting(self.folder, "running", 10**9, servers=1))
            cluster.wait_for_state(job, "running")
            self.assertEqual(pollers(cluster.servers[0].pid), [])
            task = cluster.task_pids(job)[0]
            self.assertEqual(pollers(task), [])
            # The names are still those that gRPC gives.
            self.assertEqual(set(pollers(cluster.scheduler.pid)), {"nexting_thread", "grpcpp_sync_ser"})

    def test_http_status(self):
        with Cluster(servers=1, workers=1) as cluster:
            wait_for(lambda: len(cluster.nodes()) == 2, 30, "both nodes to register")

            def code(daemon, path):
                url = f"http://{daemon.http_address()}/{path}"
                try:
                    with urllib.request.urlopen(url, timeout=10) as reply:
                        return reply.status
                except urllib.error.HTTPError as error:
                    return error.code
            for daemon in (cluster.scheduler, *cluster.servers, *cluster.workers):
                # A node is ready once the scheduler has answered it, which comes
                # after the scheduler lists it.
                wait_for(lambda: code(daemon, "readyz") == 200, 30, f"{daemon.name} to be ready")
                for path in ("healthz", "metrics", "status"):
                    with self.subTest(daemon=daemon.name, path=path):
                        self.assertEqual(code(daemon, path), 200)


if __name__ == "__main__":
    unittest.main()
