"""How fast one rank on one GPU goes: samples a second, shares of a step, floors and targets.

Timings are what they are: a target that is missed is said, and fails nothing.
"""

import pathlib
import tempfile
import typing

import floors
import jobs
import made_data
import trace_shares
from bundle_cluster import JobFailed


class Sizes(typing.NamedTuple):
    """Of what is measured."""
    batches: tuple = (1024, 8192)
    hidden: tuple = (4096, 4096)
    # Of each batch size; the first ones (`skip`) do not count.
    rounds: int = 200
    skip: int = 20
    pictures: int = 32768
    clicks: int = 65536
    features: int = 1_000_000
    entries: int = 39


QUICK = Sizes(rounds=60, skip=10, pictures=8192, clicks=16384)
# For a test of this program.
TINY = Sizes(batches=(64, 128), hidden=(16, 16), rounds=30, skip=5, pictures=512, clicks=512,
             features=1000, entries=8)


class Measured(typing.NamedTuple):
    """A job's run."""
    summary: dict
    # trace_shares.shares, or None and why.
    found: typing.Optional[dict]
    no_trace: str


def traced_run(programs, job, skip, keep=None):
    """The run of a job on one rank and two servers, and its trace, which stays in the folder `keep`,
    if one is given. JobFailed: it did not succeed."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(keep or folder) / f"{jobs.name_of(job)}.json"
        summary = programs.local_run(job, workers=1, trace=path)
        try:
            return Measured(summary, trace_shares.shares(trace_shares.read(path), skip), "")
        except (OSError, KeyError, TypeError, ValueError) as error:
            return Measured(summary, None, f"{path.name}: {error}")


def bytes_of_step(measured, rounds, batch_bytes):
    """What moves in a step: what the trace says of copies, else the payloads of the wire, which
    cross PCIe too."""
    pushed, pulled = (measured.summary[f"bytes_{way}"] / rounds for way in ("pushed", "pulled"))
    said = measured.found["bytes"] if measured.found else {}
    return {"push": pushed, "pull": pulled, "D2H": said.get("D2H", pushed),
            "H2D": said.get("H2D", pulled + batch_bytes)}


def measure(report, run, name, job, batch, rounds, flops, batch_bytes, rates, skip):
    """One row of the table. `run`: from (job, skip) to Measured."""
    try:
        measured = run(job, skip)
    except JobFailed as error:
        report.check(name, False, str(error))
        return
    summary, found = measured.summary, measured.found
    # Without a trace the time of the whole run is all there is.
    step = found["step_seconds_median"] if found else summary["wall_seconds"] / rounds
    floor = floors.step_floor(flops, bytes_of_step(measured, rounds, batch_bytes), rates)
    judged = floors.targets(step, found, floor)
    report.figure(name, {
        "device": summary["device"], "device_name": summary.get("device_name", ""),
        "samples_per_second": batch / step, "step_seconds": step,
        "whole_run_samples_per_second": summary["samples"] / summary["wall_seconds"],
        "floors": floor, "trace": found, "no_trace": measured.no_trace,
        "targets": [{"target": what, "met": met} for what, met in judged]})
    report.say(f"       {name}: {batch / step:,.0f} samples/s, step {step * 1e3:.3f} ms")
    for line in trace_shares.lines(found) if found else [f"no trace: {measured.no_trace}"]:
        report.say(f"         {line}")
    report.say("         floors: " + ", ".join(
        f"{way} " + ("not known" if seconds is None else f"{seconds * 1e3:.3f} ms")
        for way, seconds in floor.items()))
    for what, met in judged:
        report.say(f"         {'met:   ' if met else 'MISSED:'} {what}")


def table(report):
    """The rows of docs/benchmarks.md."""
    rows = ["| case | samples/s | step | compute | copies | wire | wait | hidden | step / floor |",
            "|---|---|---|---|---|---|---|---|---|"]
    for figure in report.figures:
        if "step_seconds" not in figure:
            continue
        found, floor = figure["trace"], figure["floors"]["floor"]
        cells = [f"{figure['samples_per_second']:,.0f}", f"{figure['step_seconds'] * 1e3:.2f} ms"]
        for kind in ("compute", "copies", "wire", "wait"):
            cells.append(f"{found['shares'][kind]:.0%}" if found else "")
        cells.append(f"{found['hidden']:.0%}" if found and found["hidden"] is not None else "")
        cells.append(f"{figure['step_seconds'] / floor:.2f}" if floor else "")
        rows.append(f"| {figure['name']} | {' | '.join(cells)} |")
    return rows


def run_all(report, run, device, rates, sizes, folder, precisions=("float32",)):
    """The MLP and the FM at every batch size, on made data in `folder`."""
    layers = (made_data.PIXELS, *sizes.hidden, made_data.CLASSES)
    shape = "-".join(map(str, layers))
    pictures = made_data.images(folder / "pictures", sizes.pictures)
    for batch in sizes.batches:
        for precision in precisions:
            job = jobs.throughput_mlp(pictures, sizes.hidden, batch, sizes.rounds, device, precision)
            # The GEMM rate is that of float32: no floor for the others.
            known = rates if precision == "float32" else rates._replace(flops=None)
            measure(report, run, f"mlp {shape}, batch {batch}, {precision}", job, batch, sizes.rounds,
                    floors.mlp_flops(layers, batch), 4 * batch * (made_data.PIXELS + 1), known,
                    sizes.skip)
    clicks = made_data.libsvm(folder / "clicks.libsvm", sizes.clicks, sizes.features, sizes.entries)
    for batch in sizes.batches:
        # Its arithmetic is of no weight: bytes are its floor. An entry is a key and a value.
        measure(report, run, f"fm, {sizes.features} features, batch {batch}",
                jobs.throughput_fm(clicks, sizes.features, batch, sizes.rounds, device), batch,
                sizes.rounds, 0, batch * (12 * sizes.entries + 4), rates, sizes.skip)
