"""Sparse tables that admit and evict rows: real processes, real files."""

import pathlib
import random
import tempfile
import unittest
import urllib.request

from cluster import Cluster, local_run, wait_for, write_job
from processes import late_pushes
from test_cuts import cuts

RECORDS = 1200
# Features that come in every batch, and as many that come once in each epoch as records.
COMMON = 50


def write_data(path):
    draw = random.Random(1)
    with open(path, "w") as out:
        for record in range(RECORDS):
            features = sorted({draw.randint(1, COMMON) for _ in range(4)})
            label = int(sum(features) % 3 == 0)
            values = [f"{feature}:1" for feature in features + [COMMON + 1 + record]]
            out.write(f"{label} {' '.join(values)}\n")


def fm(folder, name, sparse, servers=2, factors=4):
    write_data(folder / "train.libsvm")
    return write_job(folder, f"""
name: {name}
model:
  kind: fm
  factors: {factors}
  sparse: {{{sparse}}}
data: {{train: {{path: {folder / "train.libsvm"}, format: libsvm}}}}
train:
  global_batch: 30
  epochs: 80
  optimizer: {{kind: adam, learning_rate: 0.01}}
consistency: {{policy: bsp}}
resources: {{workers: 2, servers: {servers}}}
checkpoint: {{every_iterations: 200}}
""", f"{name}.yaml")


LIMITS = "admit_after: 2, evict_after_iterations: 30"


def totals(cluster, family):
    """Of all series of a family that servers which answer have: tables of one job."""
    total = 0
    for server in cluster.servers:
        try:
            with urllib.request.urlopen(f"http://{server.http_address()}/metrics",
                                        timeout=30) as page:
                text = page.read().decode()
        except OSError:
            continue
        total += sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                     if line.startswith(f"paceline_server_table_{family}{{")
                     and 'table="fm/factors"' in line)
    return total


class Sparse(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def test_rows_come_and_go_and_a_cut_has_it_all(self):
        golden = local_run(fm(self.folder, "limited", LIMITS, servers=1), servers=1)
        with Cluster(servers=2, workers=2, worker_flags=late_pushes()) as cluster:
            job = cluster.submit(fm(self.folder, "limited", LIMITS))
            wait_for(lambda: cuts(cluster, job), 60, "a cut")
            for family in ("rows", "rows_created_total", "rows_evicted_total", "keys_waiting"):
                wait_for(lambda: totals(cluster, family) > 0, 30, family)
            # Every common feature has a row; of the others the most have none.
            wait_for(lambda: COMMON <= totals(cluster, "rows") < COMMON + RECORDS / 2, 30,
                     "rows within the limits")
            cluster.servers[1].kill()
            summary = cluster.wait_for_state(job, "succeeded")
            self.assertEqual(summary["rollbacks"], 1)
            self.assertEqual(summary["samples"], golden["samples"])
            self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])
        other = local_run(fm(self.folder, "unlimited", ""))
        self.assertNotEqual(other["parameters_sha256"], golden["parameters_sha256"])

    def test_a_table_that_is_full_says_what_helps(self):
        # 16 MiB in 64 buckets: each holds 20 rows of 1024 floats under adam, and 1250 come.
        job_file = fm(self.folder, "full", "tables: [{table: fm/factors, memory: 16}]", servers=1,
                      factors=1024)
        with Cluster(servers=1, workers=2) as cluster:
            summary = cluster.wait_for_state(cluster.submit(job_file), "failed")
            self.assertIn('table "fm/factors"', summary["reason"])
            self.assertIn("model.sparse.memory", summary["reason"])
            self.assertIn("on_full: evict", summary["reason"])


if __name__ == "__main__":
    unittest.main()
