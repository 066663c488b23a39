"""Weights and gradients that pass between processes of one host through memory."""

import os
import pathlib
import signal
import tempfile
import unittest
import urllib.request

from cluster import DIGITS, Cluster, needs_digits, wait_for, write_job


def shared_bytes(cluster):
    """Payload bytes of all servers, and those of them that went through memory."""
    names = ("paceline_rpc_received_bytes_total", "paceline_rpc_sent_bytes_total",
             "paceline_server_shared_memory_bytes_total")
    totals = dict.fromkeys(names, 0.0)
    for server in cluster.servers:
        with urllib.request.urlopen(f"http://{server.http_address()}/metrics", timeout=30) as page:
            for line in page.read().decode().splitlines():
                name = line.split()[0].split("{")[0]
                if name in totals:
                    totals[name] += float(line.split()[1])
    received, sent, shared = totals.values()
    return received + sent, shared


@needs_digits
class SharedMemory(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def job_file(self, iterations):
        return write_job(self.folder, f"""
name: shared
model: {{kind: mlp, hidden: [512, 256]}}
data: {{scale: 0.0625, train: {{path: {DIGITS}, format: csv}}}}
train: {{iterations: {iterations}, global_batch: 32, optimizer: {{kind: adam, learning_rate: 0.001}}}}
consistency: {{policy: bsp}}
resources: {{workers: 2, servers: 2}}
""")

    def run_job(self, iterations=60, **flags):
        with Cluster(servers=2, workers=2, **flags) as cluster:
            summary = cluster.wait_for_state(cluster.submit(self.job_file(iterations)), "succeeded")
            return summary["parameters_sha256"], *shared_bytes(cluster)

    def test_the_result_is_the_same_with_and_without(self):
        golden, all_bytes, shared = self.run_job()
        self.assertGreater(shared / all_bytes, 0.95)
        off = ("--shared-memory", "off")
        for side in ("server_flags", "worker_flags"):
            with self.subTest(side):
                digest, all_bytes, shared = self.run_job(**{side: off})
                self.assertEqual(digest, golden)
                self.assertGreater(all_bytes, 0)
                self.assertEqual(shared, 0)

    def test_a_killed_task_or_server_leaves_the_others_well(self):
        # Long enough to be in the middle of it when a process is killed.
        iterations = 1500
        golden, _, _ = self.run_job(iterations)
        for victim in ("task", "server"):
            with self.subTest(victim), Cluster(servers=2, workers=2) as cluster:
                job = cluster.submit(self.job_file(iterations))
                wait_for(lambda: cluster.summary(job)["iterations"] > 10, 60, "some iterations")
                if victim == "task":
                    os.kill(cluster.task_pids(job)[1], signal.SIGKILL)
                else:
                    cluster.servers[1].kill()
                    cluster.restart_server(1)
                summary = cluster.wait_for_state(job, "succeeded")
                self.assertEqual(summary["restarts" if victim == "task" else "rollbacks"], 1)
                self.assertEqual(summary["parameters_sha256"], golden)
                all_bytes, shared = shared_bytes(cluster)
                self.assertGreater(shared / all_bytes, 0.9)


if __name__ == "__main__":
    unittest.main()
