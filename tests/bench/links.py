"""Codecs end to end over slow links: steps per second of a job whose nodes each have a network
namespace and a link of 100 Mbit or 1 Gbit (tc tbf, both directions).

    python3 tests/bench/links.py [--quick] [--json FILE]       # as root

Two servers and one worker, whose link is the narrow one; a step of the emulated device takes no
time, so a step is the bytes it moves: a push of the whole model, and a pull of it. Jobs of all
codecs take turns.
`of the link` is the payload that a worker moved in a second against what its link carries in
one direction: a push and the next pull come one after the other.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from machine import describe  # noqa: E402
from network import NetworkCluster, why_no_namespaces  # noqa: E402
from rates import emulated_job, measure  # noqa: E402

WORKERS = 1
# What a job file says of compression; the first is what others are compared with.
CODECS = {
    "float32": "{}",
    "bf16": "{push: bf16, pull: bf16}",
    "fp16": "{push: fp16, pull: fp16}",
    "int8": "{push: int8, pull: int8}",
}
# What changes training is not for bsp: these run under asp.
ASP_CODECS = {
    "onebit, bf16": "{push: onebit, pull: bf16}",
    "topk 1 %, delta": "{push: topk, pull: delta}",
}
# Rate in Mbit/s -> layers: a step of float32 takes about half a second.
LINKS = {100: [131072] * 6, 1000: [1048576] * 7}
# What the queue before a link holds.
QUEUE_MS = 25


def shape(cluster, mbit):
    """All links of the cluster's servers and workers carry so much, in both directions."""
    for daemon in [*cluster.servers, *cluster.workers]:
        # What arrives between two ticks of a clock of 1,000 Hz.
        cluster.node(daemon).slow_down(f"{mbit}mbit", QUEUE_MS, burst=f"{max(8, mbit // 8)}kb")


def bench(cluster, folder, mbit, args):
    shape(cluster, mbit)
    codecs = {**CODECS, **ASP_CODECS}
    rates, sizes = {codec: [] for codec in codecs}, {}
    for _ in range(args.repeats):
        for codec, compression in codecs.items():
            job = emulated_job(folder, LINKS[mbit], WORKERS,
                               policy="asp" if codec in ASP_CODECS else args.policy,
                               more=f"compression: {compression}")
            seen = measure(cluster, job, 1.0, args.seconds)
            rates[codec].append(seen.rate() / WORKERS)
            moved = seen.summary["bytes_pushed"] + seen.summary["bytes_pulled"]
            sizes[codec] = moved / seen.summary["iterations"]
    print(f"\n{mbit} Mbit/s, {sum(LINKS[mbit]) * 4 / 1e6:.1f} MB of float32 weights, {args.policy}, "
          f"median of {args.repeats}\n\n| codec | steps/s | against float32 | MB a step | "
          "of the link |\n|---|---|---|---|---|", flush=True)
    rows = []
    plain = next(iter(CODECS))
    for codec, found in rates.items():
        rate = statistics.median(found)
        ratio = statistics.median(one / base for one, base in zip(found, rates[plain]))
        used = rate * sizes[codec] * 8 / (mbit * 1e6)
        print(f"| {codec} | {rate:.2f} | {ratio:.2f} | {sizes[codec] / 1e6:.2f} | "
              f"{100 * used:.0f} % |", flush=True)
        rows.append({"mbit": mbit, "codec": codec, "rates": found, "rate": rate, "ratio": ratio,
                     "step_bytes": sizes[codec], "of_link": used})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short job of each codec")
    parser.add_argument("--mbit", default=",".join(map(str, LINKS)), help="which links")
    parser.add_argument("--policy", default="bsp", choices=["bsp", "ssp", "asp"])
    parser.add_argument("--seconds", type=float, default=8.0, help="that each job is watched")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=pathlib.Path, help="write all figures to this file")
    args = parser.parse_args()
    if args.quick:
        args.seconds, args.repeats = 4.0, 1
    if why_no_namespaces():
        print(f"links: skipped, no network namespaces: {why_no_namespaces()}")
        return
    print(describe(), flush=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder, \
            NetworkCluster(servers=2, workers=WORKERS, heartbeat_ms=500) as cluster:
        for mbit in map(int, args.mbit.split(",")):
            rows += bench(cluster, folder, mbit, args)
    if args.json:
        args.json.write_text(json.dumps({"machine": describe(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
