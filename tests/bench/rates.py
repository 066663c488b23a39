"""How fast a job goes, read off its progress while it runs.

    with Cluster(servers=2, workers=4, slots=8, heartbeat_ms=100) as cluster:
        job = emulated_job(folder, layers=[65536], workers=8)
        seen = measure(cluster, job, warm_up=2, seconds=10)
    seen.rate()                   # iterations per second of all ranks
    seen.idle(steps)              # part of the ranks' time that no step took (ideal.Steps)

Progress arrives with each heartbeat: a straight line through many samples says more of the
rate than the first and the last one.
"""

import contextlib
import json
import os
import statistics
import subprocess
import threading
import time

from cluster import BIN, wait_for, write_job

SAMPLE_SECONDS = 0.1
# A job that has not made its first iterations by then never will.
START_SECONDS = 60

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
                 sigma=0, seed=1, more="", name="bench"):
    """A job file whose ranks sleep a step's time and push the layers' gradients, for ever."""
    bound = f", staleness: {staleness}" if policy == "ssp" else ""
    return write_job(folder, f"""
name: {name}
model: {{kind: layers, layer_sizes: [{', '.join(map(str, layers))}]}}
train: {{iterations: 1000000000, seed: {seed}, emulated_step_ms: {step_ms}, emulated_jitter: {sigma}}}
consistency: {{policy: {policy}{bound}}}
resources: {{workers: {workers}, servers: {servers}, device: emulated}}
checkpoint: {{every_seconds: 0}}
{more}
""", f"{name}.yaml")


class Follower:
    """The latest that `pacectl watch` says of a job; it costs the cluster next to nothing."""

    def __init__(self, cluster, job_id):
        nodes = getattr(cluster, "nodes_by_name", None)
        prefix = nodes["scheduler"].prefix if nodes else ()
        self.job = {}
        self._watch = subprocess.Popen(
            [*prefix, BIN / "pacectl", "--address", cluster.address, "watch", str(job_id),
             "-o", "json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self):
        for line in self._watch.stdout:
            self.job = json.loads(line)

    def iterations(self):
        """Of each rank."""
        return [int(rank.get("iteration", 0)) for rank in self.job.get("ranks", [])]

    def close(self):
        self._watch.terminate()
        self._thread.join()
        self._watch.wait()


def cpu_seconds(cluster, job):
    """CPU time that the cluster's daemons and the job's tasks have used."""
    pids = [daemon.pid for daemon in [cluster.scheduler, *cluster.servers, *cluster.workers]]
    ticks = 0
    for pid in [*pids, *(int(rank["pid"]) for rank in job["ranks"])]:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def slope(times, values):
    """Of the straight line with the least squares."""
    middle, mean = statistics.fmean(times), statistics.fmean(values)
    return (sum((t - middle) * (v - mean) for t, v in zip(times, values))
            / sum((t - middle) ** 2 for t in times))


class Seen:
    """Samples of the iterations of all ranks."""

    # CPU seconds in a second, of the whole cluster: cores in use.
    cores = None
    # The run summary at the end.
    summary = None

    def __init__(self, samples):
        self._samples = samples
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

    def part(self, first, count):
        """The same of so many ranks only."""
        return Seen([(at, ranks[first:first + count]) for at, ranks in self._samples])


def watch(read, warm_up, seconds):
    """Samples for `seconds`, `warm_up` seconds after every rank's first iteration."""
    wait_for(lambda: min(read(), default=0) >= 1, START_SECONDS, "the first iterations")
    time.sleep(warm_up)
    samples, end = [], time.monotonic() + seconds
    while len(samples) < 2 or time.monotonic() < end:
        before = time.monotonic()
        ranks = read()
        after = time.monotonic()
        samples.append(((before + after) / 2, ranks))
        time.sleep(max(0.0, SAMPLE_SECONDS - (after - before)))
    return Seen(samples)


@contextlib.contextmanager
def running(cluster, *job_files):
    """Followers of jobs that are cancelled in the end; then all slots are free again."""
    jobs = [cluster.submit(job_file) for job_file in job_files]
    followers = [Follower(cluster, job) for job in jobs]
    try:
        yield followers
    finally:
        for job, follower in zip(jobs, followers):
            cluster.pacectl("cancel", job, check=True)
            cluster.wait_for_state(job, "cancelled")
            follower.close()
        wait_for(lambda: not any(int(node.get("slots_used", 0)) for node in cluster.nodes()), 60,
                 "the tasks to end")


def measure(cluster, job_file, warm_up, seconds):
    """What is seen of a job that runs alone."""
    with running(cluster, job_file) as (job,):
        try:
            watch(job.iterations, 0, warm_up)
        except AssertionError as error:
            raise AssertionError(f"{error}: {json.dumps(job.job, indent=1)}") from error
        before, start = cpu_seconds(cluster, job.job), time.monotonic()
        seen = watch(job.iterations, 0, seconds)
        seen.cores = (cpu_seconds(cluster, job.job) - before) / (time.monotonic() - start)
        seen.summary = job.job["summary"]
        return seen


def measure_beside(cluster, job_files, ranks, warm_up, seconds, windows):
    """Jobs of so many ranks that run side by side: for each window what is seen of each job."""
    with running(cluster, *job_files) as jobs:
        def read():
            return [done for job in jobs for done in job.iterations()]

        wait_for(lambda: len(read()) == ranks * len(jobs), START_SECONDS, "both jobs")
        seen = [watch(read, 0 if window else warm_up, seconds) for window in range(windows)]
    return [[one.part(ranks * job, ranks) for job in range(len(jobs))] for one in seen]
