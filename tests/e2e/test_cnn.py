"""Convolutional networks on real processes: digits of MNIST by two ranks and two servers, and
images in CIFAR-10's binary form."""

import os
import random
import tempfile
import unittest

from cluster import JOBS, SHARED, local_run, needs_shared_data, write_job

FULL = bool(os.environ.get("PACELINE_FULL"))


def mnist_job(folder, policy, epochs):
    """tests/jobs/mnist_cnn.yaml under another policy and for so many epochs."""
    text = (JOBS / "mnist_cnn.yaml").read_text()
    for old, new in (("../../../shared/data", str(SHARED)), ("policy: bsp", f"policy: {policy}"),
                     ("epochs: 10", f"epochs: {epochs}")):
        assert old in text, old
        text = text.replace(old, new)
    return write_job(folder, text)


class Cnn(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="paceline-cnn-")
        self.addCleanup(temp.cleanup)
        self.folder = temp.name

    def run_mnist(self, policy, epochs):
        summary = local_run(mnist_job(self.folder, policy, epochs))
        self.assertEqual(summary["state"], "succeeded", summary)
        self.assertEqual((summary["policy"], summary["device"]), (policy, "cpu"))
        self.assertEqual((summary["ranks"], summary["servers"]), (2, 2))
        rate = summary["samples"] / summary["wall_seconds"]
        print(f"mnist_cnn {policy}, {epochs} epochs: {summary['eval']} in "
              f"{summary['wall_seconds']:.1f} s, {rate:.0f} samples/s", flush=True)
        return summary

    @needs_shared_data
    def test_mnist_short(self):
        self.assertGreaterEqual(self.run_mnist("bsp", 2)["eval"]["accuracy"], 0.95)

    @needs_shared_data
    @unittest.skipUnless(FULL, "minutes: only with PACELINE_FULL=1")
    def test_mnist_of_all_policies(self):
        for policy in ("bsp", "ssp", "asp"):
            with self.subTest(policy):
                self.assertGreaterEqual(self.run_mnist(policy, 10)["eval"]["accuracy"], 0.97)

    def test_cifar10_binary(self):
        """Images whose colour tells their class, and the same bytes in a second run."""
        random.seed(1)
        records = bytearray()
        for _ in range(400):
            label = random.randrange(10)
            records.append(label)
            for plane in range(3):
                level = 25 * ((label + 3 * plane) % 10)
                records += bytes(min(255, level + random.randrange(30)) for _ in range(1024))
        data = os.path.join(self.folder, "data_batch.bin")
        with open(data, "wb") as file:
            file.write(records)
        job = write_job(self.folder, f"""
name: cifar10-colours
model:
  kind: cnn
  cnn: {{conv: [{{channels: 8, stride: 2}}, {{channels: 16, pool: 4}}], batch_norm: true}}
data:
  scale: 0.0039
  train: {{path: {data}, format: cifar10}}
  eval: {{path: {data}, format: cifar10}}
train: {{global_batch: 40, epochs: 10, optimizer: {{kind: adam, learning_rate: 0.01}}}}
""")
        first, second = local_run(job), local_run(job)
        self.assertGreaterEqual(first["eval"]["accuracy"], 0.9)
        self.assertEqual(first["parameters_sha256"], second["parameters_sha256"])


if __name__ == "__main__":
    unittest.main()
