"""Where the time of a step goes: shares and overlap, from the trace of a rank.

    python3 tests/gpu/trace_shares.py trace.json --skip 10

A trace is Chrome's: a list of events, or an object with `traceEvents`. Spans are events of
ph "X" with ts and dur in microseconds; their name says what they are (KINDS below; what
follows a space or a slash is for people), args.iteration whose step they belong to.

A step lasts from the first "forward" of an iteration to that of the next. Spans of one kind
may overlap, also with other kinds: what counts is the time during which at least one runs, so
that the shares of a step may add up to more than 1.

    hidden = |(push, pull, H2D, D2H) while forward or backward runs| / |push, pull, H2D, D2H|
"""

import argparse
import collections
import gzip
import json
import math
import statistics
import sys

# The name of a span: what it counts as.
KINDS = {"forward": "compute", "backward": "compute", "H2D": "copies", "D2H": "copies",
         "push": "wire", "pull": "wire", "wait": "wait", "read": "read"}
COMMUNICATION = ("copies", "wire")

Span = collections.namedtuple("Span", "process kind name iteration begin end bytes")


def union(intervals):
    """The same points as disjoint intervals in their order."""
    merged = []
    for begin, end in sorted(intervals):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif end > begin:
            merged.append((begin, end))
    return merged


def intersection(some, others):
    """Of two lists as `union` returns them."""
    common, i, j = [], 0, 0
    while i < len(some) and j < len(others):
        begin, end = max(some[i][0], others[j][0]), min(some[i][1], others[j][1])
        if begin < end:
            common.append((begin, end))
        if some[i][1] < others[j][1]:
            i += 1
        else:
            j += 1
    return common


def length(intervals):
    return sum(end - begin for begin, end in intervals)


def spans(events):
    """The spans of a trace's events, in seconds. ValueError names an event that makes no sense."""
    found = []
    for event in events:
        if event.get("ph") != "X":
            continue
        name = event["name"].replace("/", " ").split(" ")[0]
        if name not in KINDS:
            continue
        begin, seconds = float(event["ts"]) / 1e6, float(event["dur"]) / 1e6
        if not (math.isfinite(begin) and seconds >= 0):
            raise ValueError(f"span {event['name']}: ts {event['ts']}, dur {event['dur']}: "
                             "a time and a duration of at least 0 expected")
        args = event.get("args", {})
        if "iteration" not in args:
            raise ValueError(f"span {event['name']} at {event['ts']}: args.iteration expected")
        found.append(Span(event.get("pid", 0), KINDS[name], name, int(args["iteration"]), begin,
                          begin + seconds, int(args.get("bytes", 0))))
    return found


def read(path):
    """The events of a trace file, also of one with an event a line that breaks off behind one."""
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rt") as file:
        text = file.read().rstrip()
    trace = json.loads(text[:-1] + "]" if text.endswith("},") else text)
    return trace["traceEvents"] if isinstance(trace, dict) else trace


def shares_of_process(found, skip):
    """Figures of the steps of one process, without its first `skip` ones and its last one, which
    no other follows. ValueError: fewer than one step is left."""
    starts = {}
    for span in found:
        if span.name == "forward":
            starts[span.iteration] = min(span.begin, starts.get(span.iteration, math.inf))
    starts = [starts[iteration] for iteration in sorted(starts)][skip:]
    if len(starts) < 2:
        raise ValueError(f"{len(starts)} iterations with a forward pass after the first {skip}: "
                         "at least 2 expected")
    first, last = starts[0], starts[-1]
    durations = [after - before for before, after in zip(starts, starts[1:])]

    def during(*kinds):
        return union((max(span.begin, first), min(span.end, last)) for span in found
                     if span.kind in kinds and span.begin < last and span.end > first)

    window = last - first
    compute, communication = during("compute"), during(*COMMUNICATION)
    hidden = length(intersection(communication, compute))
    steps = len(durations)
    moved = collections.Counter()
    for span in found:
        if first <= span.begin < last:
            moved[span.name] += span.bytes
    return {
        "steps": steps,
        "step_seconds": window / steps,
        "step_seconds_median": statistics.median(durations),
        "shares": {kind: length(during(kind)) / window
                   for kind in ("compute", "copies", "wire", "wait", "read")},
        "idle": 1 - length(during(*set(KINDS.values()))) / window,
        "compute_seconds": length(compute) / steps,
        "communication_seconds": length(communication) / steps,
        "exposed_seconds": (length(communication) - hidden) / steps,
        # Of a trace without communication there is nothing to hide.
        "hidden": hidden / length(communication) if communication else None,
        "bytes": {name: moved[name] / steps for name in ("H2D", "D2H", "push", "pull")
                  if moved[name]},
    }


def mean(values):
    """Of numbers, or of dictionaries of them by key; None where there is none."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    if isinstance(values[0], dict):
        keys = {key: None for value in values for key in value}
        return {key: mean([value.get(key) for value in values]) for key in keys}
    return statistics.fmean(values)


def shares(events, skip=0):
    """The means over all processes (ranks) in the trace; the keys are those of
    shares_of_process, `ranks` and `dropped` spans. ValueError: a trace that no step can be read from."""
    by_process = collections.defaultdict(list)
    for span in spans(events):
        by_process[span.process].append(span)
    # Processes without a forward pass compute nothing; they may be named in the trace.
    ranks = [found for found in by_process.values()
             if any(span.name == "forward" for span in found)]
    if not ranks:
        raise ValueError("no span named forward in the trace")
    # What the writer of a trace had to leave out.
    dropped = sum(event["args"]["dropped"] for event in events if event.get("name") == "trace_end")
    return {"ranks": len(ranks), "dropped": dropped, **mean([shares_of_process(found, skip) for found in ranks])}


def lines(found):
    """For people."""
    yield (f"step: {found['step_seconds'] * 1e3:.3f} ms (median "
           f"{found['step_seconds_median'] * 1e3:.3f}), {found['steps']:.0f} steps, "
           f"{found['ranks']} rank(s)")
    yield "of a step: " + ", ".join(
        f"{kind} {share:.1%}" for kind, share in found["shares"].items()) + \
        f", nothing {found['idle']:.1%}"
    if found["dropped"]:
        yield f"{found['dropped']} spans were dropped: the shares lack them"
    if found["hidden"] is None:
        yield "no copies, pushes or pulls"
    else:
        yield (f"communication: {found['communication_seconds'] * 1e3:.3f} ms a step, "
               f"{found['hidden']:.1%} hidden under compute, "
               f"{found['exposed_seconds'] * 1e3:.3f} ms not")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace", nargs="+")
    parser.add_argument("--skip", type=int, default=0, help="iterations at the beginning that do not count")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    try:
        # Of several files each is a rank, whatever its process was called.
        events = [{**event, "pid": (path, event.get("pid", 0))}
                  for path in args.trace for event in read(path)]
        found = shares(events, args.skip)
    except (OSError, KeyError, TypeError, ValueError) as error:
        sys.exit(f"trace_shares: {error}")
    print(json.dumps(found, indent=2) if args.json else "\n".join(lines(found)))


if __name__ == "__main__":
    main()
