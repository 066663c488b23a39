"""Memory is counted before a job starts, and limited while it runs: real processes."""

import pathlib
import tempfile
import unittest

from cluster import SHARED, Cluster, needs_shared_data, wait_for, write_job
from processes import counting


class Memory(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def test_row_21_a_job_that_fits_on_no_server_is_refused_with_the_numbers(self):
        with Cluster(servers=2, workers=1, server_flags=("--memory-limit", "10MB")) as cluster:
            wait_for(lambda: sum(bool(node.get("live")) for node in cluster.nodes()) == 3, 30,
                     "all nodes")
            # 2^20 rows of 4 floats, twice (asp): 33.6 MB, half of it on each server.
            refused = cluster.pacectl(
                "submit", counting(self.folder, "large", 100, "asp", rows=2**20))
            self.assertEqual(refused.returncode, 2)
            self.assertIn("needs 16.8 MB of memory on each of 2 servers", refused.stderr)
            self.assertIn("more than 10.5 MB (--memory-limit)", refused.stderr)
            # A quarter of that fits.
            job = cluster.submit(counting(self.folder, "small", 100, "asp", rows=2**18))
            cluster.wait_for_state(job, "succeeded")

    @needs_shared_data
    def test_row_21_a_server_at_its_limit_refuses_rows_and_lives_on(self):
        with Cluster(servers=1, workers=1, server_flags=("--memory-limit", "200KB")) as cluster:
            # Sparse rows are created as the data name them.
            job = cluster.submit(write_job(self.folder, f"""
name: sparse
model: {{kind: fm, factors: 64, table: sparse}}
data: {{train: {{path: {SHARED}/a9a.train.libsvm, format: libsvm}}}}
train: {{global_batch: 256, epochs: 5, optimizer: {{kind: adam}}}}
consistency: {{policy: asp}}
resources: {{workers: 1, servers: 1}}
"""))
            cluster.wait_for_state(job, "failed")
            reason = cluster.job(job)["reason"]
            self.assertIn("--memory-limit", reason)
            self.assertIn("fm/", reason)
            self.assertIsNone(cluster.servers[0].process.poll(), "the server died")
            # What it held is free again.
            job = cluster.submit(counting(self.folder, "small", 100, "asp", servers=1))
            cluster.wait_for_state(job, "succeeded")


if __name__ == "__main__":
    unittest.main()
