"""Every wrong job file gets a clear message and exit code 1 or 2: no crash, no hang."""

import tempfile
import unittest

from cluster import JOBS, pacectl, write_job

BAD = sorted((JOBS / "bad").glob("*.yaml")) + sorted((JOBS / "bad").glob("*.json")) \
    + sorted((JOBS / "bad").glob("*.textproto"))


class BadJobs(unittest.TestCase):
    def test_there_are_at_least_25(self):
        self.assertGreaterEqual(len(BAD), 25)

    def test_row_34_each_gets_its_message(self):
        for job in BAD:
            with self.subTest(job=job.name):
                first = job.read_text(errors="replace").splitlines()[0]
                self.assertIn("expect:", first, "the first line says what the message holds")
                expected = first.split("expect:", 1)[1].strip()
                done = pacectl("local", "run", job, "--servers", 2, "--workers", 2, timeout=60)
                self.assertIn(done.returncode, (1, 2), done.stderr)
                self.assertIn(expected, done.stderr)
                self.assertEqual(done.stdout.strip(), "")

    def test_row_34_impossible_resources_fail_a_local_run_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            job = write_job(folder, """
name: wide
model: {kind: counting}
train: {iterations: 10}
resources: {workers: 2000, servers: 1}
""")
            done = pacectl("local", "run", job, timeout=30)
            self.assertIn(done.returncode, (1, 2))
            self.assertIn("resources.workers", done.stderr)


if __name__ == "__main__":
    unittest.main()
