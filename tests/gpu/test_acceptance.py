"""What the acceptance makes of runs: of good ones, and of each that is wrong in its way."""

import pathlib
import tempfile
import unittest

import acceptance
import jobs
from bundle_cluster import JobFailed, Run
from report import Report

CURVE = [(10, 0.5), (20, 0.25), (25, 0.2)]
DATA = jobs.Data("  train: {}\n", 1.0, 640, "  train: {}\n", 2560, "  train: {}\n", 2560, "none")


def good(device="cuda", curve=None, **summary):
    return Run({"device": device, "device_name": "A GPU", "parameters_sha256": "a" * 64,
                "eval": {"accuracy": 0.95}, "samples": 10, "wall_seconds": 2.0, **summary},
               CURVE if curve is None else curve)


class Cluster:
    """Answers jobs with runs: those of `wrong` by the device that the job asks for."""

    def __init__(self, **wrong):
        self.wrong = wrong
        self.jobs = []

    def run(self, job):
        self.jobs.append(job)
        device = "cuda" if "device: cuda" in job else "cpu"
        runs = self.wrong.get(device) or [good(device)]
        found = runs[min(sum(f"device: {device}" in other for other in self.jobs), len(runs)) - 1]
        if isinstance(found, Exception):
            raise found
        return found


class SameAsCpu(unittest.TestCase):
    def failed(self, device="cuda", kind="mlp", **wrong):
        report = Report(write=lambda line: None)
        cluster = Cluster(**wrong)
        acceptance.same_as_cpu(report, cluster.run, kind, DATA, device, epochs=1)
        self.jobs, self.report = cluster.jobs, report
        return report.failed

    def test_good_runs(self):
        self.assertEqual(self.failed(), [])
        self.assertEqual(len(self.report.checks), 4)
        self.assertEqual([("device: cuda" in job) for job in self.jobs], [False, True, True])
        self.assertEqual({figure["name"] for figure in self.report.figures}, {"mlp on cpu", "mlp on cuda"})

    def test_other_bytes(self):
        other = good(parameters_sha256="b" * 64)
        self.assertEqual(self.failed(cuda=[good(), other]), ["mlp: twice the same bytes"])
        none = good(parameters_sha256="")
        self.assertEqual(self.failed(cuda=[none, none]), ["mlp: twice the same bytes"])

    def test_accuracy(self):
        self.assertEqual(self.failed(cuda=[good(eval={"accuracy": 0.946})]), [])
        self.assertEqual(self.failed(cuda=[good(eval={"accuracy": 0.944})]), ["mlp: accuracy"])
        self.assertEqual(self.failed(cuda=[good(eval={"accuracy": 0.956})]), ["mlp: accuracy"])
        self.assertEqual(self.failed(cuda=[good(eval={})]), ["mlp: accuracy"])

    def test_models_without_accuracy(self):
        none = good(eval={"rmse": 0.3})
        self.assertEqual(self.failed(kind="mf", cuda=[none]), [])
        self.assertEqual(len(self.report.checks), 3)
        self.assertIn("optimizer: {kind: adam", self.jobs[0])

    def test_kmeans_has_the_bytes_of_cpu(self):
        self.assertEqual(self.failed(kind="kmeans"), [])
        self.assertEqual(len(self.report.checks), 4)
        # It has an update rule of its own.
        self.assertNotIn("optimizer", self.jobs[0])
        other = good(parameters_sha256="b" * 64)
        self.assertEqual(self.failed(kind="kmeans", cuda=[other, other]), ["kmeans: the bytes of cpu"])

    def test_curves(self):
        near = [(at, loss * 1.009) for at, loss in CURVE]
        self.assertEqual(self.failed(cuda=[good(curve=near)]), [])
        for curve in ([(10, 0.5), (20, 0.2526), (25, 0.2)], [(10, 0.5), (20, float("nan")), (25, 0.2)],
                      CURVE[:2], [(11, 0.5), *CURVE[1:]]):
            self.assertEqual(self.failed(cuda=[good(curve=curve)]), ["mlp: loss curve"], curve)
        self.assertEqual(self.failed(cpu=[good("cpu", curve=[])], cuda=[good(curve=[])]),
                         ["mlp: loss curve"])

    def test_a_language_model_has_no_accuracy(self):
        silent = good(eval={"bits_per_byte": 2.5})
        self.assertEqual(self.failed(kind="lm", cpu=[silent], cuda=[silent]), [])
        self.assertEqual(len(self.report.checks), 3)
        self.assertIn("kind: lm", self.jobs[0])

    def test_another_device(self):
        self.assertEqual(self.failed(cuda=[good("cpu")]), ["mlp: device"])
        self.assertEqual(self.failed(cuda=[good(device_name="")]), ["mlp: device"])

    def test_jobs_that_fail(self):
        error = JobFailed("out of memory")
        self.assertEqual(self.failed(cuda=[error]), ["mlp on cuda"])
        self.assertEqual(self.failed(cuda=[good(), error]), ["mlp on cuda, again"])
        self.assertEqual(self.failed(cpu=[error]), ["mlp on cpu"])
        self.assertEqual(self.report.checks[0]["said"], "out of memory")

    def test_cpu_in_place_of_cuda(self):
        self.assertEqual(self.failed(device="cpu"), [])
        self.assertFalse([job for job in self.jobs if "cuda" in job])


class Preflight(unittest.TestCase):
    def test_without_the_device_nothing_else_makes_sense(self):
        for wrong, said in (([JobFailed("needs 1 GPU, 0 free")], "needs 1 GPU, 0 free"),
                            ([good("cpu")], "device cpu (A GPU), cuda expected"), ([good()], None)):
            report = Report(write=lambda line: None)
            self.assertEqual(acceptance.preflight(report, Cluster(cuda=wrong).run, DATA, "cuda"),
                             said is None)
            self.assertEqual([check["said"] for check in report.checks if not check["ok"]],
                             [said] if said else [])


class Precisions(unittest.TestCase):
    def run_all(self, device, accuracy):
        report, cluster = Report(write=lambda line: None), Cluster(
            cuda=[good(eval={"accuracy": accuracy})])
        acceptance.precisions(report, cluster.run, DATA, device, 1, good("cpu"))
        return report.failed, cluster.jobs

    def test_within_a_point(self):
        failed, asked = self.run_all("cuda", 0.941)
        self.assertEqual(failed, [])
        self.assertEqual([job.split("precision: ")[1].split("\n")[0] for job in asked],
                         ["tf32", "bf16", "fp16"])
        # Better is good.
        self.assertEqual(self.run_all("cuda", 0.99)[0], [])
        self.assertEqual(self.run_all("cuda", 0.939)[0],
                         [f"mlp in {name}: accuracy" for name in ("tf32", "bf16", "fp16")])

    def test_a_processor_knows_float32_alone(self):
        self.assertNotIn("precision", "".join(self.run_all("cpu", 0)[1]))


class Data(unittest.TestCase):
    def test_what_there_is(self):
        with tempfile.TemporaryDirectory() as temp:
            folder = pathlib.Path(temp)
            with self.assertRaisesRegex(FileNotFoundError, "digits.train.csv: no mnist10k"):
                jobs.find(None, folder, folder)
            for part in ("train", "test"):
                (folder / f"digits.{part}.csv").write_text("")
            data = jobs.find(folder / "none", folder, folder)
            self.assertIn("sample digits", data.said)
            self.assertIn("features: 2000", data.sparse)
            self.assertIn(f"path: {folder}/clicks.eval.csv", data.clicks)
            self.assertIn("format: text", data.text)
            (folder / "mnist10k-train-images-idx3-ubyte.gz").write_text("")
            (folder / "a9a.train.libsvm").write_text("")
            data = jobs.find(folder, folder, folder)
            self.assertEqual(data.said, "mnist10k, a9a")
            self.assertIn(f"labels: {folder}/mnist10k-test-labels-idx1-ubyte.gz", data.pictures)


if __name__ == "__main__":
    unittest.main()
