"""Gradients and weights that travel in fewer bytes: what a job saves, and what it loses."""

import pathlib
import tempfile
import unittest

from cluster import DIGITS, JOBS, local_run, needs_digits, pacectl


def job_file(folder, compression):
    text = (JOBS / "digits_mlp.yaml").read_text().replace("../../out/data", str(DIGITS.parent))
    path = pathlib.Path(folder) / "job.yaml"
    path.write_text(f"{text}\ncompression: {compression}\n")
    return path


@needs_digits
class Compression(unittest.TestCase):
    def run_job(self, compression, **how):
        with tempfile.TemporaryDirectory() as folder:
            summary = local_run(job_file(folder, compression), **how)
        self.assertEqual(summary["state"], "succeeded", summary)
        print(f"{compression}: {summary['eval']}, {summary['bytes_pushed']:.0f} bytes pushed, "
              f"{summary['bytes_pulled']:.0f} pulled", flush=True)
        return summary

    def test_half_and_quarter_of_the_bytes_learn_as_well(self):
        exact = self.run_job("{}")
        for codec, part in (("bf16", 0.5), ("fp16", 0.5), ("int8", 0.25 * 65 / 64)):
            with self.subTest(codec):
                summary = self.run_job(f"{{push: {codec}, pull: {codec}}}")
                self.assertGreaterEqual(summary["eval"]["accuracy"], 0.96)
                self.assertAlmostEqual(summary["bytes_pushed"] / exact["bytes_pushed"], part,
                                       delta=0.02)
                # Evaluation pulls float32.
                self.assertLess(summary["bytes_pulled"] / exact["bytes_pulled"], part + 0.1)

    def test_bsp_ends_with_the_same_bytes_on_any_number_of_servers(self):
        hashes = {self.run_job("{push: bf16, pull: int8}", servers=servers)["parameters_sha256"]
                  for servers in (1, 2)}
        self.assertEqual(len(hashes), 1)

    def test_a_table_that_there_is_not_fails_the_job_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            job = job_file(folder, "{tables: [{table: layer9/weight, push: bf16}]}")
            done = pacectl("local", "run", job, timeout=120)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("compression.tables[0].table: one of layer0/bias,", done.stderr)


if __name__ == "__main__":
    unittest.main()
