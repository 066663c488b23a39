"""What operators do to a cluster that works: drain, delete, preempt, limit, audit."""

import json
import pathlib
import tempfile
import time
import unittest

from cluster import Cluster, local_run, needs_digits, wait_for
from processes import counting, digits


class Operations(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def node(self, cluster, address):
        return next(node for node in cluster.nodes() if node["address"] == address)

    def workers_of(self, cluster, job):
        return {rank["worker_address"] for rank in cluster.job(job)["ranks"]}

    def running(self, cluster, job_file):
        job = cluster.submit(job_file)
        wait_for(lambda: cluster.summary(job)["iterations"] > 50, 60, "some iterations")
        return job

    @needs_digits
    def test_draining_a_worker_and_a_server_leaves_the_bytes_as_they_are(self):
        job_file = digits(self.folder, epochs=150, checkpoint="every_iterations: 200, keep: 2")
        golden = local_run(job_file)
        with Cluster(servers=2, workers=3) as cluster:
            job = self.running(cluster, job_file)
            worker = min(self.workers_of(cluster, job))
            cluster.pacectl("drain", worker, "--reason", "new fans", "--wait", "--timeout", "60",
                            check=True)
            self.assertIn(" is drained (new fans)\n", cluster.pacectl("cluster", check=True).stdout)
            self.assertNotIn(worker, self.workers_of(cluster, job))
            self.assertEqual(cluster.summary(job)["rollbacks"], 0)
            server = cluster.servers[cluster.holder(job)].address()
            # By its number this time.
            cluster.pacectl("drain", self.node(cluster, server)["node_id"], "--wait", "--timeout",
                            "60", check=True)
            self.assertEqual([place["address"] for place in cluster.job(job)["placement"]
                              if place["address"] == server], [])
            # Drained they stay, also for a scheduler and a process that come back.
            cluster.scheduler.kill()
            cluster.restart_scheduler()
            index = next(i for i, one in enumerate(cluster.workers) if one.address() == worker)
            self.assertEqual(cluster.workers[index].stop(), 0)
            cluster.restart_worker(index)
            wait_for(lambda: self.node(cluster, worker).get("live"), 30, "the worker to come back")
            self.assertTrue(self.node(cluster, worker)["drain_requested"])
            self.assertEqual(self.node(cluster, worker)["drain_reason"], "new fans")
            summary = cluster.wait_for_state(job, "succeeded")
            self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])
            for rank in cluster.job(job)["ranks"]:
                self.assertNotEqual(rank["worker_address"], worker)
            cluster.pacectl("drain", worker, "--undo", check=True)
            self.assertFalse(self.node(cluster, worker)["drain_requested"])

    def test_a_worker_that_is_asked_to_stop_gives_its_rank_away_and_ends(self):
        with Cluster(servers=1, workers=2, worker_flags=("--drain-seconds", 60)) as cluster:
            job = self.running(cluster, counting(self.folder, "long", 10**7, "bsp", workers=1,
                                                 servers=1))
            before = self.workers_of(cluster, job)
            leaving = next(one for one in cluster.workers if one.address() in before)
            began = time.monotonic()
            self.assertEqual(leaving.stop(50), 0)
            # Long before its time is over: nothing was left to wait for.
            self.assertLess(time.monotonic() - began, 30)
            self.assertNotEqual(self.workers_of(cluster, job), before)
            events = [event["kind"] for event in cluster.job(job)["events"]]
            self.assertIn("RANK_MOVED", events)
            self.assertNotIn("TASK_EXITED", events)
            self.assertEqual(cluster.summary(job)["rollbacks"], 0)

    def test_a_notice_of_preemption_is_a_sigterm(self):
        notice = self.folder / "preempted"
        with Cluster(servers=1, workers=2,
                     worker_flags=("--drain-seconds", 60, "--preemption-file", notice)) as cluster:
            job = self.running(cluster, counting(self.folder, "long", 10**7, "bsp", workers=1,
                                                 servers=1))
            cluster.pacectl("cancel", job, check=True)
            notice.write_text("")
            for worker in cluster.workers:
                self.assertEqual(worker.process.wait(50), 0)

    def test_delete_removes_cuts_and_logs(self):
        with Cluster(servers=2, workers=1) as cluster:
            gone = cluster.submit(counting(self.folder, "gone", 50, "bsp"))
            stays = cluster.submit(counting(self.folder, "stays", 50, "bsp"))
            long = cluster.submit(counting(self.folder, "long", 10**7, "bsp"))
            for job in (gone, stays):
                cluster.wait_for_state(job, "succeeded")
            cuts = pathlib.Path(cluster.job(gone)["checkpoint_dir"])
            logs = cluster.folder / "worker0" / "tasks"
            self.assertTrue(any(cuts.iterdir()))
            self.assertTrue((logs / f"job-{gone}").is_dir())
            refused = cluster.pacectl("delete", long)
            self.assertEqual(refused.returncode, 2)
            self.assertIn("cancel it first", refused.stderr)
            cluster.pacectl("delete", gone, check=True)
            self.assertFalse(cuts.exists())
            self.assertNotEqual(cluster.pacectl("describe", gone).returncode, 0)
            wait_for(lambda: not (logs / f"job-{gone}").exists(), 30, "the logs to go")
            self.assertTrue((logs / f"job-{stays}").is_dir())
            self.assertTrue(pathlib.Path(cluster.job(stays)["checkpoint_dir"]).is_dir())
            # The journal knows, too.
            cluster.scheduler.kill()
            cluster.restart_scheduler()
            self.assertNotEqual(cluster.pacectl("describe", gone).returncode, 0)
            self.assertEqual(cluster.summary(stays)["state"], "succeeded")
            lines = [json.loads(line) for line in
                     (cluster.folder / "scheduler" / "audit.log").read_text().splitlines()]
            deletes = [(line["target"], line["code"]) for line in lines
                       if line["method"] == "DeleteJob"]
            self.assertEqual(deletes, [(f"job {long}", "FAILED_PRECONDITION"),
                                       (f"job {gone}", "OK")])
            self.assertEqual([line["target"] for line in lines if line["method"] == "SubmitJob"],
                             [f"job {job}" for job in (gone, stays, long)])
            self.assertEqual({line["role"] for line in lines}, {"admin"})
            self.assertIn("127.0.0.1", lines[0]["peer"])

    def test_retention_keeps_as_many_jobs_as_it_is_told(self):
        with Cluster(servers=1, workers=1, scheduler_flags=("--keep-ended-jobs", 2)) as cluster:
            jobs = [cluster.submit(counting(self.folder, f"j{i}", 5, "bsp", servers=1))
                    for i in range(4)]
            cluster.wait_for_state(jobs[-1], "succeeded")

            def left():
                listed = json.loads(cluster.pacectl("list", "-o", "json", check=True).stdout)
                return [job["job_id"] for job in listed["jobs"]] == jobs[2:]
            wait_for(left, 30, "the oldest jobs to go")
            cuts = pathlib.Path(cluster.job(jobs[2])["checkpoint_dir"]).parent
            wait_for(lambda: sorted(path.name for path in cuts.iterdir()) ==
                     [str(job) for job in jobs[2:]], 30, "their cuts to go")

    def test_limits_hold_and_are_read_again(self):
        limits = self.folder / "limits.yaml"
        limits.write_text("defaults: {max_job_ranks: 1}\n")
        with Cluster(servers=1, workers=2, scheduler_flags=("--limits", limits)) as cluster:
            wide = counting(self.folder, "wide", 5, "bsp", workers=2, servers=1)
            refused = cluster.pacectl("submit", wide)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn(f"max_job_ranks of jobs without an owner is 1 ({limits})", refused.stderr)
            limits.write_text("defaults: {max_job_ranks: 2}\n")
            wait_for(lambda: cluster.pacectl("submit", wide).returncode == 0, 30, "the new limits")


if __name__ == "__main__":
    unittest.main()
