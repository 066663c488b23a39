"""Floors and targets, from numbers that can be checked by hand."""

import json
import pathlib
import tempfile
import unittest

import floors
from floors import Rates, mlp_flops, step_floor, targets

MOVED = {"H2D": 100, "D2H": 80, "push": 60, "pull": 90}


class Floors(unittest.TestCase):
    def test_the_arithmetic_of_a_network(self):
        # Forward 2, backward 4 operations a weight and sample, without the input's gradient.
        self.assertEqual(mlp_flops((3, 5, 2), 7), 7 * (6 * (15 + 10) - 2 * 15))
        self.assertEqual(mlp_flops((3, 2), 1), 4 * 6)

    def test_the_longest_way_is_the_floor(self):
        found = step_floor(1000, MOVED, Rates(flops=500, h2d=10, d2h=20, loopback=30))
        self.assertEqual(found, {"compute": 2, "h2d": 10, "d2h": 4, "wire": 3, "bytes": 10, "floor": 10})
        self.assertEqual(step_floor(1000, MOVED, Rates(50, 10, 20, 30))["floor"], 20)

    def test_rates_that_are_not_known(self):
        found = step_floor(1000, MOVED, Rates(loopback=30))
        self.assertEqual(found, {"compute": None, "h2d": None, "d2h": None, "wire": 3, "bytes": 3,
                                 "floor": 3})
        self.assertIsNone(step_floor(1000, MOVED, Rates())["floor"])
        # What does not compute needs no rate.
        self.assertEqual(step_floor(0, MOVED, Rates(loopback=30))["compute"], 0)

    def test_rates_of_the_benchmark_are_the_best_of_each(self):
        figures = [{"name": name, "rate": rate} for name, rate in (
            ("Gemm float32", 3e13), ("Gemm float32", 4e13), ("Gemm bf16", 4e14),
            ("host to device", 5e10), ("device to host", 4e10), ("host to device", 2e10))]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "rates.json"
            path.write_text(json.dumps({"figures": figures}))
            self.assertEqual(floors.rates_of(path), Rates(4e13, 5e10, 4e10, None))
            path.write_text(json.dumps({"figures": []}))
            self.assertEqual(floors.rates_of(path), Rates())

    def test_loopback(self):
        self.assertGreater(floors.measure_loopback(seconds=0.05, chunk=1 << 16), 0)


class Targets(unittest.TestCase):
    FLOORS = {"compute": 0.8, "bytes": 0.5, "floor": 0.8}

    def found(self, hidden=0.95, compute=0.8, communication=0.5):
        return {"hidden": hidden, "compute_seconds": compute, "communication_seconds": communication}

    def met(self, step, found=None, floor=None):
        return [met for _, met in targets(step, found, floor or self.FLOORS)]

    def test_step_time(self):
        self.assertEqual(self.met(1.0), [True])
        self.assertEqual(self.met(1.01), [False])
        self.assertIn("step 1.25 x the floor (compute)", targets(1.0, None, self.FLOORS)[0][0])
        self.assertIn("(bytes)", targets(1.0, None, {**self.FLOORS, "floor": 0.9})[0][0])

    def test_without_a_floor_of_compute_nothing_is_judged(self):
        self.assertEqual(self.met(1.0, None, {**self.FLOORS, "compute": None}), [])

    def test_hidden_communication(self):
        self.assertEqual(self.met(1.0, self.found()), [True, True])
        self.assertEqual(self.met(1.0, self.found(hidden=0.89)), [True, False])
        self.assertEqual(self.met(1.0, self.found(hidden=None)), [True])

    def test_what_is_longer_than_compute_cannot_be_hidden(self):
        self.assertEqual(self.met(1.0, self.found(hidden=0.3, communication=0.9)), [True])


if __name__ == "__main__":
    unittest.main()
