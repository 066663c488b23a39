"""What is made of a timed run: rates, floors, targets and the table; on fake runs."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import bundle_cluster
import performance
from bundle_cluster import JobFailed
from floors import Rates
from performance import Measured, measure, table, traced_run
from report import Report

SUMMARY = {"device": "cuda", "device_name": "A GPU", "samples": 1000, "wall_seconds": 4.0,
           "bytes_pushed": 600, "bytes_pulled": 900}
# Of a step of 10 ms.
FOUND = {"ranks": 1, "dropped": 0, "steps": 9, "step_seconds": 0.011, "step_seconds_median": 0.010,
         "shares": {"compute": 0.8, "copies": 0.2, "wire": 0.3, "wait": 0.1, "read": 0.05}, "idle": 0.1,
         "compute_seconds": 0.008, "communication_seconds": 0.005, "exposed_seconds": 0.0002,
         "hidden": 0.96, "bytes": {"H2D": 70}}
RATES = Rates(flops=1e6, h2d=1e6, d2h=1e6, loopback=1e6)


class Row(unittest.TestCase):
    def measure(self, run, rates=RATES):
        self.said = []
        report = Report(write=self.said.append)
        measure(report, run, "mlp", "job", batch=100, rounds=10, flops=8000, batch_bytes=40,
                rates=rates, skip=1)
        return report

    def test_a_row(self):
        report = self.measure(lambda job, skip: Measured(SUMMARY, FOUND, ""))
        (figure,) = report.figures
        self.assertEqual(figure["samples_per_second"], 10000)
        self.assertEqual(figure["whole_run_samples_per_second"], 250)
        self.assertEqual(figure["floors"]["compute"], 0.008)
        # What the trace says of copies, and the summary of the rest.
        self.assertEqual((figure["floors"]["h2d"], figure["floors"]["d2h"], figure["floors"]["wire"]),
                         (70e-6, 60e-6, 90e-6))
        self.assertEqual([one["met"] for one in figure["targets"]], [True, True])
        self.assertEqual(table(report)[2:], [
            "| mlp | 10,000 | 10.00 ms | 80% | 20% | 30% | 10% | 96% | 1.25 |"])
        self.assertIn("         met:    96.0% of communication hidden, at least 90% wanted", self.said)

    def test_a_target_that_is_missed_fails_nothing(self):
        report = self.measure(lambda job, skip: Measured(SUMMARY, {**FOUND, "hidden": 0.5}, ""))
        self.assertIn("MISSED: 50.0% of communication hidden", "\n".join(self.said))
        self.assertEqual(report.failed, [])

    def test_without_a_trace(self):
        report = self.measure(lambda job, skip: Measured(SUMMARY, None, "none"), Rates(loopback=1e6))
        (figure,) = report.figures
        self.assertEqual(figure["samples_per_second"], 250)
        self.assertIn("         no trace: none", self.said)
        self.assertEqual(figure["targets"], [])
        self.assertIn("| mlp | 250 | 400.00 ms |  |  |  |  |  | ", table(report)[2])
        # Rows come down before the pass, with the batch.
        self.assertEqual(performance.bytes_of_step(Measured(SUMMARY, None, ""), 10, 40),
                         {"push": 60, "pull": 90, "D2H": 60, "H2D": 130})

    def test_a_job_that_fails(self):
        def run(job, skip):
            raise JobFailed("needs 3 MiB, 2 free")
        report = self.measure(run)
        self.assertEqual(report.failed, ["mlp"])
        self.assertEqual(len(table(report)), 2)


class Programs:
    """Writes a trace of a run."""

    def __init__(self, events):
        self._events = events

    def local_run(self, job, workers, trace):
        pathlib.Path(trace).write_text(json.dumps(self._events))
        return {"job": job, "workers": workers}


class Trace(unittest.TestCase):
    def test_it_is_read_and_kept(self):
        events = [{"ph": "X", "name": "forward", "ts": 1000 * t, "dur": 1, "args": {"iteration": t}}
                  for t in range(5)]
        with tempfile.TemporaryDirectory() as folder:
            for keep in (folder, None):
                measured = traced_run(Programs(events), "name: j\n", 2, keep)
                self.assertEqual(measured.summary, {"job": "name: j\n", "workers": 1})
                self.assertAlmostEqual(measured.found["step_seconds"], 0.001)
                self.assertEqual([path.name for path in pathlib.Path(folder).iterdir()], ["j.json"])

    def test_why_there_is_none(self):
        self.assertIn("j.json: no span named forward", traced_run(Programs([]), "name: j\n", 0).no_trace)


class Bundles(unittest.TestCase):
    def test_what_is_no_bundle(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(FileNotFoundError, "pacectl: no such program: is .* a bundle"):
                bundle_cluster.Programs(folder)

    def test_cublas_in_the_bundle_needs_no_search(self):
        with tempfile.TemporaryDirectory() as temp:
            lib = pathlib.Path(temp) / "lib"
            lib.mkdir()
            (lib / bundle_cluster.CUBLAS).write_text("")
            self.assertEqual(bundle_cluster.cublas_folder(pathlib.Path(temp)), "")

    def test_jobs_that_do_not_succeed(self):
        def ends(code, stdout, stderr=""):
            def pacectl(*command, timeout):
                self.assertEqual(command, ("submit", "-o", "json", "--timeout", 5))
                self.assertGreater(timeout, 5)
                if code is None:
                    raise subprocess.TimeoutExpired(command, timeout)
                return subprocess.CompletedProcess(command, code, stdout, stderr)
            return bundle_cluster.summary_of(pacectl, "name: j\n", 5, "submit")
        self.assertEqual(ends(0, '{"state": "succeeded"}'), {"state": "succeeded"})
        for end, said in (((1, '{"reason": "out of memory"}'), "j: exit code 1: out of memory"),
                          ((5, "", "pending: needs 1 GPU\n"), "j: exit code 5: pending: needs 1 GPU"),
                          ((None, ""), "j: pacectl did not end within 65 s")):
            with self.assertRaises(JobFailed) as failed:
                ends(*end)
            self.assertEqual(str(failed.exception), said)

    def test_the_reason_of_a_summary(self):
        self.assertEqual(bundle_cluster.reason('{"reason": "no slot"}'), "no slot")
        self.assertEqual(bundle_cluster.reason("trouble"), "")
        self.assertEqual(bundle_cluster.reason("[]"), "")


if __name__ == "__main__":
    unittest.main()
