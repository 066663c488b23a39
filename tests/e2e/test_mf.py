"""Matrix factorization on real processes comes down to the noise of its ratings."""

import json
import pathlib
import tempfile
import unittest

from cluster import JOBS, local_run, pacectl, write_job


class Ratings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temp = tempfile.TemporaryDirectory(prefix="paceline-mf-")
        cls.addClassCleanup(temp.cleanup)
        cls.folder = pathlib.Path(temp.name)
        said = pacectl("datagen", "ratings", "--rows", 200000, "--users", 400, "--items", 200,
                       "--out", cls.folder / "ratings.train.csv",
                       "--holdout", cls.folder / "ratings.test.csv", "-o", "json",
                       check=True, timeout=300).stderr
        cls.noise = json.loads(said)["holdout"]["noise_rmse"]

    def rmse(self, policy):
        text = (JOBS / "mf_synthetic.yaml").read_text()
        self.assertIn("policy: ssp", text)
        job = write_job(self.folder, text.replace("policy: ssp", f"policy: {policy}"))
        summary = local_run(job, timeout=1800)
        self.assertEqual(summary["state"], "succeeded", summary)
        rmse = summary["eval"]["rmse"]
        print(f"mf_synthetic {policy}: RMSE {rmse:.5f} in {summary['wall_seconds']:.0f} s, "
              f"noise {self.noise:.5f}", flush=True)
        return rmse

    def test_rmse_is_that_of_the_noise_under_every_policy(self):
        for policy in ("bsp", "ssp", "asp"):
            with self.subTest(policy):
                rmse = self.rmse(policy)
                self.assertLess(rmse, 1.02 * self.noise)
                # No model does better but by chance.
                self.assertGreater(rmse, 0.99 * self.noise)


if __name__ == "__main__":
    unittest.main()
