"""What a GPU must compute like a processor: the same accuracy, the same losses on the way, and
the same bytes twice.

Tolerances:
    accuracy        0.5 points of cpu's; 1 point in lower precision
    loss curves     every evaluation within 1 % of cpu's; other kernels of one processor stay
                    within 0.01 %
    bytes           equal; of kmeans those of cpu, too
"""

import math

import jobs
from bundle_cluster import JobFailed

ACCURACY_TOLERANCE = 0.005
PRECISION_TOLERANCE = 0.01
CURVE_TOLERANCE = 1e-2
# Models that are measured by something else, which the loss is near to.
WITHOUT_ACCURACY = ("mf", "kmeans", "lm")
PRECISIONS = ("tf32", "bf16", "fp16")


def curve_distance(curve, reference):
    """The largest relative difference of two loss curves, [(iteration, loss)], and where it is.
    ValueError: they were not evaluated at the same iterations."""
    if [at for at, _ in curve] != [at for at, _ in reference]:
        raise ValueError(f"evaluated at {[at for at, _ in curve]}, and at "
                         f"{[at for at, _ in reference]}: the same iterations expected")
    if not curve:
        raise ValueError("no evaluation on the way")

    def distance(loss, other):
        # What is no number is as far away as can be.
        far = abs(loss - other) / abs(other) if other else float("inf")
        return far if math.isfinite(far) else float("inf")
    return max((distance(loss, other), at) for (at, loss), (_, other) in zip(curve, reference))


def check_curves(report, name, run, reference):
    try:
        distance, at = curve_distance(run.curve, reference.curve)
    except ValueError as error:
        report.check(name, False, str(error))
        return
    report.check(name, distance <= CURVE_TOLERANCE,
                 f"{len(run.curve)} evaluations, at most {distance:.2%} apart (at iteration {at}), "
                 f"{CURVE_TOLERANCE:.0%} allowed")


def check_accuracy(report, name, run, reference, tolerance, better_is_good=False):
    accuracy, other = (one.summary.get("eval", {}).get("accuracy") for one in (run, reference))
    if accuracy is None or other is None:
        report.check(name, False, f"accuracies {accuracy} and {other}: a summary has none")
        return
    difference = accuracy - other
    report.check(name, abs(difference) <= tolerance or (better_is_good and difference > 0),
                 f"{accuracy:.4f}, float32 on cpu {other:.4f}, {tolerance:.3f} apart allowed")


def check_bytes(report, name, run, again):
    sums = [one.summary.get("parameters_sha256", "") for one in (run, again)]
    report.check(name, sums[0] and sums[0] == sums[1],
                 f"parameters_sha256 {sums[0][:16]} and {sums[1][:16]}")


def check_device(report, name, run, device):
    said = run.summary.get("device"), run.summary.get("device_name", "")
    # Only a GPU has to have a name.
    report.check(name, said[0] == device and (said[1] or device == "cpu"),
                 f"device {said[0]} ({said[1] or 'no name'}), {device} expected")


def attempt(report, name, run, job):
    """The run of a job, or nothing and a check that failed."""
    try:
        return run(job)
    except JobFailed as error:
        report.check(name, False, str(error))
        return None


def preflight(report, run, data, device):
    """Whether a short job runs on the device at all: else nothing that follows makes sense."""
    done = attempt(report, f"a job on {device}", run,
                   jobs.learning("softmax", data, device, epochs=1, evals=1))
    if done is None:
        return False
    check_device(report, f"a job on {device}", done, device)
    return not report.failed


def same_as_cpu(report, run, kind, data, device, epochs):
    """One model on cpu and, twice, on `device`. `run`: from a job's text to a Run."""
    reference = attempt(report, f"{kind} on cpu", run, jobs.learning(kind, data, "cpu", epochs))
    job = jobs.learning(kind, data, device, epochs)
    first = attempt(report, f"{kind} on {device}", run, job)
    again = first and attempt(report, f"{kind} on {device}, again", run, job)
    if first:
        check_device(report, f"{kind}: device", first, device)
    if again:
        check_bytes(report, f"{kind}: twice the same bytes", first, again)
    if first and reference:
        check_curves(report, f"{kind}: loss curve", first, reference)
        if kind not in WITHOUT_ACCURACY:
            check_accuracy(report, f"{kind}: accuracy", first, reference, ACCURACY_TOLERANCE)
        if kind == "kmeans":
            check_bytes(report, "kmeans: the bytes of cpu", first, reference)
        for name, one in (("cpu", reference), (device, first)):
            report.figure(f"{kind} on {name}", {
                "accuracy": one.summary["eval"].get("accuracy"), "curve": one.curve,
                "device_name": one.summary.get("device_name", ""),
                "samples_per_second": one.summary["samples"] / one.summary["wall_seconds"]})
    return reference


def models(report, run, data, device, epochs):
    """Every model that learns from the data at hand; the MLP's run on cpu, or None."""
    reference = same_as_cpu(report, run, "mlp", data, device, epochs)
    for kind in ("softmax", "logistic", "fm", "cnn", *jobs.CLICK_MODELS, "mf", "kmeans", "lm"):
        same_as_cpu(report, run, kind, data, device, epochs)
    return reference


def precisions(report, run, data, device, epochs, reference):
    """The MLP with products of lower precision; `reference`: its run in float32 on cpu."""
    for precision in PRECISIONS:
        # A processor computes in float32 alone.
        spoken = precision if device == "cuda" else "float32"
        done = attempt(report, f"mlp in {precision}", run,
                       jobs.learning("mlp", data, device, epochs, spoken, evals=1))
        if done and reference:
            check_accuracy(report, f"mlp in {precision}: accuracy", done, reference,
                           PRECISION_TOLERANCE, better_is_good=True)
