"""A job that fails says at once which rank failed first, where, why, and what its log said last."""

import os
import pathlib
import signal
import tempfile
import unittest

from cluster import Cluster, pacectl, wait_for, write_job


class FirstFailure(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def test_a_task_that_finds_bad_data(self):
        (self.folder / "bad.csv").write_text("1,2,0\n" * 20 + "1,two,0\n")
        job_file = write_job(self.folder, f"""
name: bad
model: {{kind: softmax}}
data: {{classes: 2, train: {{path: {self.folder}/bad.csv, format: csv}}}}
train: {{global_batch: 4, epochs: 1}}
resources: {{workers: 2, servers: 1}}
""")
        done = pacectl("local", "run", job_file, "--servers", 1, "--workers", 2)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"first failure: rank \d on .* at iteration 0: "
                         r"(exit code 1|.*bad\.csv)")
        self.assertRegex(done.stderr, r"(?m)^    \| .*task ends.*bad\.csv")

    def test_a_rank_whose_tasks_are_killed(self):
        job_file = write_job(self.folder, """
name: killed
model: {kind: counting, rows: 64, dim: 4}
train: {iterations: 10000, emulated_step_ms: 60000}
consistency: {policy: asp}
resources: {workers: 2, servers: 1, device: emulated}
""")
        with Cluster(servers=1, workers=3) as cluster:
            job = cluster.submit(job_file)
            cluster.wait_for_state(job, "running")
            killed = set()
            while cluster.summary(job)["state"] == "running":
                def next_task():
                    rank = cluster.job(job)["ranks"][1]
                    pid = int(rank.get("pid", 0))
                    ended = cluster.summary(job)["state"] != "running"
                    return ended or (pid if pid not in killed | {0} else None)
                pid = wait_for(next_task, 60, "the rank's next task")
                if pid is True:
                    break
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            self.assertEqual(len(killed), 3)
            watched = cluster.pacectl("watch", job)
            self.assertEqual(watched.returncode, 1)
            self.assertRegex(watched.stderr,
                             r"first failure: rank 1 on .* at iteration 0: killed by SIGKILL")
            self.assertRegex(watched.stderr, r"(?m)^    \| ")
            self.assertIn(f"and 2 later failures: pacectl describe {job}\n", watched.stderr)
            first = cluster.job(job)["first_failure"]
            self.assertEqual(first["rank"], 1)
            # It is still told after a restart.
            cluster.scheduler.kill()
            cluster.restart_scheduler()
            self.assertEqual(cluster.job(job)["first_failure"], first)


if __name__ == "__main__":
    unittest.main()
