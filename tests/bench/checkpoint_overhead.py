"""Steps that cuts cost: a job of 256 MB of rows and slots that takes a cut every 10 s,
against the same job without.

    python3 tests/bench/checkpoint_overhead.py [--pairs 6] [--window 20]

One job runs throughout; windows with cuts and windows without take turns, so that what
else this machine does meets both alike. Steps are counted as bytes that the servers
received. Printed per policy and device: steps per second with and without, the part of
the steps that is lost (median over pairs of windows), bytes written, and how much more
memory the servers had resident at most while cuts were taken.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from cluster import DIGITS, Cluster, wait_for, write_job  # noqa: E402
from machine import describe  # noqa: E402

CUT_EVERY_SECONDS = 10
# With the two slots of adam: 256 MB.
PARAMETERS = 64_000_000 // 3
HIDDEN = 4580


def job_file(folder, policy, device):
    if device == "emulated":
        # A GPU's step: the CPUs are idle meanwhile.
        model = (f"model: {{kind: layers, layer_sizes: [{', '.join([str(PARAMETERS // 8)] * 8)}]}}\n"
                 "train: {iterations: 1000000, emulated_step_ms: 200, optimizer: {kind: adam}}")
    else:
        # Every core computes all the time.
        model = (f"model: {{kind: mlp, hidden: [{HIDDEN}, {HIDDEN}]}}\n"
                 f"data: {{scale: 0.0625, train: {{path: {DIGITS}, format: csv}}}}\n"
                 "train: {epochs: 100000, global_batch: 64, "
                 "optimizer: {kind: adam, learning_rate: 0.0001}}")
    return write_job(folder, f"""
name: overhead
{model}
consistency: {{policy: {policy}}}
resources: {{workers: 2, servers: 2, device: {device}}}
checkpoint: {{every_seconds: 0, keep: 2}}
""")


def received(cluster):
    """Payload bytes that the servers have received."""
    total = 0.0
    for server in cluster.servers:
        with urllib.request.urlopen(f"http://{server.http_address()}/metrics", timeout=30) as page:
            for line in page.read().decode().splitlines():
                if line.startswith("paceline_rpc_received_bytes_total{"):
                    total += float(line.split()[1])
    return total


def resident(cluster):
    total = 0
    for server in cluster.servers:
        with open(f"/proc/{server.pid}/status") as status:
            total += next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return total * 1024


class PeakMemory:
    """The most that the servers had resident while this was entered."""

    def __init__(self, cluster):
        self.cluster, self.peak, self.stop = cluster, 0, threading.Event()

    def watch(self):
        while not self.stop.wait(0.05):
            self.peak = max(self.peak, resident(self.cluster))

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def window(cluster, job, seconds, cuts):
    """Bytes received per second, peak memory and bytes written."""
    written = 0
    with PeakMemory(cluster) as memory:
        bytes_before, start = received(cluster), time.monotonic()
        for _ in range(max(1, int(seconds / CUT_EVERY_SECONDS))):
            due = time.monotonic() + min(seconds, CUT_EVERY_SECONDS)
            if cuts:
                # Returns when the cut is committed.
                done = cluster.pacectl("checkpoint", job, "-o", "json", check=True)
                written += int(json.loads(done.stdout)["bytes"])
            time.sleep(max(0.0, due - time.monotonic()))
        rate = (received(cluster) - bytes_before) / (time.monotonic() - start)
    return rate, memory.peak, written


def measure(policy, device, pairs, seconds):
    with tempfile.TemporaryDirectory() as folder, Cluster(servers=2, workers=2) as cluster:
        job = cluster.submit(job_file(folder, policy, device))
        cluster.wait_for_state(job, "running", seconds=300)
        wait_for(lambda: cluster.summary(job)["iterations"] >= 6, 300, "the first steps")
        cluster.pacectl("checkpoint", job, check=True)
        lost, peaks, rates, written = [], {True: 0, False: 0}, {True: [], False: []}, 0
        for pair in range(pairs):
            for cuts in ((False, True) if pair % 2 else (True, False)):
                rate, peak, wrote = window(cluster, job, seconds, cuts)
                rates[cuts].append(rate)
                peaks[cuts] = max(peaks[cuts], peak)
                written += wrote
            lost.append(1 - rates[True][-1] / rates[False][-1])
        # Both ranks push every float of a step.
        summary = cluster.summary(job)
        step_bytes = float(summary["bytes_pushed"]) / float(summary["iterations"]) * 2
    print(f"{policy} {device}: {statistics.median(rates[False]) / step_bytes:.2f} steps/s without, "
          f"{statistics.median(rates[True]) / step_bytes:.2f} with cuts: "
          f"{100 * statistics.median(lost):+.1f} % of the steps lost "
          f"({', '.join(f'{100 * one:+.1f}' for one in lost)}); "
          f"{written / 1e6:.0f} MB written; servers' memory at most {peaks[False] / 1e6:.0f} MB "
          f"without, {peaks[True] / 1e6:.0f} MB with "
          f"({(peaks[True] - peaks[False]) / 1e6:+.0f} MB)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--window", type=float, default=20.0, help="seconds")
    parser.add_argument("--policies", default="bsp,asp")
    parser.add_argument("--devices", default="emulated,cpu")
    args = parser.parse_args()
    print(describe(), flush=True)
    for device in args.devices.split(","):
        for policy in args.policies.split(","):
            measure(policy, device, args.pairs, args.window)


if __name__ == "__main__":
    main()
