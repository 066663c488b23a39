"""Kills and stops processes of a cluster as the schedule says, and heals them again.

Every process is signalled by its own pid: daemons as the children of this program,
tasks as the children of the worker daemons.
"""

import contextlib
import dataclasses
import os
import pathlib
import signal
import time


# A host is a worker daemon with its tasks. (A killed one takes them along anyway.)
ROLES = {"stop-host": "worker"}


@dataclasses.dataclass
class Injected:
    """A fault that happened."""
    kind: str
    victim: str
    time: float  # seconds since 1970
    healed: float = 0.0
    hold_seconds: float = 0.0
    long: bool = False
    # What it hit: (trace, ranks), ranks None where all of the job is concerned.
    hit: list = dataclasses.field(default_factory=list)


def children(pid):
    """Process ids of the children of a process; none if it is gone."""
    found = []
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, path.read_text().split())
    return found


def send(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


class Nemesis:
    """Owned by one thread."""

    def __init__(self, cluster, heartbeat_seconds, running):
        self._cluster = cluster
        self._heartbeat = heartbeat_seconds
        self._running = running  # returns the traces of jobs that have not ended

    def inject(self, fault):
        """Does it, heals it; returns what happened, or None if there was no victim."""
        role = ROLES.get(fault.kind) or fault.kind.split("-")[1]
        if role == "task":
            chosen = self._choose_task(fault.pick)
            if chosen is None:
                return None
            return self._stop_or_kill_task(fault, *chosen)
        if role == "cut":
            return self._power_cut(fault)
        return self._stop_or_kill_daemon(fault, role)

    def _hold(self, fault, injected):
        injected.hold_seconds = fault.hold * self._heartbeat
        injected.long = fault.long
        time.sleep(injected.hold_seconds)

    def _choose_task(self, pick):
        """A rank whose task has made progress of its own. So no rank dies twice at the
        same iteration by our hand: three such deaths fail a job, and rightly so."""
        found = [(trace, rank) for trace in self._running() for rank in trace.ranks_with_progress()]
        mine = {pid for worker in self._cluster.workers for pid in children(worker.pid)}
        found = [(trace, rank) for trace, rank in found if trace.last().ranks[rank].pid in mine]
        return found[int(pick * len(found))] if found else None

    def _stop_or_kill_task(self, fault, trace, rank):
        pid = trace.last().ranks[rank].pid
        injected = Injected(fault.kind, f"job {trace.job_id} rank {rank}", time.time(),
                            hit=[(trace, {rank})])
        if fault.kind == "kill-task":
            send([pid], signal.SIGKILL)
        else:
            # The descriptor makes sure that it is this process that goes on.
            handle = os.pidfd_open(pid)
            try:
                signal.pidfd_send_signal(handle, signal.SIGSTOP)
                self._hold(fault, injected)
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGCONT)
            finally:
                os.close(handle)
        injected.healed = time.time()
        return injected

    def _stop_or_kill_daemon(self, fault, role):
        if role == "scheduler":
            index, daemon = 0, self._cluster.scheduler
        else:
            daemons = self._cluster.servers if role == "server" else self._cluster.workers
            index = int(fault.pick * len(daemons))
            daemon = daemons[index]
        injected = Injected(fault.kind, daemon.name, time.time(), hit=self._hit_by(role, daemon))
        if fault.kind.startswith("kill"):
            daemon.kill()
            self._hold(fault, injected)
            self._start(role, index)
        else:
            pids = [daemon.pid]
            send(pids, signal.SIGSTOP)
            if fault.kind == "stop-host":
                # A stopped daemon does not reap: these ids stay theirs.
                pids += children(daemon.pid)
                send(pids, signal.SIGSTOP)
            self._hold(fault, injected)
            send(reversed(pids), signal.SIGCONT)
        injected.healed = time.time()
        return injected

    def _hit_by(self, role, daemon):
        hit = []
        for trace in self._running():
            last = trace.last()
            if last is None or last.state != "running":
                continue
            if role == "scheduler":
                hit.append((trace, None))
            elif role == "server" and daemon.address() in last.servers:
                hit.append((trace, None))
            elif role == "worker":
                ranks = {number for number, rank in enumerate(last.ranks)
                         if rank.worker == daemon.address() and not rank.finished}
                if ranks:
                    hit.append((trace, ranks))
        return hit

    def _power_cut(self, fault):
        injected = Injected(fault.kind, "everything", time.time(),
                            hit=self._hit_by("scheduler", self._cluster.scheduler))
        everything = [self._cluster.scheduler, *self._cluster.servers, *self._cluster.workers]
        send([daemon.pid for daemon in everything], signal.SIGKILL)
        for daemon in everything:
            daemon.kill()
        self._hold(fault, injected)
        self._start("scheduler", 0)
        for index in range(len(self._cluster.servers)):
            self._start("server", index)
        for index in range(len(self._cluster.workers)):
            self._start("worker", index)
        injected.healed = time.time()
        return injected

    def _start(self, role, index):
        """Starts a daemon on its port, which somebody else's connection may hold for a
        while: like a supervisor, tries again."""
        give_up = time.monotonic() + 60
        while True:
            try:
                if role == "scheduler":
                    self._cluster.restart_scheduler()
                elif role == "server":
                    self._cluster.restart_server(index)
                    self._cluster.servers[index].ports()
                else:
                    self._cluster.restart_worker(index)
                    self._cluster.workers[index].ports()
                return
            except AssertionError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.5)
