"""Click models on real processes, held against the same models in one process and numpy.

With PACELINE_FULL=1: 2 million records of a million categories, which takes half an hour.
"""

import json
import os
import pathlib
import tempfile
import unittest

import deepfm_reference
import ftrl
import yaml
from clicks import CATEGORIES, Reader
from cluster import JOBS, local_run, pacectl, write_job

FULL = os.environ.get("PACELINE_FULL") == "1"
# Records, held-out records, categories.
ROWS, HELD_OUT, KINDS = (2000000, 200000, 1000000) if FULL else (60000, 20000, 1000)
# What a model may differ from one that saw the same records in another order: AUC, and parts
# of the log loss. Orders alone make a part of 0.0015 of 60,000 records.
AUC = 0.003
DEEPFM, FTRL = (0.01, 0.003) if FULL else (0.01, 0.01)


def parts_of(name):
    """What tests/jobs/NAME.yaml says of model and training."""
    job = yaml.safe_load((JOBS / f"{name}.yaml").read_text())
    return job["model"], job["train"]


class Clicks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temp = tempfile.TemporaryDirectory(prefix="paceline-ctr-")
        cls.addClassCleanup(temp.cleanup)
        cls.folder = pathlib.Path(temp.name)
        train, test = cls.folder / "ctr.train.tsv", cls.folder / "ctr.test.tsv"
        said = pacectl("datagen", "ctr", "--rows", ROWS, "--categories", KINDS, "--out", train,
                       "--holdout", test, "--holdout-rows", HELD_OUT, "-o", "json",
                       check=True, timeout=1800).stderr
        cls.known = json.loads(said)["holdout"]
        reader = Reader()
        cls.train, cls.test = reader.read(train), reader.read(test)
        cls.categories = len(reader.numbered)
        print(f"clicks: {ROWS} records, {cls.categories} categories, best possible log loss "
              f"{cls.known['best_log_loss']:.5f}, AUC {cls.known['best_auc']:.5f}", flush=True)

    def run_job(self, name, *changes):
        """The evaluation of tests/jobs/NAME.yaml with `changes`, pairs of old and new text."""
        text = (JOBS / f"{name}.yaml").read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        summary = local_run(write_job(self.folder, text, f"{name}.yaml"), timeout=3600)
        self.assertEqual(summary["state"], "succeeded", summary)
        self.assertEqual(summary["device"], "cpu")
        result = summary["eval"]
        print(f"clicks: {name} {dict(changes) or ''} {result} in {summary['wall_seconds']:.0f} s",
              flush=True)
        # No model does better but by chance.
        self.assertLess(result["auc"], self.known["best_auc"] + AUC)
        self.assertGreater(result["log_loss"], 0.997 * self.known["best_log_loss"])
        return result

    def check(self, result, alone, part):
        """`result` is of the quality of `alone`: log loss to within `part`, and AUC."""
        log_loss, auc = alone.quality(self.test)
        print(f"clicks: one process reaches log loss {log_loss:.5f}, AUC {auc:.5f}", flush=True)
        self.assertLess(abs(result["log_loss"] / log_loss - 1), part)
        self.assertLess(abs(result["auc"] - auc), AUC)

    def test_deepfm_is_as_good_as_in_one_process_and_better_than_a_linear_model(self):
        deepfm, model, train = self.run_job("ctr_deepfm"), *parts_of("ctr_deepfm")
        alone = deepfm_reference.DeepFm(
            self.categories, CATEGORIES, model["factors"], model["hidden"],
            model["initializer"]["scale"],
            sparse=deepfm_reference.AdaGrad(train["sparse_optimizer"]["learning_rate"],
                                            train["sparse_optimizer"]["epsilon"]),
            dense=deepfm_reference.Adam(train["optimizer"]["learning_rate"]))
        alone.train(self.train, train["epochs"], train["global_batch"])
        self.check(deepfm, alone, DEEPFM)

        logistic, _, train = self.run_job("ctr_logistic_ftrl"), *parts_of("ctr_logistic_ftrl")
        linear = ftrl.train(self.train, self.categories, train["epochs"], train["global_batch"],
                            alpha=train["optimizer"]["learning_rate"],
                            beta=train["optimizer"]["epsilon"], l1=0, l2=0)
        self.check(logistic, linear, FTRL)
        # Pairs of categories, which a linear model cannot see, take many records.
        self.assertGreater(deepfm["auc"], logistic["auc"] + (0.01 if FULL else 0))

    @unittest.skipIf(FULL, "the short form says as much")
    def test_wide_deep_and_dcn_learn_under_every_policy(self):
        for kind, policy in (("wide_deep", "ssp"), ("dcn", "asp")):
            with self.subTest(kind):
                result = self.run_job("ctr_deepfm", ("kind: deepfm", f"kind: {kind}"),
                                      ("policy: bsp", f"policy: {policy}"))
                self.assertGreater(result["auc"], 0.66)
                self.assertLess(abs(result["calibration"] - 1), 0.1)


if __name__ == "__main__":
    unittest.main()
