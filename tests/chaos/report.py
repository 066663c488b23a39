"""The figures of a chaos run, as lines of text."""

import collections
import itertools

import jobs
import measure

SHOWN_SLOWEST = 3


def kind_of(fault):
    if fault.kind.startswith("stop"):
        return fault.kind + (" long" if fault.long else " short")
    return fault.kind


def report(traces, injected, heartbeat, start):
    """`heartbeat` in seconds; `start`: of the printed times, in seconds since 1970."""
    detection = collections.defaultdict(list)
    recovery = collections.defaultdict(list)
    slowest = []
    noticed = 0
    ends = [fault.time for fault in injected[1:]] + [float("inf")]
    for fault, end in zip(injected, ends):
        kind = kind_of(fault)
        # Nobody is there to notice the loss of the scheduler.
        everyone = fault.kind.endswith(("scheduler", "cut"))
        for trace, ranks in fault.hit:
            seen = None if everyone else measure.detected(trace.events(), fault.time, end, ranks)
            if seen is not None and kind.endswith("short"):
                noticed += 1
            elif seen is not None:
                detection[kind].append((seen - fault.time) / heartbeat)
            since = fault.healed if everyone else seen or fault.time
            over = measure.recovered(trace.samples(), since, ranks)
            if over is not None:
                took = (over - fault.time) / heartbeat
                recovery[kind].append(took)
                slowest.append((took, f"{kind} {fault.victim} at {fault.time - start:.1f} s, "
                                      f"job {trace.job_id}"))

    def row(kind, count, detected, recovered):
        return (f"  {kind:<22} {count:>5}  {measure.p50_p99(detected):>14}  "
                f"{measure.p50_p99(recovered):>14}")

    yield f"heartbeat {heartbeat * 1000:.0f} ms; from the fault, in heartbeats, p50 / p99"
    yield f"  {'fault':<22} {'times':>5}  {'detection':>14}  {'recovery':>14}"
    for kind, count in sorted(collections.Counter(map(kind_of, injected)).items()):
        yield row(kind, count, detection[kind], recovery[kind])
    yield row("all", len(injected), list(itertools.chain(*detection.values())),
              list(itertools.chain(*recovery.values())))
    for took, what in sorted(slowest, reverse=True)[:SHOWN_SLOWEST]:
        yield f"  slow: {took:.1f} heartbeats after {what}"
    if noticed:
        yield f"  short stops that cost a task or a server all the same: {noticed}"
    summaries = [trace.summary for trace in traces if trace.summary]
    total = {field: int(sum(summary[field] for summary in summaries))
             for field in ("restarts", "rollbacks", "duplicates_dropped", "iterations")}
    yield (f"restarts {total['restarts']}, rollbacks {total['rollbacks']}, duplicates dropped "
           f"{total['duplicates_dropped']}, iterations counted {total['iterations']}")
    emulated = [trace.summary for trace in traces
                if trace.kind.emulated and trace.summary and trace.summary["state"] == "succeeded"]
    yield (f"goodput {measure.goodput(emulated, jobs.STEP_SECONDS):.2f} (compute time of the "
           f"iterations that count / time from RUNNING to the end, {len(emulated)} jobs on the "
           "emulated device)")
