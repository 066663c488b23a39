"""How a cluster scales: 1 to 32 emulated workers under each policy, with and without jitter,
beside the ideal, in which nothing but the workers' steps takes time.

    python3 tests/bench/scale.py [--quick] [--only sweep,wait,jitter,resnet] [--json FILE]

    sweep    workers x policy x jitter: steps per second, part of the ideal, idle share
    wait     8 workers without jitter: a step under bsp against one under asp
    jitter   8 workers, lognormal 0.5: ssp(16) against bsp
    resnet   16 workers with ResNet-50's layers and a step of 2 s under bsp, against one

In wait and jitter the two jobs run side by side, so that what else the machine does meets both
alike. Under ssp ranks drift apart for hundreds of steps before the bound is felt: jitter is
measured after that (--settle).

The workers are tasks on the device `emulated`: they sleep a step's time and push gradients of
the layers' sizes. The cluster is real, on this machine, which carries both ends of every
byte: where it moves more of them than the machine can, the machine is what is measured.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import ideal  # noqa: E402
from cluster import Cluster  # noqa: E402
from machine import describe  # noqa: E402
from rates import RESNET50, emulated_job, measure, measure_beside  # noqa: E402

STALENESS = 16
# What ideal.run knows of a policy.
BOUNDS = {"bsp": 0, "ssp": STALENESS, "asp": None}
# 256 KB of weights: the ranks wait for one another, not for bytes.
SMALL = [16384] * 4
STEP_MS = 100
WARM_UP = 2.0
# Of jobs that run side by side.
RANKS = 8
DAEMONS = 4


def cluster(ranks):
    """Two servers, and slots for so many ranks."""
    return Cluster(servers=2, workers=min(ranks, DAEMONS), slots=-(-ranks // min(ranks, DAEMONS)),
                   heartbeat_ms=100)


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder, self.rows = args, folder, []

    def one(self, standing, workers, policy, sigma, seconds, layers=None, step_ms=STEP_MS, seed=1):
        """One job: what was seen, and what would be ideal."""
        job = emulated_job(self.folder, layers or SMALL, workers, policy=policy,
                           staleness=STALENESS, step_ms=step_ms, sigma=sigma, seed=seed)
        # The first step has been made when the warm-up begins.
        warm_up = max(WARM_UP, 2 * step_ms / 1000)
        seen = measure(standing, job, warm_up, seconds)
        steps = ideal.Steps(workers, step_ms, sigma, seed)
        best = ideal.run(steps, BOUNDS[policy], warm_up + seconds)
        return {"workers": workers, "policy": policy, "sigma": sigma, "step_ms": step_ms,
                "rate": seen.rate(), "ideal_rate": best.rate(warm_up),
                "idle": seen.idle(steps), "ideal_idle": best.idle(warm_up), "cores": seen.cores}

    def keep(self, what, row):
        self.rows.append({"what": what, **row})

    def sweep(self):
        counts = [int(count) for count in self.args.workers.split(",")]
        print(f"\nsweep: step {STEP_MS} ms, {sum(SMALL) * 4 / 1e3:.0f} KB of weights, two servers, "
              f"ssp({STALENESS}), {self.args.seconds:.0f} s each\n\n"
              "| workers | policy | jitter | steps/s | ideal steps/s | of the ideal | idle | "
              "ideal idle | CPU ms a step |\n|---|---|---|---|---|---|---|---|---|", flush=True)
        with cluster(max(counts)) as standing:
            for sigma in (0, 0.5):
                for policy in BOUNDS:
                    for workers in counts:
                        row = self.one(standing, workers, policy, sigma, self.args.seconds)
                        self.keep("sweep", row)
                        print(f"| {workers} | {policy} | {sigma} | {row['rate']:.1f} | "
                              f"{row['ideal_rate']:.1f} | {row['rate'] / row['ideal_rate']:.3f} | "
                              f"{100 * row['idle']:.1f} % | {100 * row['ideal_idle']:.1f} % | "
                              f"{1000 * row['cores'] / row['rate']:.1f} |", flush=True)

    def beside(self, what, policies, sigma, warm_up):
        """Jobs of 8 ranks of two policies side by side, in windows: rows of each window."""
        files = [emulated_job(self.folder, SMALL, RANKS, policy=policy, staleness=STALENESS,
                              step_ms=STEP_MS, sigma=sigma, name=policy) for policy in policies]
        with cluster(RANKS * len(files)) as standing:
            windows = measure_beside(standing, files, RANKS, warm_up, self.args.seconds,
                                     self.args.repeats)
        steps = ideal.Steps(RANKS, STEP_MS, sigma)
        end = warm_up + self.args.seconds * self.args.repeats
        best = [ideal.run(steps, BOUNDS[policy], end) for policy in policies]
        found = []
        for number, window in enumerate(windows):
            since = warm_up + number * self.args.seconds
            until = since + self.args.seconds
            found.append([{"policy": policy, "sigma": sigma, "window": number, "rate": seen.rate(),
                           "ideal_rate": run.rate(since, until), "idle": seen.idle(steps),
                           "ideal_idle": run.idle(since, until)}
                          for policy, seen, run in zip(policies, window, best)])
            for row in found[-1]:
                self.keep(what, row)
        return found

    def wait(self):
        windows = self.beside("wait", ("bsp", "asp"), 0, WARM_UP)
        times = [asp["rate"] / bsp["rate"] for bsp, asp in windows]
        print(f"\nwait: {RANKS} workers, no jitter, step {STEP_MS} ms, {self.args.repeats} windows "
              f"of {self.args.seconds:.0f} s: a step under bsp takes "
              f"{statistics.median(times):.3f} times one under asp "
              f"({', '.join(f'{time:.3f}' for time in times)})", flush=True)

    def jitter(self):
        windows = self.beside("jitter", ("bsp", "ssp"), 0.5, self.args.settle)

        def median(name, which):
            return statistics.median(window[which][name] for window in windows)
        ratios = [ssp["rate"] / bsp["rate"] for bsp, ssp in windows]
        best = statistics.median(ssp["ideal_rate"] / bsp["ideal_rate"] for bsp, ssp in windows)
        print(f"\njitter: {RANKS} workers, lognormal 0.5, step {STEP_MS} ms, median of "
              f"{len(windows)} windows of {self.args.seconds:.0f} s after "
              f"{self.args.settle:.0f} s\n\n"
              "| policy | steps/s | ideal | idle | ideal idle |\n|---|---|---|---|---|")
        for which, name in enumerate(("bsp", f"ssp({STALENESS})")):
            print(f"| {name} | {median('rate', which):.1f} | {median('ideal_rate', which):.1f} | "
                  f"{100 * median('idle', which):.1f} % | "
                  f"{100 * median('ideal_idle', which):.1f} % |")
        print(f"\nssp({STALENESS}) makes {statistics.median(ratios):.2f} times the steps of bsp "
              f"({', '.join(f'{ratio:.2f}' for ratio in ratios)}); ideal {best:.2f}", flush=True)

    def resnet(self):
        step_ms = 2000
        print(f"\nresnet: {len(RESNET50)} layers, {sum(RESNET50) / 1e6:.1f} M parameters, step "
              f"{step_ms} ms, bsp\n\n| workers | steps/s | step | efficiency | GB/s both ways | "
              "cores in use | CPU s/GB |\n|---|---|---|---|---|---|---|",
              flush=True)
        alone = None
        with cluster(16) as standing:
            for workers in (1, 16):
                row = self.one(standing, workers, "bsp", 0, 5 * self.args.seconds,
                               layers=RESNET50, step_ms=step_ms)
                alone = alone or row["rate"]
                row["efficiency"] = row["rate"] / (workers * alone)
                row["gb"] = row["rate"] * 2 * 4 * sum(RESNET50) / 1e9
                self.keep("resnet", row)
                print(f"| {workers} | {row['rate']:.2f} | {workers / row['rate']:.2f} s | "
                      f"{row['efficiency']:.3f} | {row['gb']:.2f} | {row['cores']:.2f} | "
                      f"{row['cores'] / row['gb']:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sizes and repeats")
    parser.add_argument("--only", default="sweep,wait,jitter,resnet")
    parser.add_argument("--workers", default="1,2,4,8,16,32", help="of the sweep")
    parser.add_argument("--seconds", type=float, default=10.0, help="that each job is watched")
    parser.add_argument("--repeats", type=int, default=7, help="windows of wait and jitter")
    parser.add_argument("--settle", type=float, default=60.0, help="seconds before jitter counts")
    parser.add_argument("--json", type=pathlib.Path, help="write all figures to this file")
    args = parser.parse_args()
    if args.quick:
        args.workers, args.seconds, args.repeats, args.only = "1,8", 4.0, 7, "sweep,jitter"
        args.settle = 10.0
    print(describe(), flush=True)
    print("device: emulated; one machine carries servers, tasks and both ends of every byte",
          flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args, folder)
        for part in args.only.split(","):
            getattr(bench, part)()
    if args.json:
        args.json.write_text(json.dumps({"machine": describe(), "rows": bench.rows}, indent=1))


if __name__ == "__main__":
    main()
