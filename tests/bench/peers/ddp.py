"""A training step against PyTorch's DistributedDataParallel over Gloo: the MLP 784-1024-1024-10
in float32 on two processes, the same batch in each, SGD.

    python3 tests/bench/peers/ddp.py [--batch 256] [--repeats 7] [--json FILE]

Ours: two tasks on the device cpu and two servers under bsp, which also read and shuffle their
records; DDP is given one batch that lies in memory. Both run in turns.
"""

import argparse
import json
import pathlib
import random
import statistics
import struct
import tempfile
import time

from torch_pair import RANKS, TorchPair, blas_kernel, join, why_no_torch

from cluster import Cluster, write_job  # noqa: E402
from machine import describe  # noqa: E402
from rates import measure  # noqa: E402

PIXELS, HIDDEN, CLASSES = 784, 1024, 10
RECORDS = 8192


def play(args):
    """One rank of DDP."""
    torch = join(args.rank, args.meeting)
    torch.manual_seed(1)
    nn = torch.nn
    model = nn.parallel.DistributedDataParallel(nn.Sequential(
        nn.Linear(PIXELS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(),
        nn.Linear(HIDDEN, CLASSES)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    features = torch.rand(args.batch, PIXELS)
    labels = torch.randint(CLASSES, (args.batch,))
    times = []
    for _ in range(args.count + 10):
        start = time.monotonic()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(features), labels).backward()
        optimizer.step()
        times.append(time.monotonic() - start)
    if args.rank == 0:
        print(json.dumps({"ms": 1000 * statistics.fmean(times[10:])}))


def write_records(folder):
    """Random pixels and labels, as MNIST's files hold them."""
    numbers = random.Random(1)
    images, labels = pathlib.Path(folder) / "images", pathlib.Path(folder) / "labels"
    images.write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, RECORDS, 28, 28)
                       + numbers.randbytes(RECORDS * PIXELS))
    labels.write_bytes(struct.pack(">4BI", 0, 0, 8, 1, RECORDS)
                       + bytes(numbers.randrange(CLASSES) for _ in range(RECORDS)))


def training_job(folder, batch):
    return write_job(folder, f"""
name: mlp
model: {{kind: mlp, hidden: [{HIDDEN}, {HIDDEN}]}}
data: {{scale: 0.0039, classes: {CLASSES}, train: {{format: idx, path: images, labels: labels}}}}
train: {{global_batch: {RANKS * batch}, epochs: 1000000, optimizer: {{kind: sgd}}}}
consistency: {{policy: bsp}}
resources: {{workers: {RANKS}, servers: 2, device: cpu}}
checkpoint: {{every_seconds: 0}}
""")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=256, help="of each process")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each of our runs")
    parser.add_argument("--json", type=pathlib.Path, help="write all figures to this file")
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--meeting", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rank is not None:
        return play(args)
    if why_no_torch():
        return print(f"ddp: skipped, {why_no_torch()}")
    print(describe(), flush=True)
    pair, peer, ours = TorchPair(__file__), [], []
    with tempfile.TemporaryDirectory() as folder, \
            Cluster(servers=2, workers=2, heartbeat_ms=100) as cluster:
        write_records(folder)
        for _ in range(args.repeats):
            peer.append(pair.run("--batch", args.batch, "--count", 100)["ms"])
            seen = measure(cluster, training_job(folder, args.batch), 1.0, args.seconds)
            ours.append(1000 * RANKS / seen.rate())
    pair.close()
    ratio = statistics.median(one / other for one, other in zip(peer, ours))
    print(f"DDP with OpenBLAS's kernels {blas_kernel() or 'of its own choice'}, "
          f"over {pair.network}; batch {args.batch} in each of {RANKS} processes, median of "
          f"{args.repeats}, in turns\n\n| DDP over Gloo | bsp, cpu, 2+2 | DDP / bsp |\n"
          f"|---|---|---|\n| {statistics.median(peer):.1f} ms | {statistics.median(ours):.1f} ms | "
          f"{ratio:.2f} |")
    if args.json:
        args.json.write_text(json.dumps({"machine": describe(), "batch": args.batch,
                                         "ddp_ms": peer, "bsp_ms": ours, "ratio": ratio}, indent=1))


if __name__ == "__main__":
    main()
