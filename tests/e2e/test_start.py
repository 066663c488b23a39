"""Jobs that start from a cut of another job, or from weights: real processes, real files."""

import pathlib
import shutil
import tempfile
import unittest

from cluster import Cluster, local_run, needs_digits, wait_for
from processes import counting, digits
from test_cuts import cuts, events


class Start(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def digits(self, name, checkpoint="every_iterations: 50", **job):
        return digits(self.folder, name, checkpoint=checkpoint, **job)

    def submitted(self, cluster, *args):
        """The id of a job from `pacectl submit ARGS`."""
        return cluster.pacectl("submit", *args, check=True).stdout.strip()

    @needs_digits
    def test_a_cancelled_job_goes_on_from_its_cut_with_the_same_bytes(self):
        golden = local_run(self.digits("digits"))
        with Cluster(servers=2, workers=2) as cluster:
            first = cluster.submit(self.digits("digits"))
            wait_for(lambda: cuts(cluster, first), 60, "a cut")
            cluster.pacectl("cancel", first, check=True)
            newest = cuts(cluster, first)[-1]
            # Without a job file it is the same job; all but the newest cut are of no use.
            second = self.submitted(cluster, "--from", first)
            summary = cluster.wait_for_state(second, "succeeded")
            self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])
            self.assertIn(f", from cut {first}@{newest}",
                          events(cluster, second, "SHARDS_PLACED")[0])
            # Named by its folder, on one server, in a cluster that never saw the job.
            folder = pathlib.Path(cluster.job(first)["checkpoint_dir"]) / f"{newest:08}"
            shutil.copytree(folder, self.folder / "cut")
        with Cluster(servers=1, workers=2) as cluster:
            job_file = self.digits("digits", servers=1)
            third = self.submitted(cluster, job_file, "--from", self.folder / "cut")
            summary = cluster.wait_for_state(third, "succeeded")
            self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    @needs_digits
    def test_a_job_that_ended_is_trained_for_more_epochs(self):
        golden = local_run(self.digits("digits", epochs=8))
        with Cluster(servers=2, workers=2) as cluster:
            first = cluster.submit(self.digits("short", epochs=5))
            half = cluster.wait_for_state(first, "succeeded")
            second = self.submitted(cluster, self.digits("digits", epochs=8), "--from", first)
            summary = cluster.wait_for_state(second, "succeeded")
            self.assertNotEqual(summary["parameters_sha256"], half["parameters_sha256"])
            self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])
            # Its weights in another job: the same optimizer would go on otherwise.
            other = self.digits("other", epochs=1, seed=9)
            refused = cluster.pacectl("submit", other, "--from", first)
            self.assertEqual(refused.returncode, 2)
            self.assertIn("train.seed 3, this job has 9", refused.stderr)
            third = self.submitted(cluster, other, "--from", first, "--weights-only")
            better = cluster.wait_for_state(third, "succeeded")
            fresh = cluster.wait_for_state(cluster.submit(other), "succeeded")
            self.assertLess(better["train_loss"], fresh["train_loss"] / 2)

    @needs_digits
    def test_a_job_starts_from_an_export(self):
        with Cluster(servers=2, workers=2) as cluster:
            first = cluster.submit(self.digits("first", epochs=10))
            trained = cluster.wait_for_state(first, "succeeded")
            weights = self.folder / "weights.safetensors"
            cluster.pacectl("export", first, weights, check=True)
            other = self.digits("other", epochs=1, seed=9)
            fresh = cluster.wait_for_state(cluster.submit(other), "succeeded")
            warm = cluster.wait_for_state(
                self.submitted(cluster, other, "--weights", weights), "succeeded")
            self.assertLess(warm["train_loss"], fresh["train_loss"] / 2)
            self.assertLess(trained["train_loss"], fresh["train_loss"])
            # Weights that do not fit fail the job, and say why.
            wide = self.digits("wide", epochs=1, hidden=65)
            failed = self.submitted(cluster, wide, "--weights", weights)
            cluster.wait_for_state(failed, "failed")
            self.assertIn("expected, got F32 [", cluster.job(failed)["reason"])

    def test_every_push_counts_once_in_a_job_that_goes_on(self):
        golden = local_run(counting(self.folder, "golden", 4000, "bsp", workers=2))
        for policy in ("bsp", "ssp", "asp"):
            with self.subTest(policy), Cluster(servers=2, workers=2) as cluster:
                path = counting(self.folder, policy, 4000, policy, workers=2)
                path.write_text(path.read_text() + "checkpoint: {every_iterations: 200}\n")
                first = cluster.submit(path)
                wait_for(lambda: cuts(cluster, first), 60, "a cut")
                cluster.pacectl("cancel", first, check=True)
                second = self.submitted(cluster, path, "--from", first)
                summary = cluster.wait_for_state(second, "succeeded")
                self.assertEqual(summary["iterations"], 8000)
                self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    def test_cuts_that_are_not_there_are_named(self):
        with Cluster(servers=1, workers=1) as cluster:
            path = counting(self.folder, "short", 20, "bsp", workers=1, servers=1)
            first = cluster.submit(path)
            cluster.wait_for_state(first, "succeeded")
            for name, code, said in ((f"{first}@7", 2, "has no cut 7 (it has 1)"),
                                     ("99", 2, "job 99 does not exist"),
                                     ("x@y", 2, "JOB@CUT, JOB@best, JOB or"),
                                     (str(self.folder / "none"), 2, "none/manifest.json")):
                refused = cluster.pacectl("submit", path, "--from", name)
                self.assertEqual(refused.returncode, code, refused.stderr)
                self.assertIn(said, refused.stderr)


if __name__ == "__main__":
    unittest.main()
