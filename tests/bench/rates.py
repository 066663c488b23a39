"""How fast a job goes, read off its progress while it runs.

    with Cluster(servers=2, workers=4, slots=8, heartbeat_ms=100) as cluster:
        job = cluster.submit(emulated_job(folder, layers=[65536], workers=8))
        seen = watch(http_reader(cluster, job), warm_up=2, seconds=10)
        cluster.pacectl("cancel", job, check=True)
    seen.rate()                   # iterations per second of all ranks
    seen.idle(steps)              # part of the ranks' time that no step took (ideal.Steps)

Progress arrives with each heartbeat: a straight line through many samples says more of the
rate than the first and the last one.
"""

import json
import statistics
import time
import urllib.request

from cluster import wait_for, write_job

SAMPLE_SECONDS = 0.1
# A job that has not made its first iterations by then never will.
START_SECONDS = 120

# ResNet-50's parameters, in the order in which its layers stand.
RESNET50 = [64 * 3 * 49, 64, 64]
for _width, _blocks, _input in ((64, 3, 64), (128, 4, 256), (256, 6, 512), (512, 3, 1024)):
    for _block in range(_blocks):
        _from = 4 * _width if _block else _input
        for _size, _channels in ((_from * _width, _width), (_width * _width * 9, _width),
                                 (_width * 4 * _width, 4 * _width)):
            RESNET50 += [_size, _channels, _channels]
        if not _block:
            RESNET50 += [_from * 4 * _width, 4 * _width, 4 * _width]
RESNET50 += [2048 * 1000, 1000]


def emulated_job(folder, layers, workers, servers=2, policy="bsp", staleness=16, step_ms=0,
                 sigma=0, seed=1, more=""):
    """A job file whose ranks sleep a step's time and push the layers' gradients, for ever."""
    bound = f", staleness: {staleness}" if policy == "ssp" else ""
    return write_job(folder, f"""
name: bench
model: {{kind: layers, layer_sizes: [{', '.join(map(str, layers))}]}}
train: {{iterations: 1000000000, seed: {seed}, emulated_step_ms: {step_ms}, emulated_jitter: {sigma}}}
consistency: {{policy: {policy}{bound}}}
resources: {{workers: {workers}, servers: {servers}, device: emulated}}
checkpoint: {{every_seconds: 0}}
{more}
""")


def iterations_of(job):
    """Of each rank, from a job's JSON."""
    return [int(rank.get("iteration", 0)) for rank in job.get("ranks", [])]


def http_reader(cluster, job_id):
    """Reads the iterations of a job's ranks off the scheduler's page."""
    def read():
        url = f"http://{cluster.scheduler.http_address()}/status"
        with urllib.request.urlopen(url, timeout=30) as page:
            jobs = json.load(page)["jobs"]
        return iterations_of(next(job for job in jobs if str(job["job_id"]) == str(job_id)))
    return read


def slope(times, values):
    """Of the straight line with the least squares."""
    middle, mean = statistics.fmean(times), statistics.fmean(values)
    return (sum((t - middle) * (v - mean) for t, v in zip(times, values))
            / sum((t - middle) ** 2 for t in times))


class Seen:
    """Samples of the iterations of all ranks."""

    def __init__(self, samples):
        self._times = [at for at, _ in samples]
        self._iterations = [ranks for _, ranks in samples]

    def rate(self):
        """Iterations per second of all ranks together."""
        return slope(self._times, [sum(ranks) for ranks in self._iterations])

    def idle(self, steps):
        """Part of the ranks' time in which they did not compute their steps."""
        busy = [sum(steps.before(rank, done) for rank, done in enumerate(ranks))
                for ranks in self._iterations]
        return 1 - slope(self._times, busy) / steps.ranks


def watch(read, warm_up, seconds):
    """Samples for `seconds`, `warm_up` seconds after every rank's first iteration."""
    wait_for(lambda: min(read(), default=0) >= 1, START_SECONDS, "the first iterations")
    time.sleep(warm_up)
    samples, end = [], time.monotonic() + seconds
    while not samples or time.monotonic() < end:
        before = time.monotonic()
        ranks = read()
        after = time.monotonic()
        samples.append(((before + after) / 2, ranks))
        time.sleep(max(0.0, SAMPLE_SECONDS - (after - before)))
    return Seen(samples)


def measure(cluster, job_file, warm_up, seconds):
    """Runs a job for that long and cancels it."""
    job = cluster.submit(job_file)
    try:
        return watch(http_reader(cluster, job), warm_up, seconds)
    finally:
        cluster.pacectl("cancel", job, check=True)
        cluster.wait_for_state(job, "cancelled")
        wait_for(lambda: not any(int(node.get("slots_used", 0)) for node in cluster.nodes()), 60,
                 "the tasks to end")
