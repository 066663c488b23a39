"""A BSP step against Gloo's all-reduce: two ranks that leave with the same sums.

    python3 tests/bench/peers/gloo.py [--repeats 7] [--bench PROGRAM] [--json FILE]

Gloo adds up two buffers; a step under bsp pushes two gradients, makes a step of SGD on two
servers and pulls the new weights. Both run in turns, on one host.

Of a job of a whole cluster the emulated device's step takes no time, but the writing of its
gradients is in the figure. With --bench, the benchmark of the data plane, also the step
between ranks and servers alone: its gradients are there already, as Gloo's buffers are.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
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


def bare_step_ms(bench, folder, megabytes, seconds):
    """The same between the ranks and servers of data_plane_bench."""
    figures = pathlib.Path(folder) / "bare.json"
    subprocess.run([bench, "--only", f"push-pull sgd bsp {megabytes} MiB, 2+2, shared memory",
                    "--repeats", "1", "--seconds", str(seconds), "--json", figures],
                   check=True, stdout=subprocess.DEVNULL)
    # Of both ranks; a line for every run.
    return 1000 * 2 / json.loads(figures.read_text().splitlines()[-1])["steps/s"]


def compare(pair, kinds, megabytes, repeats):
    """One row of the table: Gloo and each kind of step, in turns."""
    gloo, ours = [], {kind: [] for kind in kinds}
    for _ in range(repeats):
        gloo.append(pair.run("--bytes", megabytes << 20, "--count", 400 // megabytes)["ms"])
        for kind, step in kinds.items():
            ours[kind].append(step(megabytes))
    ratios = {kind: statistics.median(one / other for one, other in zip(gloo, times))
              for kind, times in ours.items()}
    return {"mib": megabytes, "gloo_ms": gloo, "bsp_ms": ours, "ratio": ratios}


def line(cells):
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each of our runs")
    parser.add_argument("--bench", type=pathlib.Path, help="data_plane_bench")
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
    with tempfile.TemporaryDirectory() as folder, \
            Cluster(servers=2, workers=2, heartbeat_ms=100) as cluster:
        kinds = {"of a job": lambda mib: step_ms(cluster, folder, mib, args.seconds)}
        if args.bench:
            kinds["bare"] = lambda mib: bare_step_ms(args.bench, folder, mib, args.seconds)
        titles = [title for kind in kinds for title in (f"bsp step {kind}, 2+2", "gloo / it")]
        print(f"gloo over {pair.network}; median of {args.repeats}, in turns\n")
        print(line(["size", "gloo all-reduce", *titles]))
        print("|---" * (2 + len(titles)) + "|", flush=True)
        for megabytes in SIZES_MB:
            row = compare(pair, kinds, megabytes, args.repeats)
            cells = [f"{megabytes} MiB", f"{statistics.median(row['gloo_ms']):.1f} ms"]
            for kind, times in row["bsp_ms"].items():
                cells += [f"{statistics.median(times):.1f} ms", f"{row['ratio'][kind]:.2f}"]
            print(line(cells), flush=True)
            rows.append(row)
    pair.close()
    if args.json:
        args.json.write_text(json.dumps({"machine": describe(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
