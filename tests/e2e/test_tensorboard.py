"""Curves as TensorBoard's own reader sees them."""

import pathlib
import tempfile
import unittest

from cluster import DIGITS, Cluster, needs_digits, pacectl, wait_for, write_job

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    EventAccumulator = None


def curves(folder):
    """{tag: [(step, value)]} of the only event file below `folder`."""
    (file,) = pathlib.Path(folder).rglob("events.out.tfevents.*")
    reader = EventAccumulator(str(file), size_guidance={"scalars": 0})
    reader.Reload()
    return {tag: [(point.step, point.value) for point in reader.Scalars(tag)]
            for tag in reader.Tags()["scalars"]}


@unittest.skipUnless(EventAccumulator, "tensorboard is not installed: tests/requirements.txt")
@needs_digits
class TensorBoard(unittest.TestCase):
    def setUp(self):
        self._temp = tempfile.TemporaryDirectory(prefix="paceline-tensorboard-")
        self.addCleanup(self._temp.cleanup)
        self.folder = pathlib.Path(self._temp.name)

    def job(self, epochs, output=""):
        return write_job(self.folder, f"""
name: digits
model: {{kind: mlp, hidden: [64]}}
data:
  scale: 0.0625
  train: {{path: {DIGITS}, format: csv}}
  eval: {{path: {DIGITS}, format: csv}}
train:
  global_batch: 64
  epochs: {epochs}
  eval_every_iterations: 50
  optimizer: {{kind: adam, learning_rate: 0.003}}
resources: {{workers: 2, servers: 2}}
{output}
""")

    def check(self, found, evals):
        """`evals`: those that the scheduler shows of the job."""
        for tag, points in found.items():
            steps = [step for step, _ in points]
            self.assertEqual(steps, sorted(set(steps)), tag)
        self.assertGreater(len(evals), 1)
        shown = [(int(e["iteration"]), e["result"]["accuracy"]) for e in evals]
        self.assertEqual([step for step, _ in found["eval/accuracy"]], [step for step, _ in shown])
        for (_, value), (_, accuracy) in zip(found["eval/accuracy"], shown):
            self.assertAlmostEqual(value, accuracy, places=6)
        self.assertGreater(found["eval/accuracy"][-1][1], 0.8)

    def test_a_local_run(self):
        pacectl("local", "run", self.job(epochs=10), "--tensorboard", self.folder / "runs",
                timeout=300, check=True)
        self.assertTrue((self.folder / "runs" / "digits-1").is_dir())
        found = curves(self.folder / "runs")
        self.assertGreater(len(found["eval/accuracy"]), 1)
        self.assertGreater(found["eval/accuracy"][-1][1], 0.8)

    def test_the_scheduler_writes_what_the_job_asks_for_and_goes_on_after_a_restart(self):
        job = self.job(epochs=60, output="output: {tensorboard: runs}")
        with Cluster(servers=2, workers=2) as cluster:
            job_id = cluster.submit(job)
            file = self.folder / "runs" / f"digits-{job_id}"
            wait_for(file.is_dir, 60, "an event file")
            cluster.scheduler.kill()
            cluster.restart_scheduler()
            cluster.wait_for_state(job_id, "succeeded", seconds=300)
            evals = cluster.job(job_id)["evals"]
            # Whoever follows a job writes the same, also when it has ended.
            cluster.pacectl("watch", job_id, "--tensorboard", self.folder / "watched", check=True)
            self.check(curves(self.folder / "watched"), evals)
            # Stopped, the scheduler has written everything.
            cluster.scheduler.stop()
        self.check(curves(self.folder / "runs"), evals)


if __name__ == "__main__":
    unittest.main()
