"""Shares and overlap of traces that were made by hand."""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from trace_shares import intersection, length, lines, read, shares, union

PROGRAM = pathlib.Path(__file__).with_name("trace_shares.py")


def span(name, iteration, begin_ms, end_ms, pid=1, **args):
    return {"ph": "X", "name": name, "ts": begin_ms * 1e3, "dur": (end_ms - begin_ms) * 1e3,
            "pid": pid, "tid": 1, "args": {"iteration": iteration, **args}}


def step(iteration, at, pid=1):
    """10 ms: compute during 6 of them, communication during 5, of which 3 lie under compute."""
    return [span("read", iteration, at - 1, at, pid),
            span("forward", iteration, at, at + 2, pid),
            span("backward layer1", iteration, at + 2, at + 4, pid),
            span("backward layer0", iteration, at + 4, at + 6, pid),
            span("D2H", iteration, at + 3, at + 5, pid, bytes=100),
            span("push", iteration, at + 4, at + 7, pid),
            span("pull", iteration, at + 6, at + 8, pid),
            span("wait for rows", iteration, at + 7, at + 9, pid)]


class Intervals(unittest.TestCase):
    def test_union(self):
        self.assertEqual(union([]), [])
        self.assertEqual(union([(3, 4), (1, 2), (2, 3), (7, 9), (7, 8), (5, 5)]), [(1, 4), (7, 9)])

    def test_intersection(self):
        self.assertEqual(intersection([(0, 2), (4, 8)], [(1, 5), (6, 7), (8, 9)]),
                         [(1, 2), (4, 5), (6, 7)])
        self.assertEqual(intersection([(0, 2)], [(2, 3)]), [])

    def test_length(self):
        self.assertEqual(length([(0, 2), (4, 8)]), 6)


class Shares(unittest.TestCase):
    def trace(self, steps=5, pid=1, every=10):
        return [event for t in range(steps) for event in step(t, 100 + every * t, pid)]

    def check(self, found):
        self.assertAlmostEqual(found["step_seconds"], 0.010)
        self.assertAlmostEqual(found["shares"]["compute"], 0.6)
        self.assertAlmostEqual(found["shares"]["copies"], 0.2)
        self.assertAlmostEqual(found["shares"]["wire"], 0.4)
        self.assertAlmostEqual(found["shares"]["wait"], 0.2)
        self.assertAlmostEqual(found["shares"]["read"], 0.1)
        self.assertAlmostEqual(found["idle"], 0)
        self.assertAlmostEqual(found["communication_seconds"], 0.005)
        self.assertAlmostEqual(found["hidden"], 3 / 5)
        self.assertAlmostEqual(found["exposed_seconds"], 0.002)
        self.assertEqual(found["bytes"], {"D2H": 100})

    def test_a_step(self):
        found = shares(self.trace())
        self.assertEqual((found["ranks"], found["steps"]), (1, 4))
        self.check(found)

    def test_what_other_events_say_does_not_count(self):
        self.check(shares(self.trace() + [
            {"ph": "M", "name": "thread_name", "pid": 1, "tid": 1, "args": {"name": "compute"}},
            {"ph": "X", "name": "dropped", "ts": 0, "dur": 1e9, "pid": 1},
            {"ph": "C", "name": "forward", "ts": 0, "pid": 1}]))

    def test_slow_first_steps_can_be_skipped(self):
        slow = [span("forward", 0, 0, 70), *[{**event, "args": {**event["args"], "iteration":
                event["args"]["iteration"] + 1}} for event in self.trace()]]
        self.assertGreater(shares(slow)["step_seconds"], 0.02)
        self.check(shares(slow, skip=1))

    def test_spans_that_cross_the_window_are_cut(self):
        trace = [span("forward", t, 10 * t, 10 * t + 1) for t in range(3)]
        found = shares([*trace, span("push", 0, -50, 5), span("pull", 2, 15, 90)])
        self.assertAlmostEqual(found["communication_seconds"], (5 + 5) / 2 / 1e3)
        self.assertAlmostEqual(found["idle"], 1 - 11 / 20)

    def test_ranks_are_looked_at_one_by_one(self):
        # In the same time the other rank computes: that hides nothing of this one's pushes.
        other = [span("forward", t, 100 + 20 * t, 120 + 20 * t, pid=2) for t in range(5)]
        found = shares(self.trace() + other)
        self.assertEqual(found["ranks"], 2)
        self.assertAlmostEqual(found["step_seconds"], 0.015)
        self.assertAlmostEqual(found["hidden"], 3 / 5)

    def test_spans_that_were_dropped_are_said(self):
        end = {"ph": "M", "name": "trace_end", "pid": 1, "tid": 0, "args": {"spans": 7, "dropped": 3}}
        found = shares([*self.trace(), end])
        self.assertEqual(found["dropped"], 3)
        self.assertIn("3 spans were dropped", "\n".join(lines(found)))
        self.assertEqual(shares(self.trace())["dropped"], 0)

    def test_nothing_to_hide(self):
        self.assertIsNone(shares([span("forward", t, t, t + 1) for t in range(3)])["hidden"])

    def test_traces_that_say_nothing_of_steps(self):
        for events, said in (
                ([], "no span named forward"),
                ([span("push", 1, 0, 1)], "no span named forward"),
                (self.trace(1), "1 iterations with a forward pass after the first 0"),
                ([{**span("forward", 1, 0, 1), "dur": -1}], "at least 0 expected"),
                ([{**span("forward", 1, 0, 1), "args": {}}], "args.iteration expected")):
            with self.subTest(said), self.assertRaisesRegex(ValueError, said):
                shares(events)


class Program(unittest.TestCase):
    def run_on(self, folder, traces, *flags):
        paths = []
        for name, trace in traces.items():
            paths.append(pathlib.Path(folder) / name)
            text = json.dumps(trace).encode()
            paths[-1].write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return subprocess.run([sys.executable, PROGRAM, *map(str, paths), *flags],
                              capture_output=True, text=True)

    def test_files(self):
        trace = [event for t in range(5) for event in step(t, 10 * t)]
        with tempfile.TemporaryDirectory() as folder:
            done = self.run_on(folder, {"a.json": trace, "b.json.gz": {"traceEvents": trace}}, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(done.stdout)
            self.assertEqual(found["ranks"], 2)
            self.assertAlmostEqual(found["hidden"], 0.6)
            done = self.run_on(folder, {"a.json": trace})
            self.assertIn("60.0% hidden under compute", done.stdout)
            self.assertIn("step: 10.000 ms", done.stdout)

    def test_a_trace_that_breaks_off(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "t.json"
            trace = [event for t in range(5) for event in step(t, 10 * t)]
            path.write_text("[\n" + "".join(json.dumps(event) + ",\n" for event in trace))
            self.assertEqual(read(path), trace)

    def test_what_is_no_trace(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.run_on(folder, {"a.json": []})
            self.assertEqual(done.returncode, 1)
            self.assertIn("trace_shares: no span named forward", done.stderr)
            (pathlib.Path(folder) / "b.json").write_text("{")
            done = subprocess.run([sys.executable, PROGRAM, f"{folder}/b.json"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("trace_shares: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
