#!/usr/bin/env python3
"""The whole cluster on a machine with a GPU: does it compute what processors compute, and how fast?

    python3 tests/gpu/cluster.py --bundle DIR --data DIR [--quick] [--json FILE]

CLUSTER.md beside this file says what it needs, runs and prints. The exit code is 1 if a check
failed; timings fail nothing.
"""

import argparse
import pathlib
import sys
import tempfile

import acceptance
import floors
import jobs
import performance
from bundle_cluster import Programs, Run
from report import Report, machine

PARTS = ("models", "precisions", "performance")


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", required=True, help="folder of deploy/bundle.sh, unpacked")
    parser.add_argument("--data", help="folder with mnist10k and a9a; without: sample digits, made data")
    parser.add_argument("--json", help="file that gets all of it")
    parser.add_argument("--traces", help="folder that gets the traces of the jobs that are timed")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="fewer epochs and rounds")
    parser.add_argument("--ranks", type=int, default=2, choices=(1, 2),
                        help="of jobs that are checked; those that are timed have one")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda",
                        help="cpu: in place of cuda everywhere, to try this program itself")
    parser.add_argument("--tiny", action="store_true", help="as little as shows that it works")
    rates = parser.add_argument_group("rates of this machine")
    rates.add_argument("--rates", help="file of tests/gpu/run.sh --bench --json; those below come first")
    rates.add_argument("--gemm-tflops", type=float, help="float32 matrix products, 1e12 operations/s")
    rates.add_argument("--h2d-gbps", type=float, help="pinned memory to the GPU, 1e9 bytes/s")
    rates.add_argument("--d2h-gbps", type=float, help="the GPU to pinned memory, 1e9 bytes/s")
    rates.add_argument("--loopback-gbps", type=float, help="each way; default: measured now")
    args = parser.parse_args(argv)
    for name in ("gemm_tflops", "h2d_gbps", "d2h_gbps", "loopback_gbps"):
        if (getattr(args, name) or 1) <= 0:
            parser.error(f"--{name.replace('_', '-')}: a number above 0 expected, got {getattr(args, name)}")
    return args


def known_rates(args):
    measured = floors.rates_of(args.rates) if args.rates else floors.Rates()

    def given(value, unit, otherwise):
        return otherwise if value is None else value * unit
    return floors.Rates(given(args.gemm_tflops, 1e12, measured.flops),
                        given(args.h2d_gbps, 1e9, measured.h2d),
                        given(args.d2h_gbps, 1e9, measured.d2h),
                        given(args.loopback_gbps, 1e9, None) or floors.measure_loopback())


def check(args, parts, programs, data, report):
    """The parts that compare."""
    epochs = 1 if args.tiny else 3 if args.quick else 15
    with programs.cluster(workers=args.ranks) as cluster:
        reference = None
        if "models" in parts:
            reference = acceptance.models(report, cluster.run, data, args.device, epochs)
        if "precisions" in parts:
            reference = reference or acceptance.attempt(
                report, "mlp on cpu", cluster.run, jobs.learning("mlp", data, "cpu", epochs))
            acceptance.precisions(report, cluster.run, data, args.device, epochs, reference)


def measure(args, programs, report, folder):
    """The part that measures."""
    rates = known_rates(args)
    report.facts["rates"] = rates._asdict()
    report.say(f"rates: {report.facts['rates']}")
    sizes = performance.TINY if args.tiny else performance.QUICK if args.quick else performance.Sizes()
    performance.run_all(
        report, lambda job, skip: performance.traced_run(programs, job, skip, args.traces), args.device,
        rates, sizes, folder, ("float32", *acceptance.PRECISIONS) if args.device == "cuda" else ("float32",))
    for row in performance.table(report):
        report.say(row)


def main(argv=None):
    args = arguments(argv)
    parts = args.only or PARTS
    if args.traces:
        pathlib.Path(args.traces).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="paceline-gpu-") as temp:
        folder = pathlib.Path(temp)
        try:
            programs = Programs(args.bundle)
            data = jobs.find(args.data, programs.sample_data(), folder)
        except FileNotFoundError as error:
            sys.exit(f"cluster.py: {error}")
        report = Report(args.json, {**machine(), "version": programs.version(),
                                    "cublas": programs.cublas, "data": data.said})
        for key, value in report.facts.items():
            report.say(f"{key}: {value}")
        if acceptance.preflight(report, lambda job: Run(programs.local_run(job, workers=1, seconds=60), []),
                                data, args.device):
            if {"models", "precisions"} & set(parts):
                check(args, parts, programs, data, report)
            if "performance" in parts:
                measure(args, programs, report, folder)
    report.save()
    report.say(f"{len(report.checks)} checks, {len(report.failed)} failed"
               + "".join(f"\n  {name}" for name in report.failed))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
