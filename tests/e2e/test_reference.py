"""BSP ends where a plain float64 loop in one process ends, and with the same bytes every time.

The reference below shares no code with Paceline: numpy, float64, batches in file order.
"""

import tempfile
import unittest

import numpy as np
from cluster import DIGITS, local_run, needs_digits, write_job
from cut import Cut

BATCH = 64


def job_text(model, optimizer, epochs, checkpoint_dir, iterations=0):
    length = f"iterations: {iterations}" if iterations else f"epochs: {epochs}"
    return f"""
name: reference
model: {model}
data:
  scale: 0.0625
  shuffle: false
  train: {{path: {DIGITS}, format: csv}}
train: {{global_batch: {BATCH}, {length}, seed: 7, optimizer: {optimizer}}}
consistency: {{policy: bsp}}
checkpoint: {{dir: {checkpoint_dir}}}
"""


def run(model, optimizer, epochs=1, iterations=0, workers=2, servers=2):
    """Runs the job; returns (summary, cut)."""
    with tempfile.TemporaryDirectory() as folder:
        job = write_job(folder, job_text(model, optimizer, epochs, f"{folder}/cuts", iterations))
        summary = local_run(job, servers=servers, workers=workers)
        return summary, Cut(f"{folder}/cuts")


def digits():
    data = np.loadtxt(DIGITS, delimiter=",")
    return data[:, :-1] / 16.0, data[:, -1].astype(int)


def softmax(logits):
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


def output_error(logits, labels):
    error = softmax(logits)
    error[np.arange(len(labels)), labels] -= 1
    return error / len(labels)


def softmax_gradient(parameters, x, labels):
    weight, bias = parameters
    error = output_error(x @ weight + bias, labels)
    return [x.T @ error, error.sum(axis=0)]


def mlp_gradient(parameters, x, labels):
    w0, b0, w1, b1 = parameters
    pre = x @ w0 + b0
    hidden = np.maximum(pre, 0)
    error = output_error(hidden @ w1 + b1, labels)
    back = (error @ w1.T) * (pre > 0)
    return [x.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]


class Sgd:
    def __init__(self, rate):
        self.rate = rate

    def step(self, parameters, gradients):
        for p, g in zip(parameters, gradients):
            p -= self.rate * g


class Adam:
    def __init__(self, rate):
        self.rate, self.t, self.m, self.v = rate, 0, None, None

    def step(self, parameters, gradients):
        self.m = self.m or [np.zeros_like(p) for p in parameters]
        self.v = self.v or [np.zeros_like(p) for p in parameters]
        self.t += 1
        for p, g, m, v in zip(parameters, gradients, self.m, self.v):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= self.rate * (m / (1 - 0.9 ** self.t)) / (np.sqrt(v / (1 - 0.999 ** self.t)) + 1e-8)


def train(gradient, parameters, optimizer, epochs=1, rounds=None):
    x, y = digits()
    done = 0
    for _ in range(epochs):
        for begin in range(0, len(x), BATCH):
            if rounds is not None and done == rounds:
                return parameters
            optimizer.step(
                parameters, gradient(parameters, x[begin:begin + BATCH], y[begin:begin + BATCH]))
            done += 1
    return parameters


def distance(got, want):
    got = np.concatenate([np.asarray(g, float).ravel() for g in got])
    want = np.concatenate([w.ravel() for w in want])
    return np.linalg.norm(got - want) / np.linalg.norm(want)


@needs_digits
class Reference(unittest.TestCase):
    def test_softmax_sgd_with_1_2_and_4_ranks(self):
        want = train(softmax_gradient, [np.zeros((64, 10)), np.zeros(10)], Sgd(0.1), epochs=2)
        for workers in (1, 2, 4):
            with self.subTest(workers=workers):
                summary, cut = run("{kind: softmax}", "{kind: sgd, learning_rate: 0.1}", epochs=2,
                                   workers=workers)
                got = [cut.dense["softmax/weight"], cut.dense["softmax/bias"]]
                self.assertLess(distance([g.reshape(w.shape) for g, w in zip(got, want)], want),
                                1e-5)
                self.assertEqual(cut.sha256(), summary["parameters_sha256"])
                self.assertEqual(summary["samples"], 2 * len(digits()[0]))

    def mlp(self, optimizer_text, optimizer, **length):
        model = "{kind: mlp, hidden: [32]}"
        # A step too small to move a float32 leaves the initial values in the cut.
        names = ["layer0/weight", "layer0/bias", "layer1/weight", "layer1/bias"]
        shapes = [(64, 32), (32,), (32, 10), (10,)]

        def parameters(cut):
            return [cut.dense[n].reshape(s) for n, s in zip(names, shapes)]

        _, start = run(model, "{kind: sgd, learning_rate: 1.0e-30}", iterations=1)
        initial = [p.astype(float) for p in parameters(start)]
        self.assertGreater(np.std(initial[0]), 0.01)
        want = train(mlp_gradient, initial, optimizer,
                     epochs=length.get("epochs", 10), rounds=length.get("iterations"))
        for workers in (1, 2, 4):
            with self.subTest(workers=workers):
                _, cut = run(model, optimizer_text, workers=workers, **length)
                self.assertLess(distance(parameters(cut), want), 1e-5)

    def test_mlp_sgd_with_1_2_and_4_ranks(self):
        self.mlp("{kind: sgd, learning_rate: 0.1}", Sgd(0.1), epochs=1)

    def test_mlp_adam_30_rounds_with_1_2_and_4_ranks(self):
        self.mlp("{kind: adam, learning_rate: 0.001}", Adam(0.001), iterations=30)

    def test_same_bytes_in_every_run_and_with_1_2_and_3_servers(self):
        hashes = {
            (servers, attempt): run(
                "{kind: mlp, hidden: [48, 32]}", "{kind: adam, learning_rate: 0.002}", epochs=1,
                workers=2, servers=servers)[0]["parameters_sha256"]
            for servers, attempt in ((1, 0), (2, 0), (2, 1), (3, 0))}
        self.assertEqual(len(set(hashes.values())), 1, hashes)
        other = run("{kind: mlp, hidden: [48, 32]}", "{kind: adam, learning_rate: 0.0021}")[0]
        self.assertNotIn(other["parameters_sha256"], hashes.values())


if __name__ == "__main__":
    unittest.main()
