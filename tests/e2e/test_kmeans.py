"""kmeans under BSP is Lloyd's algorithm to the bit, and under SSP ends as well.

The reference shares no code with Paceline: numpy, float64, one process, all records in a
round. Distances are summed feature by feature, as worker/core/math/point_table.h says.
"""

import gzip
import json
import pathlib
import struct
import tempfile
import unittest

import numpy as np
from cluster import JOBS, SHARED, Cluster, needs_shared_data, write_job
from cut import read_safetensors

IMAGES = SHARED / "mnist10k-train-images-idx3-ubyte.gz"
LABELS = SHARED / "mnist10k-train-labels-idx1-ubyte.gz"
CLUSTERS = 10
FEATURES = 784
ROUNDS = 40


def pixels():
    with gzip.open(IMAGES) as file:
        return np.frombuffer(file.read()[16:], np.uint8).reshape(-1, FEATURES)


def distances(points, centroids):
    """[points, centroids], squared; every one a plain sum in the order of the features."""
    sums = np.zeros((len(points), len(centroids)))
    for feature in range(points.shape[1]):
        difference = points[:, feature, None] - centroids[None, :, feature]
        sums += difference * difference
    return sums


def centroids_of(rows, seeds):
    """Sums and, last, counts; a cluster without points is where it began."""
    counts = rows[:, -1:]
    return np.where(counts > 0, rows[:, :-1] / np.maximum(counts, 1e-300), seeds)


def lloyd(points, seeds, rounds):
    """Rows as the servers keep them, after `rounds` rounds from the centroids `seeds`."""
    rows = np.c_[seeds, np.ones(len(seeds))]
    for _ in range(rounds):
        nearest = distances(points, centroids_of(rows, seeds)).argmin(axis=1)
        rows = np.array([np.r_[points[nearest == cluster].sum(axis=0), (nearest == cluster).sum()]
                         for cluster in range(len(seeds))])
    return rows


def write_weights(path, rows):
    """A safetensors file of the table kmeans/sums."""
    data = rows.astype("<f4").tobytes()
    header = json.dumps({"kmeans/sums": {"dtype": "F32", "shape": list(rows.shape),
                                         "data_offsets": [0, len(data)]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


@needs_shared_data
class KMeans(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.points = pixels().astype(np.float64)

    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def job(self, name, policy, weights=None, rounds=ROUNDS):
        text = (JOBS / "kmeans_mnist.yaml").read_text()
        for old, new in (("../../../shared/data", str(SHARED)), ("name: kmeans-mnist", f"name: {name}"),
                         ("epochs: 40", f"epochs: {rounds}"), ("policy: bsp", f"policy: {policy}")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        if weights:
            text += f"start: {{weights: {weights}}}\n"
        return write_job(self.folder, text, f"{name}.yaml")

    def run_job(self, cluster, *job):
        """(rows of the export, summary) of a job that succeeds."""
        job_id = cluster.submit(self.job(*job))
        summary = cluster.wait_for_state(job_id, "succeeded", seconds=600)
        weights = self.folder / f"{job_id}.safetensors"
        cluster.pacectl("export", job_id, weights, check=True)
        return read_safetensors(weights)[0]["kmeans/sums"].astype(np.float64), summary

    def test_bsp_is_lloyd_to_the_bit_and_ssp_ends_within_a_hundredth(self):
        seeds = self.points[np.random.default_rng(5).choice(len(self.points), CLUSTERS, False)]
        explicit = self.folder / "seeds.safetensors"
        write_weights(explicit, np.c_[seeds, np.ones(CLUSTERS)])
        with Cluster(servers=2, workers=2) as cluster:
            rows, summary = self.run_job(cluster, "bsp", "bsp", explicit)
            # A push forgets half of what is there: the way is the same, and longer.
            ssp_rows, ssp = self.run_job(cluster, "ssp", "ssp", explicit, 3 * ROUNDS)
            seeded_rows, seeded = self.run_job(cluster, "seeded", "bsp")
            _, again = self.run_job(cluster, "again", "bsp")
        expected = lloyd(self.points, seeds, ROUNDS)
        self.assertEqual(rows[:, -1].sum(), len(self.points))
        np.testing.assert_array_equal(rows, expected)
        np.testing.assert_array_equal(centroids_of(rows, seeds), centroids_of(expected, seeds))
        # Inertia is of the centroids that the export has.
        inertia = distances(self.points, centroids_of(rows, seeds)).min(axis=1).sum()
        self.assertAlmostEqual(summary["eval"]["inertia"] / inertia, 1, places=6)
        print(f"inertia: bsp {inertia:.6g}, ssp {ssp['eval']['inertia']:.6g}, "
              f"from k-means++ {seeded['eval']['inertia']:.6g}; "
              f"{summary['wall_seconds']:.1f} s for {ROUNDS} rounds", flush=True)
        self.assertLess(ssp["eval"]["inertia"], 1.01 * inertia)
        # Each of two ranks forgets half of what it finds: all points count about once.
        self.assertAlmostEqual(ssp_rows[:, -1].sum() / len(self.points), 1, delta=0.5)
        # k-means++ is a function of the data and the seed, and no worse a start.
        self.assertEqual(seeded["parameters_sha256"], again["parameters_sha256"])
        self.assertLess(seeded["eval"]["inertia"], 1.03 * inertia)
        self.assertEqual(seeded_rows[:, -1].sum(), len(self.points))


if __name__ == "__main__":
    unittest.main()
