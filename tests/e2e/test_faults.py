"""Faults on purpose, in real processes: --test-faults."""

import pathlib
import subprocess
import tempfile
import unittest

from cluster import BIN, Cluster, wait_for, write_job
from cut import Cut

RANKS, ITERATIONS = 2, 200

CALLS = ("rpc.*=lose_request:30+lose_reply:30+duplicate:100+delay(3ms):100,"
         "rpc.Heartbeat=lose_request:10+lose_reply:10+duplicate:100,seed=7")


class Faults(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def counting(self, policy="bsp"):
        """A counting job whose cuts are read by check_exact."""
        return write_job(self.folder, f"""
name: counting
model: {{kind: counting, rows: 64, dim: 3}}
train: {{iterations: {ITERATIONS}}}
consistency: {{policy: {policy}}}
resources: {{workers: {RANKS}, servers: 2}}
checkpoint: {{dir: {self.folder}/cuts-{policy}}}
""", f"{policy}.yaml")

    def check_exact(self, summary, policy="bsp"):
        cut = Cut(f"{self.folder}/cuts-{policy}")
        (table,) = cut.dense.values()
        self.assertEqual(table[0].tolist(), [RANKS * ITERATIONS] * 3)
        self.assertEqual(summary["iterations"], RANKS * ITERATIONS)

    def test_rows_14_15_lost_and_repeated_calls_count_once(self):
        for policy in ("bsp", "ssp", "asp"):
            with self.subTest(policy), \
                    Cluster(servers=2, workers=RANKS,
                            worker_flags=("--test-faults", CALLS)) as cluster:
                job = cluster.submit(self.counting(policy))
                summary = cluster.wait_for_state(job, "succeeded")
                self.check_exact(summary, policy)
                self.assertGreater(summary["duplicates_dropped"], 0)
                self.assertIn("FAULTS ARE INJECTED", cluster.workers[0].log.read_text())

    def test_row_4_servers_die_between_applying_a_push_and_its_reply(self):
        with Cluster(servers=2, workers=RANKS,
                     server_flags=("--test-faults", "server.push.reply=kill@100")) as cluster:
            for server in cluster.servers:
                server.ports()
            job = cluster.submit(self.counting())

            def ended():
                for index, server in enumerate(cluster.servers):
                    if server.process.poll() is not None:
                        self.assertEqual(server.process.returncode, -9)
                        cluster.restart_server(index)
                return cluster.summary(job)["state"] == "succeeded"
            wait_for(ended, 120, f"job {job} to succeed")
            summary = cluster.summary(job)
            self.check_exact(summary)
            self.assertGreater(summary["rollbacks"], 0)

    def test_row_1_a_task_that_dies_at_every_120th_acknowledged_push(self):
        faults = "task.push.answered=kill@120"
        with Cluster(servers=2, workers=RANKS,
                     worker_flags=("--test-faults", faults)) as cluster:
            job = cluster.submit(self.counting("asp"))
            summary = cluster.wait_for_state(job, "succeeded")
            self.check_exact(summary, "asp")
            self.assertGreater(summary["restarts"], 0)

    def test_row_6_a_scheduler_that_dies_before_it_answers_has_the_job_once(self):
        with Cluster(servers=2, workers=RANKS,
                     scheduler_flags=("--test-faults", "scheduler.submit.reply=kill")) as cluster:
            lost = cluster.pacectl("submit", self.counting())
            self.assertNotEqual(lost.returncode, 0)
            self.assertEqual(cluster.scheduler.process.wait(30), -9)
            cluster.scheduler_flags = cluster.scheduler_flags[:-2]
            cluster.restart_scheduler()
            summary = cluster.wait_for_state(1, "succeeded")
            self.check_exact(summary)
            self.assertNotEqual(cluster.pacectl("status", 2).returncode, 0)

    def test_an_unknown_failpoint_is_a_usage_error_that_names_the_nearest(self):
        done = subprocess.run([BIN / "paceline-server", "--test-faults=server.push.replay=kill"],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 2)
        self.assertIn("did you mean server.push.reply?", done.stderr)


if __name__ == "__main__":
    unittest.main()
