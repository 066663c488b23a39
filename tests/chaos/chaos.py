"""Runs jobs under a nemesis and checks that every one ends as without it.

See tests/chaos/run.sh for the usage, docs/testing.md for what is checked and printed.
"""

import argparse
import json
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import jobs  # noqa: E402  (after the path)
from cluster import Cluster, pacectl, wait_for, write_job  # noqa: E402
from nemesis import Nemesis, children  # noqa: E402
from report import report  # noqa: E402
from schedule import schedule  # noqa: E402
from job_trace import Trace  # noqa: E402

HEARTBEAT_MS = 200
SERVERS, WORKERS, SLOTS = 3, 4, 4
# Jobs at a time. They need at most 12 slots: what is left when a worker is away.
LANES = 3
# For the jobs that still run when the nemesis stops; for a submit that meets no scheduler.
END_SECONDS = 300
SUBMIT_SECONDS = 120
# For the tasks and tables of ended jobs to go.
LEFT_SECONDS = 30


class History:
    """Prints lines, and keeps records in a file. Thread-safe."""

    def __init__(self, path):
        self._file = open(path, "w")
        self._lock = threading.Lock()
        self.start = time.time()

    def record(self, what, at=None, **fields):
        with self._lock:
            self._file.write(json.dumps({"time": at or time.time(), "what": what, **fields}) + "\n")
            self._file.flush()

    def say(self, text):
        with self._lock:
            print(f"{time.time() - self.start:7.1f} s  {text}", flush=True)


class Jobs:
    """Keeps LANES jobs in the cluster until told to stop. Thread-safe."""

    def __init__(self, cluster, goldens, history):
        self._cluster, self._goldens, self._history = cluster, goldens, history
        self._kinds = jobs.endless()
        self._lock = threading.Lock()
        self._traces = []
        self._submitted = 0
        self._wrongs = []
        self._stop = threading.Event()
        self._lanes = [threading.Thread(target=self._lane, daemon=True) for _ in range(LANES)]
        for lane in self._lanes:
            lane.start()

    def _lane(self):
        while not self._stop.is_set():
            try:
                self._one()
            except Exception as error:  # a lane that dies would go unnoticed
                self._wrong(f"the runner: {error!r}")
                return

    def _one(self):
        with self._lock:
            kind = next(self._kinds)
            self._submitted += 1
            number = self._submitted
        folder = self._cluster.folder / "jobs" / f"{number:03}-{kind.name}"
        folder.mkdir(parents=True)
        file = write_job(folder, kind.text(folder / "cuts"))
        job_id = self._submit(file, f"chaos-{number}")
        self._history.record("submitted", job=job_id, kind=kind.name)
        trace = Trace(self._cluster.address, job_id, kind)
        with self._lock:
            self._traces.append(trace)
        trace.ended.wait()
        summary = trace.summary
        self._history.record("ended", job=job_id, kind=kind.name, summary=summary)
        for event in trace.events():
            self._history.record("event", at=event.time, job=job_id, kind=event.kind,
                                 message=event.message)
        wrongs = jobs.wrongs(kind, summary, self._goldens[kind.family], folder / "cuts")
        for wrong in wrongs:
            self._wrong(f"job {job_id} ({kind.name}): {wrong}")
        if not wrongs:
            shutil.rmtree(folder)

    def _submit(self, file, request_id):
        """The same request again until the scheduler has answered it."""
        def answered():
            done = pacectl("--address", self._cluster.address, "submit", file, "-o", "json",
                           "--request-id", request_id)
            if done.returncode == 0:
                return json.loads(done.stdout)["job_id"]
            if done.returncode not in (3, 5):  # unavailable, timeout
                raise AssertionError(f"submit: exit code {done.returncode}: {done.stderr}")
            return None
        return wait_for(answered, SUBMIT_SECONDS, f"an answer to {request_id}")

    def _nothing_left(self):
        """Whether no worker has a task and no server a table."""
        return (not any(children(worker.pid) for worker in self._cluster.workers)
                and not any(int(node["table_bytes"]) for node in self._cluster.nodes()))

    def _wrong(self, text):
        self._history.say(f"WRONG: {text}")
        self._history.record("wrong", text=text)
        with self._lock:
            self._wrongs.append(text)

    def running(self):
        with self._lock:
            return [trace for trace in self._traces if not trace.ended.is_set()]

    def traces(self):
        with self._lock:
            return list(self._traces)

    def finish(self):
        """Lets the jobs end; returns what was wrong."""
        self._stop.set()
        give_up = time.monotonic() + END_SECONDS
        for lane in self._lanes:
            lane.join(max(0.0, give_up - time.monotonic()))
        for trace in self.running():
            self._wrong(f"job {trace.job_id} ({trace.kind.name}) has not ended {END_SECONDS} s "
                        f"after the last fault: {trace.summary}")
            trace.stop()
        try:
            wait_for(self._nothing_left, LEFT_SECONDS, "tasks and tables of ended jobs to go")
        except AssertionError as error:
            self._wrong(str(error))
        listed = json.loads(self._cluster.pacectl("list", "-o", "json", check=True).stdout)
        if len(listed["jobs"]) != self._submitted:
            self._wrong(f"{self._submitted} jobs submitted, the scheduler has "
                        f"{len(listed['jobs'])}")
        with self._lock:
            return list(self._wrongs)


def torment(nemesis, faults, seconds, history):
    """Injects the faults at their times; returns those that happened."""
    start = time.monotonic()
    injected = []
    for fault in faults:
        time.sleep(max(0.0, start + fault.at - time.monotonic()))
        done = nemesis.inject(fault)
        if done is None:
            history.say(f"{fault.kind}: skipped, no task has made progress")
            continue
        injected.append(done)
        history.record("fault", at=done.time, kind=done.kind, victim=done.victim,
                       healed=done.healed, jobs=[trace.job_id for trace, _ in done.hit])
        verb = "on" if done.kind.startswith("stop") else "back"
        history.say(f"{done.kind} {done.victim}" + (
            f", {verb} after {done.healed - done.time:.2f} s" if done.kind != "kill-task" else ""))
    time.sleep(max(0.0, start + seconds - time.monotonic()))
    return injected


def main():
    parser = argparse.ArgumentParser(prog="tests/chaos/run.sh")
    parser.add_argument("--minutes", type=float, default=2, help="how long the nemesis works")
    parser.add_argument("--seed", type=int, help="of the faults; default: a new one")
    parser.add_argument("--no-faults", action="store_true", help="the same without a nemesis")
    parser.add_argument("--keep", action="store_true", help="keep the folder in any case")
    flags = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the cluster is stopped
    seed = random.SystemRandom().randrange(10**6) if flags.seed is None else flags.seed
    seconds = flags.minutes * 60
    faults = [] if flags.no_faults else schedule(seed, seconds)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="paceline-chaos-"))
    print(f"seed {seed}: {len(faults)} faults in {flags.minutes:g} minutes; {folder}", flush=True)

    wrongs = ["interrupted"]
    try:
        history = History(folder / "history.jsonl")
        history.record("start", seed=seed, minutes=flags.minutes)
        goldens = jobs.goldens(folder)
        for family, golden in goldens.items():
            history.say(f"golden {family}: {golden['parameters_sha256']}")
        with Cluster(SERVERS, WORKERS, SLOTS, folder=folder, heartbeat_ms=HEARTBEAT_MS) as cluster:
            for daemon in (*cluster.servers, *cluster.workers):
                daemon.ports()
            work = Jobs(cluster, goldens, history)
            nemesis = Nemesis(cluster, HEARTBEAT_MS / 1000, work.running)
            injected = torment(nemesis, faults, seconds, history)
            history.say("the nemesis stops")
            wrongs = work.finish()
        print()
        if len(injected) < len(faults):
            print(f"skipped: {len(faults) - len(injected)} faults, for want of a task that had "
                  "made progress")
        for line in report(work.traces(), injected, HEARTBEAT_MS / 1000, history.start):
            print(line)
    finally:
        if wrongs or flags.keep:
            print(f"kept: {folder} (again: tests/chaos/run.sh --minutes {flags.minutes:g} "
                  f"--seed {seed})")
        else:
            shutil.rmtree(folder)
    for wrong in wrongs:
        print(f"WRONG: {wrong}")
    print(f"chaos: {len(work.traces())} jobs, {len(injected)} faults, {len(wrongs)} wrong")
    return 1 if wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
