"""What `pacectl watch` said of one job, with the time at which it was heard."""

import json
import subprocess
import threading
import time

import cluster
from measure import Event, sample_of


class Trace:
    """Follows a job to its end on a thread of its own. Thread-safe."""

    def __init__(self, address, job_id, kind):
        self.job_id = job_id
        self.kind = kind
        self.ended = threading.Event()
        self.summary = None  # of the job as last heard
        self._address = address
        self._lock = threading.Lock()
        self._samples = []
        self._events = {}  # as keys, in order: the scheduler keeps the newest 100 only
        self._first_iteration = {}  # of (rank, incarnation)
        self._process = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"job {job_id}", daemon=True)
        self._thread.start()

    def _run(self):
        # pacectl follows through a scheduler's restart, but must find one at first.
        while not self.ended.is_set() and not self._stopped:
            self._process = subprocess.Popen(
                [str(cluster.BIN / "pacectl"), "--address", self._address, "watch", self.job_id,
                 "-o", "json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL, text=True)
            for line in self._process.stdout:
                self._hear(json.loads(line), time.time())
            self._process.wait()
            time.sleep(0.2)

    def _hear(self, job, now):
        sample = sample_of(job, now)
        with self._lock:
            self._samples.append(sample)
            self.summary = job["summary"]
            for event in job.get("events", []):
                self._events.setdefault(Event(int(event["time_ms"]) / 1000, event["kind"],
                                              event.get("message", "")))
            for number, rank in enumerate(sample.ranks):
                self._first_iteration.setdefault((number, rank.incarnation), rank.iteration)
        if sample.ended:
            self.ended.set()

    def stop(self):
        """Stops following a job that does not end."""
        self._stopped = True
        if self._process and self._process.poll() is None:
            self._process.kill()
        self._thread.join()

    def samples(self):
        with self._lock:
            return list(self._samples)

    def events(self):
        with self._lock:
            return list(self._events)

    def last(self):
        with self._lock:
            return self._samples[-1] if self._samples else None

    def ranks_with_progress(self):
        """Ranks of a running job whose present task has made progress of its own."""
        with self._lock:
            if not self._samples or self._samples[-1].state != "running":
                return []
            return [number for number, rank in enumerate(self._samples[-1].ranks)
                    if rank.pid and not rank.finished
                    and rank.iteration > self._first_iteration[number, rank.incarnation]]
