"""pacectl bench against a real cluster: what it prints, and that it leaves nothing behind."""

import json
import signal
import subprocess
import unittest

from cluster import BIN, Cluster, wait_for


class Bench(unittest.TestCase):
    @staticmethod
    def jobs(cluster):
        return json.loads(cluster.pacectl("list", "-o", "json", check=True).stdout)["jobs"]

    @staticmethod
    def wait_for_nodes(cluster, count):
        wait_for(lambda: sum(bool(node.get("live")) for node in cluster.nodes()) == count, 30,
                 "all nodes")

    def check_nothing_is_left(self, cluster, jobs):
        listed = self.jobs(cluster)
        self.assertEqual([job["state"] for job in listed], ["JOB_STATE_CANCELLED"] * jobs)
        wait_for(lambda: all(int(node.get("slots_used", 0)) == 0
                             and int(node.get("table_bytes", 0)) == 0
                             for node in cluster.nodes()), 20, "slots and tables to be free")
        for job in listed:
            self.assertEqual(job.get("cuts", []), [])

    def test_rates_of_every_policy_and_size(self):
        with Cluster(servers=2, workers=2) as cluster:
            self.wait_for_nodes(cluster, 4)
            done = cluster.pacectl("bench", "--size", "256KiB,2MiB", "--seconds", 4,
                                   "-o", "json", check=True, timeout=300)
            found = json.loads(done.stdout)
            self.assertEqual((found["ranks"], found["servers"], found["device"]),
                             (2, 2, "emulated"))
            self.assertEqual([(row["size_bytes"] >> 10, row["policy"]) for row in found["results"]],
                             [(size, policy) for size in (256, 2048)
                              for policy in ("bsp", "ssp", "asp")])
            for row in found["results"]:
                with self.subTest(row):
                    step = 2 * row["size_bytes"] * row["steps_per_second"]
                    pushed, pulled = (row[f"{way}_bytes_per_second"] / step
                                      for way in ("pushed", "pulled"))
                    self.assertAlmostEqual(pushed, 1, delta=0.35)
                    if row["policy"] == "ssp":
                        # Ranks read copies while these are fresh enough.
                        self.assertLess(pulled, 0.9)
                    else:
                        self.assertAlmostEqual(pulled, 1, delta=0.35)
            table = cluster.pacectl("bench", "--policy", "asp", "--size", "1MiB", "--workers", 1,
                                    "--seconds", 2, check=True, timeout=120).stdout
            self.assertIn("ranks: 1 (device emulated), servers: 2;", table)
            self.assertIn("asp", table)
            self.check_nothing_is_left(cluster, 7)

    def test_ctrl_c_cancels_its_job(self):
        with Cluster(servers=1, workers=1) as cluster:
            self.wait_for_nodes(cluster, 2)
            bench = subprocess.Popen(
                [BIN / "pacectl", "--address", cluster.address, "bench", "--seconds", "600"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

            def makes_steps():
                self.assertIsNone(bench.poll(), "bench has ended")
                return any(int(job.get("iterations_done", 0)) for job in self.jobs(cluster))
            wait_for(makes_steps, 60, "its steps")
            bench.send_signal(signal.SIGINT)
            out, err = bench.communicate(timeout=20)
            self.assertEqual(bench.returncode, 130, err)
            self.assertEqual(out, "")
            self.check_nothing_is_left(cluster, 1)


if __name__ == "__main__":
    unittest.main()
