"""`pacectl local run --chaos`: the same parameters, whoever is killed."""

import json
import pathlib
import tempfile
import unittest

from cluster import DIGITS, JOBS, local_run, needs_digits, needs_shared_data, pacectl, write_job
from processes import counting


class LocalChaos(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def chaotic(self, job, events):
        """The summary of a run in which all events happened, and what was said of them."""
        done = pacectl("local", "run", job, "--servers", 2, "--workers", 2, "-o", "json",
                       "--chaos", ",".join(events), timeout=600, check=True)
        for event in events:
            self.assertIn(f"chaos: {event} at iteration ", done.stderr)
        return json.loads(done.stdout), done.stderr

    @needs_digits
    def test_the_same_parameters_with_and_without(self):
        job = write_job(self.folder, f"""
name: digits
model: {{kind: mlp, hidden: [256]}}
data:
  scale: 0.0625
  train: {{path: {DIGITS}, format: csv}}
train: {{global_batch: 32, epochs: 100, seed: 3, optimizer: {{kind: adam, learning_rate: 0.003}}}}
consistency: {{policy: bsp}}
""")
        golden = local_run(job)
        for events, restarts, rollbacks in (
                (("kill-worker@50", "kill-server@120"), 1, 1),
                # A stopped worker is lost after four heartbeats, 0.8 s, while its tasks go on:
                # that must have been noticed before anything else happens.
                (("kill-task@10", "stop-worker@500", "kill-task@3500", "kill-scheduler@4000"),
                 3, 0)):
            with self.subTest(events):
                summary, said = self.chaotic(job, events)
                self.assertEqual(summary["restarts"], restarts, said)
                self.assertEqual(summary["rollbacks"], rollbacks, said)
                self.assertEqual(summary["samples"], golden["samples"])
                self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    @needs_shared_data
    def test_mnist(self):
        job = JOBS / "mnist_mlp_bsp.yaml"
        golden = local_run(job)
        summary, said = self.chaotic(job, ("kill-worker@50", "kill-server@120"))
        self.assertEqual(summary["rollbacks"], 1, said)
        self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    def test_what_it_refuses(self):
        job = counting(self.folder, "refused", 10)
        for flags, text in (
                (("--chaos", "kill-wroker@50"), 'got "kill-wroker@50"'),
                (("--chaos", "kill-worker@50", "--in-process"), "with --in-process")):
            done = pacectl("local", "run", job, *flags)
            self.assertEqual(done.returncode, 2)
            self.assertIn(text, done.stderr)


if __name__ == "__main__":
    unittest.main()
