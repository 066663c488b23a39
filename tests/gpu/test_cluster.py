"""cluster.py itself, with cpu in place of cuda and as little as shows that it works."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
# What deploy/build.sh makes is a bundle as far as this goes.
BUNDLE = FOLDER.parents[1] / "out"
needs_programs = unittest.skipUnless((BUNDLE / "bin" / "pacectl").is_file(),
                                     f"no programs in {BUNDLE}: run deploy/build.sh")


def program(*flags):
    return subprocess.run([sys.executable, str(FOLDER / "cluster.py"), *map(str, flags)], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=600)


class Cluster(unittest.TestCase):
    def test_usage(self):
        for flags, said in (((), "--bundle"),
                            (("--bundle", "x", "--only", "speed"), "invalid choice"),
                            (("--bundle", "x", "--gemm-tflops", "-1"),
                             "--gemm-tflops: a number above 0 expected, got -1.0")):
            done = program(*flags)
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)
        done = program("--bundle", "/nonexistent")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cluster.py: /nonexistent/bin/pacectl: no such program", done.stderr)

    @needs_programs
    def test_all_parts(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "report.json"
            done = program("--bundle", BUNDLE, "--device", "cpu", "--tiny", "--json", path,
                           "--gemm-tflops", "0.1", "--h2d-gbps", "10", "--d2h-gbps", "10")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            report = json.loads(path.read_text())
        self.assertEqual([check for check in report["checks"] if not check["ok"]], [])
        # Ratings and text have no accuracy; clusters have the bytes of cpu in its place.
        self.assertEqual(len(report["checks"]), 1 + 9 * 4 + 2 * 3 + 3)
        self.assertIn("46 checks, 0 failed", done.stdout)
        curves = {figure["name"]: figure["curve"] for figure in report["figures"] if "curve" in figure}
        kinds = ("mlp", "softmax", "logistic", "fm", "cnn", "wide_deep", "deepfm", "dcn", "mf",
                 "kmeans", "lm")
        self.assertEqual(set(curves), {f"{kind} on cpu" for kind in kinds})
        for name, curve in curves.items():
            self.assertGreater(len(curve), 5, name)
            self.assertLess(curve[-1][1], curve[0][1], name)
        timed = [figure for figure in report["figures"] if "floors" in figure]
        self.assertEqual(len(timed), 4)
        for figure in timed:
            self.assertGreater(figure["samples_per_second"], 0)
            self.assertGreater(figure["floors"]["floor"], 0)
            self.assertGreater(figure["trace"]["shares"]["compute"], 0)
            self.assertIsNotNone(figure["trace"]["hidden"])
            self.assertIn(f"| {figure['name']} | ", done.stdout)
        self.assertGreater(report["machine"]["rates"]["loopback"], 0)


if __name__ == "__main__":
    unittest.main()
