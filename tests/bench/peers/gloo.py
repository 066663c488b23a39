"""A BSP step against Gloo's all-reduce: two ranks that leave with the same sums.

    python3 tests/bench/peers/gloo.py [--repeats 7] [--json FILE]

Gloo adds up two buffers; a step under bsp pushes two gradients, makes a step of SGD on two
servers and pulls the new weights. The emulated device's step takes no time but for the writing
of its gradients, which is in the figure. Both run in turns, each over loopback.
"""

import argparse
import json
import pathlib
import statistics
import tempfile
import time

from torch_pair import TorchPair, join, why_no_torch

from cluster import Cluster  # noqa: E402
from machine import describe  # noqa: E402
from rates import emulated_job, measure  # noqa: E402

SHARD_VALUES = 1 << 20
SIZES_MB = (4, 64)
# The first ones open connections and touch fresh pages.
WARM_UP = 5


def play(args):
    """One rank of Gloo."""
    torch = join(args.rank, args.meeting)
    values = torch.ones(args.bytes // 4)
    times = []
    for _ in range(WARM_UP + args.count):
        torch.distributed.barrier()
        start = time.monotonic()
        torch.distributed.all_reduce(values)
        times.append(time.monotonic() - start)
        values.fill_(1)
    if args.rank == 0:
        print(json.dumps({"ms": 1000 * statistics.median(times[WARM_UP:])}))


def step_ms(cluster, folder, megabytes, seconds):
    """Milliseconds of a step of two ranks under bsp on two servers."""
    values = megabytes * (1 << 20) // 4
    layers = [min(values // 2, SHARD_VALUES)] * max(2, values // SHARD_VALUES)
    seen = measure(cluster, emulated_job(folder, layers, workers=2), 1.0, seconds)
    return 1000 * 2 / seen.rate()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each of our runs")
    parser.add_argument("--json", type=pathlib.Path, help="write all figures to this file")
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--meeting", help=argparse.SUPPRESS)
    parser.add_argument("--bytes", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rank is not None:
        return play(args)
    if why_no_torch():
        return print(f"gloo: skipped, {why_no_torch()}")
    print(describe(), flush=True)
    pair, rows = TorchPair(__file__), []
    print(f"gloo over {pair.network}; median of {args.repeats}, in turns\n\n"
          "| size | gloo all-reduce | bsp step, 2+2 | gloo / bsp |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder, \
            Cluster(servers=2, workers=2, heartbeat_ms=100) as cluster:
        for megabytes in SIZES_MB:
            peer, ours = [], []
            for _ in range(args.repeats):
                peer.append(pair.run("--bytes", megabytes << 20, "--count", 400 // megabytes)["ms"])
                ours.append(step_ms(cluster, folder, megabytes, args.seconds))
            ratio = statistics.median(one / other for one, other in zip(peer, ours))
            print(f"| {megabytes} MiB | {statistics.median(peer):.1f} ms | "
                  f"{statistics.median(ours):.1f} ms | {ratio:.2f} |", flush=True)
            rows.append({"mib": megabytes, "gloo_ms": peer, "bsp_ms": ours, "ratio": ratio})
    pair.close()
    if args.json:
        args.json.write_text(json.dumps({"machine": describe(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
