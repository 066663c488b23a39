"""Traces of real jobs: what is in them, and that they can be read however a task ended."""

import collections
import json
import os
import pathlib
import signal
import tempfile
import unittest

from cluster import DIGITS, Cluster, needs_digits, pacectl, wait_for, write_job
from processes import counting

# Times are microseconds with three digits.
SLACK = 0.01


def read_broken(text):
    """The events of a trace without its end, or with it; none of one that just begins."""
    if not text.startswith("["):
        return []
    text = text[:text.rfind("\n")].rstrip()
    return json.loads(text if text.endswith("]") else text.rstrip(",") + "]")


def ranks_of(events):
    """The spans of each rank, each with the name of its track, in order of their begin."""
    tracks = {(event["pid"], event["tid"]): event["args"]["name"]
              for event in events if event["name"] == "thread_name"}
    ranks = collections.defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            span = dict(event, track=tracks[event["pid"], event["tid"]],
                        iteration=event["args"]["iteration"],
                        bytes=event["args"].get("bytes", 0), end=event["ts"] + event["dur"])
            ranks[event["pid"]].append(span)
    for spans in ranks.values():
        spans.sort(key=lambda span: span["ts"])
    return ranks


class Trace(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def run_job(self, text, *flags):
        """Runs the job on two ranks; returns its trace."""
        trace = self.folder / "t.json"
        done = pacectl("local", "run", write_job(self.folder, text), "--servers", 2,
                       "--workers", 2, "--trace", trace, *flags, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(trace.read_text())

    @staticmethod
    def told_and_taken(found, iterations):
        """How long the rank computed and waited after the first iteration, and that time in all."""
        told = sum(found[t][name]["dur"] for t in range(1, iterations)
                   for name in ("wait for batch", "wait for rows", "forward", "backward",
                                "wait for acknowledgement"))
        return told, found[iterations - 1]["push"]["end"] - found[0]["push"]["end"]

    def check_rank(self, spans, iterations, names):
        """What holds of every rank's spans; returns them by iteration and name."""
        tracks = collections.defaultdict(list)
        found = collections.defaultdict(dict)
        for span in spans:
            self.assertGreaterEqual(span["dur"], 0)
            tracks[span["track"]].append(span)
            self.assertNotIn(span["name"], found[span["iteration"]], span)
            found[span["iteration"]][span["name"]] = span
        # Spans of a track follow one another.
        for name, track in tracks.items():
            for before, after in zip(track, track[1:]):
                self.assertLessEqual(before["end"], after["ts"] + SLACK, (name, before, after))
                self.assertLessEqual(before["iteration"], after["iteration"], name)
        for t in range(iterations):
            at = found[t]
            self.assertLessEqual(names, set(at), f"iteration {t}")
            self.assertEqual({at["forward"]["track"], at["backward"]["track"]}, {"compute"})
            self.assertEqual(at["push"]["track"], "push")
            self.assertEqual(at["pull"]["track"], "pull")
            self.assertGreater(at["push"]["bytes"], 0)
            self.assertGreater(at["pull"]["bytes"], 0)
            # One after the other:
            for before, after in (("wait for batch", "wait for rows"),
                                  ("wait for rows", "forward"),
                                  ("forward", "backward"),
                                  ("backward", "wait for acknowledgement"),
                                  ("pull", "forward")):
                self.assertLessEqual(at[before]["end"], at[after]["ts"] + SLACK, (before, after, t))
            if "read" in at:
                self.assertLessEqual(at["read"]["end"], at["wait for rows"]["ts"] + SLACK)
            # A layer's gradient leaves while others are computed, not before there is one.
            self.assertGreaterEqual(at["push"]["ts"], at["backward"]["ts"])
            self.assertAlmostEqual(at["push"]["end"], at["wait for acknowledgement"]["end"],
                                   delta=SLACK)
            if t > 0:
                # Pulls ahead belong to the iteration that they are for.
                self.assertGreaterEqual(at["pull"]["ts"], found[t - 1]["push"]["ts"])
        # The rank computes or waits, one after the other.
        told, time = self.told_and_taken(found, iterations)
        self.assertLessEqual(told, time + SLACK * iterations * 5)
        return found

    @needs_digits
    def test_every_phase_of_a_job_on_cpu(self):
        for model in ("{kind: mlp, hidden: [64]}", "{kind: softmax}"):
            with self.subTest(model):
                events = self.run_job(f"""
name: digits
model: {model}
data:
  scale: 0.0625
  train: {{path: {DIGITS}, format: csv}}
train: {{global_batch: 128, iterations: 20, optimizer: {{kind: sgd, learning_rate: 0.1}}}}
resources: {{device: cpu}}
""")
                ranks = ranks_of(events)
                self.assertEqual(set(ranks), {0, 1})
                for spans in ranks.values():
                    self.check_rank(spans, 20, {
                        "read", "wait for batch", "wait for rows", "forward", "backward",
                        "wait for acknowledgement", "push", "pull"})
                    self.assertEqual({span["track"] for span in spans if span["name"] == "read"},
                                     {"read"})
                names = {event["args"]["name"] for event in events
                         if event["name"] == "process_name"}
                self.assertEqual(len(names), 2)
                for rank in (0, 1):
                    self.assertTrue(any(
                        name.startswith(f"rank {rank} of job ") and name.endswith("(digits)")
                        for name in names), names)
                ends = [event["args"] for event in events if event["name"] == "trace_end"]
                self.assertEqual([end["dropped"] for end in ends], [0, 0])

    def test_an_emulated_step_takes_its_time(self):
        events = self.run_job("""
name: emulated
model: {kind: layers, layer_sizes: [524288, 524288, 524288, 524288]}
train: {iterations: 10, emulated_step_ms: 60}
resources: {device: emulated}
""")
        for spans in ranks_of(events).values():
            found = self.check_rank(spans, 10, {
                "wait for batch", "wait for rows", "forward", "backward",
                "wait for acknowledgement", "push", "pull"})
            for t in range(10):
                # A third of it is the forward pass.
                self.assertGreaterEqual(found[t]["forward"]["dur"], 20_000 - SLACK)
                step = found[t]["forward"]["dur"] + found[t]["backward"]["dur"]
                self.assertGreaterEqual(step, 60_000 - SLACK)
            told, time = self.told_and_taken(found, 10)
            self.assertGreater(told, time / 2)
            # One of the servers has the second of its layers before the last is computed: the
            # first of them leaves.
            self.assertTrue(any(found[t]["push"]["ts"] < found[t]["backward"]["end"]
                                for t in range(10)))

    def test_everything_in_one_process(self):
        events = self.run_job(
            "name: threads\nmodel: {kind: counting}\ntrain: {iterations: 5}\n", "--in-process")
        for spans in ranks_of(events).values():
            self.check_rank(spans, 5, {"forward", "backward", "push", "pull"})

    def test_a_job_that_fails_has_its_trace(self):
        data = self.folder / "bad.libsvm"
        data.write_text("1 1:0.5\n0 2:oops\n")
        trace = self.folder / "t.json"
        done = pacectl("local", "run", write_job(self.folder, f"""
name: bad
model: {{kind: logistic}}
data: {{train: {{path: {data}, format: libsvm}}}}
train: {{global_batch: 2, epochs: 1}}
"""), "--trace", trace)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue(any(event["name"] == "process_name"
                            for event in json.loads(trace.read_text())))

    def test_a_task_that_is_killed_leaves_what_it_did(self):
        trace = self.folder / "t.json"
        job = counting(self.folder, "killed", 3000)
        done = pacectl("local", "run", job, "--servers", 1, "--workers", 1, "--trace", trace,
                       "--chaos", "kill-task@1500", timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        spans = ranks_of(json.loads(trace.read_text()))[0]
        pushed = {span["iteration"] for span in spans if span["name"] == "push"}
        self.assertLessEqual({0, 2999}, pushed)
        # The last moments of the first life may be lost, and nothing else.
        lost = sorted(set(range(3000)) - pushed)
        self.assertEqual(lost, list(range(lost[0], lost[-1] + 1)) if lost else [])

    def test_a_worker_traces_each_task_and_its_files_can_be_read_at_any_time(self):
        job = counting(self.folder, "traced", 10**6, servers=1)
        trace = self.folder / "t.json"
        with Cluster(servers=1, workers=1, worker_flags=("--trace", trace)) as cluster:
            job_id = cluster.submit(job)
            first = self.folder / f"t.job-{job_id}.rank-0.1.json"

            def has_spans():
                return first.exists() and any(
                    span["name"] == "push" for span in ranks_of(read_broken(first.read_text()))[0])
            wait_for(has_spans, 60, "spans")
            os.kill(cluster.task_pids(job_id)[0], signal.SIGKILL)
            second = self.folder / f"t.job-{job_id}.rank-0.2.json"
            wait_for(second.exists, 60, "the trace of the second task")
            left = first.read_text()
            self.assertNotIn("trace_end", left)
            self.check_rank(ranks_of(read_broken(left))[0], 2, {"forward", "backward", "push"})
            cluster.pacectl("cancel", job_id, check=True)
            wait_for(lambda: "trace_end" in second.read_text(), 30, "the end of the trace")
            json.loads(second.read_text())

    def test_a_file_that_cannot_be_written_is_refused(self):
        job = counting(self.folder, "refused", 10)
        done = pacectl("local", "run", job, "--trace", self.folder / "none" / "t.json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--trace: a file that can be written expected", done.stderr)
        with Cluster(servers=0, workers=1,
                     worker_flags=("--trace", self.folder / "none" / "t.json")) as cluster:
            worker = cluster.workers[0]
            self.assertEqual(worker.process.wait(30), 2)
            self.assertIn("none/t.json", worker.log.read_text())


if __name__ == "__main__":
    unittest.main()
