"""The scheduler dies, stays away, is started twice, or meets a straggler: training goes on and no
job is lost."""

import json
import os
import pathlib
import shutil
import signal
import tempfile
import threading
import time
import unittest
import urllib.request

from cluster import NO_ANSWER, NO_SCHEDULER, Cluster, Daemon, wait_for
from processes import alive, counting
from tcp_proxy import TcpProxy

# How long the scheduler stays away: the whole minute in the long form.
AWAY_SECONDS = 60 if os.environ.get("PACELINE_FULL") else 3


def applied(cluster, job):
    """Iterations of all ranks that the servers have applied, by their own word."""
    total = 0
    for server in cluster.servers:
        with urllib.request.urlopen(f"http://{server.http_address()}/status", timeout=10) as reply:
            status = json.load(reply)
        total += sum(int(value) for held in status.get("jobs", [])
                     if int(held["job_id"]) == int(job) for value in held.get("progress", []))
    return total


class SchedulerFaults(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def test_row_6_training_goes_on_while_the_scheduler_is_away(self):
        with Cluster(servers=2, workers=2) as cluster:
            jobs = [cluster.submit(counting(self.folder, policy, 10**9, policy, workers=1))
                    for policy in ("bsp", "asp")]
            for job in jobs:
                cluster.wait_for_state(job, "running")
            pids = [cluster.task_pids(job) for job in jobs]
            cluster.scheduler.kill()
            ends = time.monotonic() + AWAY_SECONDS
            while time.monotonic() < ends:
                for job in jobs:
                    before = applied(cluster, job)
                    wait_for(lambda: applied(cluster, job) > before, 60, f"job {job} to go on")
            refused = cluster.pacectl("list")
            self.assertEqual(refused.returncode, 3)
            self.assertIn("no scheduler at", refused.stderr)
            cluster.restart_scheduler()
            for job, tasks in zip(jobs, pids):
                # Heard again within an interval or two, none of them started anew.
                self.assertEqual(cluster.task_pids(job), tasks)
                summary = cluster.summary(job)
                self.assertEqual((summary["restarts"], summary["rollbacks"]), (0, 0))
                cluster.pacectl("cancel", job, check=True)

    def test_row_6_a_scheduler_killed_amid_submissions_loses_no_job_and_starts_none_twice(self):
        requests, kills = 40, 3
        with Cluster(servers=1, workers=1, heartbeat_ms=1000) as cluster:
            trains = cluster.submit(counting(self.folder, "trains", 10**9, servers=1))
            cluster.wait_for_state(trains, "running")
            tasks = cluster.task_pids(trains)
            before = applied(cluster, trains)
            waits = counting(self.folder, "waits", 10, workers=9, servers=1)
            accepted, errors = {}, []

            def submit_all():
                for request in range(requests):
                    while True:
                        done = cluster.pacectl("submit", waits, "-o", "json",
                                               "--request-id", f"request-{request}")
                        if done.returncode == 0:
                            accepted[request] = int(json.loads(done.stdout)["job_id"])
                            break
                        if done.returncode not in (NO_SCHEDULER, NO_ANSWER):
                            errors.append(done.stderr)
                            return

            submitter = threading.Thread(target=submit_all)
            submitter.start()
            for kill in range(1, kills + 1):
                wait_for(lambda: len(accepted) >= kill * requests // (kills + 1), 60, "accepted")
                cluster.scheduler.kill()
                cluster.restart_scheduler()
            submitter.join(120)
            self.assertEqual(errors, [])
            self.assertEqual(len(accepted), requests)
            # A retry of each gets the first answer.
            for request in (0, requests // 2, requests - 1):
                again = cluster.submit(waits, "--request-id", f"request-{request}")
                self.assertEqual(int(again), accepted[request])
            listed = json.loads(cluster.pacectl("list", "-o", "json", check=True).stdout)["jobs"]
            ids = sorted(int(job["job_id"]) for job in listed)
            self.assertEqual(ids, sorted([int(trains), *accepted.values()]))
            self.assertEqual(cluster.task_pids(trains), tasks)
            self.assertTrue(alive(tasks[0]))
            self.assertGreater(applied(cluster, trains), before)
            self.assertEqual(cluster.summary(trains)["restarts"], 0)

    def test_row_3_a_task_that_pauses_for_less_than_four_heartbeats_keeps_its_rank(self):
        with Cluster(servers=2, workers=2, heartbeat_ms=1000) as cluster:
            job = cluster.submit(counting(self.folder, "straggles", 10**9, workers=2))
            cluster.wait_for_state(job, "running")
            tasks = cluster.task_pids(job)
            for _ in range(3):
                before = applied(cluster, job)
                os.kill(tasks[1], signal.SIGSTOP)
                time.sleep(2)
                # Under ASP nobody waits for it.
                self.assertGreater(applied(cluster, job), before)
                os.kill(tasks[1], signal.SIGCONT)
                time.sleep(1)
            self.assertEqual(cluster.task_pids(job), tasks)
            self.assertEqual(cluster.summary(job)["restarts"], 0)

    def test_row_7_a_second_scheduler_on_an_old_copy_is_fenced_and_the_first_goes_on(self):
        with Cluster(servers=0, workers=0, heartbeat_ms=1000) as cluster, \
                TcpProxy(cluster.address) as proxy:
            # All nodes dial an address that can be pointed to another scheduler.
            for i in range(2):
                cluster.servers.append(Daemon(cluster.folder, f"server{i}", "server",
                                              "--scheduler", proxy.address()))
                cluster.workers.append(Daemon(cluster.folder, f"worker{i}", "worker",
                                              "--scheduler", proxy.address()))
            wait_for(lambda: len(cluster.nodes()) == 4, 30, "the nodes to register")
            copy = cluster.folder / "copy"
            shutil.copytree(cluster.folder / "scheduler", copy)
            job = cluster.submit(counting(self.folder, "long", 10**9, workers=2))
            cluster.wait_for_state(job, "running")
            tasks = cluster.task_pids(job)

            second = Daemon(cluster.folder, "copy", "scheduler", *cluster.scheduler_flags)
            proxy.point_to(second.address())
            self.assertNotEqual(second.process.wait(30), 0)
            proxy.point_to(cluster.address)
            log = second.log.read_text()
            self.assertIn("is not the one that the ", log)
            self.assertIn("generation 1,", log)
            self.assertIn("generation 2,", log)

            before = applied(cluster, job)
            wait_for(lambda: applied(cluster, job) > before, 30, "the job to go on")
            wait_for(lambda: all(node.get("live") for node in cluster.nodes()), 30, "live nodes")
            self.assertEqual(cluster.task_pids(job), tasks)
            summary = cluster.summary(job)
            self.assertEqual(summary["state"], "running")
            self.assertEqual((summary["restarts"], summary["rollbacks"]), (0, 0))


if __name__ == "__main__":
    unittest.main()
