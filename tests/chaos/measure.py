"""How long faults took to be noticed and to be over, from views of jobs. Pure functions."""

import dataclasses
import re

ENDED = ("succeeded", "failed", "cancelled")
SETTLED = ("checkpointing", *ENDED)
RANK = re.compile(r"rank (\d+) ")


@dataclasses.dataclass(frozen=True)
class Rank:
    incarnation: int
    worker: str  # its daemon's address
    pid: int
    iteration: int
    finished: bool


@dataclasses.dataclass(frozen=True)
class Sample:
    time: float  # seconds since 1970
    state: str
    ranks: tuple
    servers: tuple  # addresses

    @property
    def ended(self):
        return self.state in ENDED


@dataclasses.dataclass(frozen=True)
class Event:
    time: float
    kind: str
    message: str


def sample_of(job, now):
    ranks = tuple(
        Rank(int(rank.get("incarnation", 0)), rank.get("worker_address", ""),
             int(rank.get("pid", 0)), int(rank.get("iteration", 0)), rank.get("finished", False))
        for rank in job.get("ranks", []))
    servers = tuple(placed["address"] for placed in job.get("placement", []))
    return Sample(now, job["summary"]["state"], ranks, servers)


def detected(events, since, until, ranks):
    """Time of the first event in [since, until) by which the scheduler reacts to the loss
    of one of `ranks`, or of a server (ranks None); None if there is none."""
    for event in events:
        if not since <= event.time < until:
            continue
        if ranks is None:
            if event.kind == "RECOVERING":
                return event.time
        elif event.kind == "TASK_EXITED" and int(RANK.match(event.message)[1]) in ranks:
            return event.time
    return None


def recovered(samples, since, ranks):
    """Time after `since` at which the job is heard to run with all of `ranks` (None:
    all there are) having advanced, or has gone beyond running; None if never."""
    before = None
    for sample in samples:
        if sample.time <= since:
            continue
        if sample.state in SETTLED:
            return sample.time
        if sample.state != "running":
            before = None
            continue
        chosen = range(len(sample.ranks)) if ranks is None else ranks
        if before is None:
            before = sample.ranks
        elif all(sample.ranks[r].finished or sample.ranks[r].iteration > before[r].iteration
                 for r in chosen):
            return sample.time
        elif any(sample.ranks[r].iteration < before[r].iteration for r in chosen):
            before = sample.ranks
    return None


def percentile(values, p):
    """The smallest value that at least p % of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * p // 100) - 1)]


def p50_p99(values):
    return f"{percentile(values, 50):.1f} / {percentile(values, 99):.1f}" if values else "-"


def goodput(runs, step_seconds):
    """Compute time of the iterations that count over the time from RUNNING to the
    end, both summed over all ranks. `runs`: summaries."""
    useful = sum(run["iterations"] * step_seconds for run in runs)
    held = sum(run["wall_seconds"] * run["ranks"] for run in runs)
    return useful / held if held else 0.0
