"""Predictions of trained models: the metrics are those of the job, wherever the model comes from."""

import csv
import json
import pathlib
import tempfile
import unittest

from cluster import SHARED, Cluster, needs_shared_data, pacectl, write_job

A9A = {part: SHARED / f"a9a.{part}.libsvm" for part in ("train", "test")}

# Of data that `pacectl datagen` makes: model, format, how it is made, how it is trained.
KINDS = {
    "logistic": ("{kind: logistic, table: sparse}", "criteo", ("ctr", "--categories", 1000),
                 "data: {hash_buckets: 4096, crosses: [{columns: [c1, c2]}]"),
    "fm": ("{kind: fm, factors: 4, initializer: {kind: normal, scale: 0.1}}", "criteo",
           ("ctr", "--categories", 1000), "data: {hash_buckets: 65536"),
    "deepfm": ("{kind: deepfm, factors: 4, hidden: [8]}", "criteo", ("ctr", "--categories", 1000),
               "data: {hash_buckets: 65536"),
    "mlp": ("{kind: mlp, hidden: [16]}", "csv", ("blobs", "--clusters", 4), "data: {scale: 0.1"),
    "kmeans": ("{kind: kmeans, clusters: 4}", "csv", ("blobs", "--clusters", 4), "data: {scale: 1"),
    "mf": ("{kind: mf, factors: 4}", "ratings", ("ratings", "--users", 100, "--items", 50),
           "data: {scale: 1"),
    "linear": ("{kind: linear}", "libsvm", ("linear",), "data: {scale: 1"),
    "lm": ("{kind: lm, lm: {context: 16, layers: 1, heads: 2, width: 16}}", "text", ("text",),
           "data: {scale: 1"),
}


def predict(run, source, data, *flags):
    """(bytes of the predictions, metrics) of `pacectl predict`."""
    done = run("predict", source, "--data", data, *flags, check=True, timeout=300)
    return done.stdout, done.stderr


class Predictions(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="paceline-e2e-")
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def train(self, cluster, job):
        """(id, metrics of the final evaluation, path of the export) of a job that succeeds."""
        job_id = cluster.submit(job)
        summary = cluster.wait_for_state(job_id, "succeeded", seconds=600)
        weights = self.folder / f"{job_id}.safetensors"
        cluster.pacectl("export", job_id, weights, check=True)
        return job_id, summary["eval"], weights

    def job_of(self, kind):
        """A job of KINDS on data of its own, and its evaluation data."""
        model, form, made, data = KINDS[kind]
        train, test = self.folder / f"{kind}.train", self.folder / f"{kind}.test"
        pacectl("datagen", *made, "--rows", 3000, "--out", train, "--holdout", test,
                "--holdout-rows", 1300, check=True)
        return write_job(self.folder, f"""
name: {kind}
model: {model}
{data}, train: {{path: {train}, format: {form}}}, eval: {{path: {test}, format: {form}}}}}
train: {{global_batch: 64, iterations: 40, seed: 11}}
consistency: {{policy: ssp}}
resources: {{workers: 2, servers: 2}}
""", f"{kind}.yaml"), test

    def test_metrics_are_those_of_the_job_whatever_the_model(self):
        with Cluster(servers=2, workers=2) as cluster:
            for kind in KINDS:
                with self.subTest(kind):
                    job, test = self.job_of(kind)
                    job_id, expected, weights = self.train(cluster, job)
                    lines, said = predict(cluster.pacectl, job_id, test, "-o", "json")
                    metrics = json.loads(said)
                    self.assertEqual(metrics["eval"], expected)
                    self.assertGreater(len(expected), 1)
                    records = [json.loads(line) for line in lines.splitlines()]
                    self.assertEqual([record["index"] for record in records],
                                     list(range(metrics["records"])))
                    # The file says the same, without a cluster.
                    self.assertEqual(predict(pacectl, weights, test, "-o", "json")[0], lines)
                    # Also where the library of linear algebra was told to use other kernels.
                    done = pacectl("predict", weights, "--data", test, "-o", "json", check=True,
                                   env={"OPENBLAS_CORETYPE": "Prescott"}, timeout=300)
                    self.assertEqual(done.stdout, lines)

    @needs_shared_data
    def test_a_sparse_model_of_real_data(self):
        job = write_job(self.folder, f"""
name: a9a-fm
model: {{kind: fm, factors: 8, initializer: {{kind: normal, scale: 0.05}}}}
data:
  features: 200
  train: {{path: {A9A["train"]}, format: libsvm}}
  eval: {{path: {A9A["test"]}, format: libsvm}}
train: {{global_batch: 256, iterations: 60, optimizer: {{kind: adam, learning_rate: 0.005}}}}
resources: {{workers: 2, servers: 2}}
""")
        with Cluster(servers=2, workers=2) as cluster:
            job_id, expected, weights = self.train(cluster, job)
            cut = cluster.job(job_id)["cuts"][-1]["cut_id"]
            lines, said = predict(cluster.pacectl, job_id, A9A["test"])
            self.assertEqual(predict(cluster.pacectl, f"{job_id}@{cut}", A9A["test"])[0], lines)
            missing = cluster.pacectl("predict", f"{job_id}@99", "--data", A9A["test"])
            self.assertEqual(missing.returncode, 2, missing.stderr)
        out = self.folder / "predictions.csv"
        empty, again = predict(pacectl, weights, A9A["test"], "--out", out)
        self.assertEqual(empty, "")
        self.assertEqual(out.read_text(), lines)
        self.assertEqual(again, said)
        self.assertIn(f": records 16281, loss {expected['loss']:.6g}, ", said)
        # The lines are what was measured.
        with open(A9A["test"], encoding="ascii") as file:
            labels = [line.split(maxsplit=1)[0] in ("1", "+1") for line in file]
        rows = list(csv.DictReader(lines.splitlines()))
        self.assertEqual([int(row["index"]) for row in rows], list(range(len(labels))))
        right = sum((float(row["probability"]) >= 0.5) == label
                    for row, label in zip(rows, labels))
        self.assertAlmostEqual(right / len(labels), expected["accuracy"], places=12)

    def test_what_cannot_be_predicted_is_said(self):
        data = self.folder / "x.csv"
        data.write_text("1,2\n")
        for flags, message in {
                ("/none.safetensors", "--data", data): "/none.safetensors: a job (7, 7@CUT or 7@best) or",
                (data, "--data", data): "x.csv",
                (data, "--data", "/none.csv"): "no such file: /none.csv",
                (data,): "--data is required",
                (data, "--data", data, "--format", "cvs"): "did you mean `csv`?",
                (data, "--data", data, "-o", "yaml"): "table, json, csv expected, got `yaml`",
        }.items():
            with self.subTest(flags):
                done = pacectl("predict", *flags)
                self.assertIn(done.returncode, (1, 2))
                self.assertIn(message, done.stderr)
        unreachable = pacectl("--address", "127.0.0.1:1", "predict", "7", "--data", data)
        self.assertEqual(unreachable.returncode, 3)


if __name__ == "__main__":
    unittest.main()
