"""A model out of tree: compiled against the header alone, loaded by tasks, and kept in its place.

The reference shares no code with Paceline: numpy, float64, one process.
"""

import json
import math
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import numpy as np
from cluster import ROOT, Cluster, pacectl, write_job
from cut import read_safetensors

API = ROOT / "worker" / "api"
EXAMPLE = API / "example"
VISITS = np.loadtxt(EXAMPLE / "visits.csv", delimiter=",", skiprows=1)
# The column of hours is no feature with a weight but the exposure.
HOURS = 2

# Computes nothing; the gradient of iteration 3 ends its process.
CRASHING = """
#include <csignal>
#include "paceline_model.h"

struct Crashing final : paceline::UserModel {
  explicit Crashing(const paceline::Job&) {}
  paceline::Scores scores() const override { return {}; }
  double Gradient(const paceline::Batch& batch, const paceline::Parameters&, float,
                  paceline::Gradients&) override {
    if (batch.raw().iteration == 3) std::raise(SIGSEGV);
    return 0;
  }
  void Predict(const paceline::Batch&, const paceline::Parameters&, float*, float*) override {}
};
PACELINE_MODEL(Crashing)
"""


def compile_library(source, out, include=API):
    """As the example's README does."""
    subprocess.run(["g++", "-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                    "-fvisibility=hidden", f"-I{include}", str(source), "-o", str(out)], check=True)


def poisson(rounds, batch, rate):
    """Bias and weights after so many rounds of gradient descent, all from zero."""
    exposure, labels = VISITS[:, HOURS], VISITS[:, -1]
    features = np.c_[np.ones(len(VISITS)), VISITS[:, :-1]]
    features[:, 1 + HOURS] = 0
    weights = np.zeros(features.shape[1])
    for number in range(rounds):
        at = np.arange(number * batch, (number + 1) * batch) % len(VISITS)
        error = exposure[at] * np.exp(features[at] @ weights) - labels[at]
        weights -= rate * features[at].T @ error / batch
    rates = exposure * np.exp(features @ weights)
    losses = rates - labels * np.log(rates) + [math.lgamma(y + 1) for y in labels]
    return weights, losses.mean(), np.sqrt(np.mean((rates - labels) ** 2))


@unittest.skipUnless(shutil.which("g++"), "g++ is not installed")
class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temp.cleanup)
        cls.folder = pathlib.Path(temp.name)
        cls.models = cls.folder / "models"
        cls.models.mkdir()
        compile_library(EXAMPLE / "poisson.cc", cls.models / "poisson.so")

    def job(self, name, file="poisson.so", kind="dense", policy="bsp"):
        return write_job(self.folder, f"""
name: {name}
model:
  kind: library
  library:
    file: {file}
    tables: [{{name: bias, rows: 1, dim: 1}}, {{name: weight, kind: {kind}, dim: 1}}]
    options: [{{name: exposure, value: "{HOURS}"}}]
data:
  train: {{path: {EXAMPLE}/visits.csv, format: csv, header: true}}
  eval: {{path: {EXAMPLE}/visits.csv, format: csv, header: true}}
  shuffle: false
train: {{global_batch: 48, epochs: 4, optimizer: {{kind: sgd, learning_rate: 0.02}}}}
consistency: {{policy: {policy}}}
resources: {{workers: 2, servers: 2}}
""", f"{name}.yaml")

    def check_reason(self, cluster, job, expected):
        """The job fails for this reason."""
        job_id = cluster.submit(job)
        summary = cluster.wait_for_state(job_id, "failed")
        self.assertRegex(summary["reason"], expected)

    def test_the_headers_are_c_and_any_c_plus_plus_from_17_on(self):
        for compiler, standard, header in (("gcc", "c99", "paceline_model_abi.h"),
                                           ("g++", "c++17", "paceline_model.h"),
                                           ("g++", "c++20", "paceline_model.h")):
            language = "c" if compiler == "gcc" else "c++"
            subprocess.run([compiler, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic",
                            "-Werror", "-fsyntax-only", "-x", language, API / header], check=True)

    def test_bsp_is_the_gradient_descent_of_one_process(self):
        weights, loss, rmse = poisson(rounds=4 * len(VISITS) // 48, batch=48, rate=0.02)
        self.assertLess(loss, 0.8 * poisson(0, 48, 0)[1])
        with Cluster(servers=2, workers=2, worker_flags=("--model-dir", self.models)) as cluster:
            for kind in ("dense", "sparse"):
                job_id = cluster.submit(self.job(kind, kind=kind))
                summary = cluster.wait_for_state(job_id, "succeeded")
                exported = self.folder / f"{kind}.safetensors"
                cluster.pacectl("export", job_id, exported, check=True)
                tables, _ = read_safetensors(exported)
                name = "weight" if kind == "dense" else "weight.rows"
                learned = np.r_[tables["bias"].ravel(), tables[name].ravel()]
                np.testing.assert_allclose(learned, weights, rtol=1e-4, atol=1e-5)
                self.assertAlmostEqual(summary["eval"]["loss"], loss, delta=1e-4 * loss)
                self.assertAlmostEqual(summary["eval"]["rmse"], rmse, delta=1e-4 * rmse)
                self.assertEqual(summary["device"], "cpu")
                said = pacectl("predict", exported, "--data", EXAMPLE / "visits.csv",
                               "--model-dir", self.models, "-o", "json", check=True)
                self.assertEqual(json.loads(said.stderr)["eval"], summary["eval"])
                self.assertIn('"value": ', said.stdout)
            # Which file it was is part of what decides the bits.
            self.assertRegex(cluster.pacectl("logs", job_id, check=True).stdout,
                             r"numeric_class.*cpu/.* library poisson\.so-[0-9a-f]{16}")

    def test_the_example_runs_as_it_is(self):
        done = pacectl("local", "run", EXAMPLE / "poisson.yaml", "--model-dir", self.models, "-o",
                       "json", check=True)
        summary = json.loads(done.stdout)
        self.assertEqual(summary["state"], "succeeded")
        self.assertLess(summary["eval"]["loss"], 2.7)

    def test_nothing_outside_of_the_folder_is_loaded(self):
        done = pacectl("validate", self.job("slash", file="../models/poisson.so"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("model.library.file: the name of a file", done.stderr)
        confined = self.folder / "confined"
        confined.mkdir()
        (confined / "link.so").symlink_to(self.models / "poisson.so")
        with Cluster(servers=2, workers=2, worker_flags=("--model-dir", confined)) as cluster:
            self.check_reason(cluster, self.job("link", file="link.so"),
                              "model.library.file .*link.so: leads out of")
            self.check_reason(cluster, self.job("absent"), r"poisson\.so.*No such file")

    def test_without_a_folder_there_are_no_libraries(self):
        with Cluster(servers=2, workers=2) as cluster:
            self.check_reason(cluster, self.job("none"),
                              r"model\.library\.file poisson\.so: the worker was started without "
                              r"--model-dir")
        done = pacectl("local", "run", self.job("gone"), "--model-dir", self.folder / "gone")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--model-dir", done.stderr)

    def test_ranks_with_different_files_are_told_apart(self):
        other = self.folder / "other"
        other.mkdir()
        changed = self.folder / "changed.cc"
        changed.write_text((EXAMPLE / "poisson.cc").read_text().replace("+ 1.0)", "+ 2.0)"))
        compile_library(changed, other / "poisson.so")
        with Cluster(servers=2, workers=1, worker_flags=("--model-dir", self.models)) as cluster:
            worker = cluster.start_daemon("other", "worker", "--scheduler", cluster.address,
                                          "--slots", 1, "--model-dir", other)
            cluster.workers.append(worker)
            for policy in ("bsp", "asp"):
                self.check_reason(cluster, self.job(policy, policy=policy),
                                  r"ranks disagree on the model's library: rank 1 has "
                                  r"poisson\.so-[0-9a-f]{16}, the first had "
                                  r"poisson\.so-[0-9a-f]{16}")

    def test_a_library_that_crashes_takes_its_task_along_and_nobody_else(self):
        source = self.folder / "crashing.cc"
        source.write_text(CRASHING)
        compile_library(source, self.models / "crashing.so")
        with Cluster(servers=2, workers=2, worker_flags=("--model-dir", self.models)) as cluster:
            self.check_reason(cluster, self.job("crashing", file="crashing.so"), "SIGSEGV")
            for worker in cluster.workers:
                self.assertIsNone(worker.process.poll())
            cluster.wait_for_state(cluster.submit(self.job("next")), "succeeded")


if __name__ == "__main__":
    unittest.main()
