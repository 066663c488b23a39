"""What a job on the device `emulated` does where nothing but its steps takes time.

The step times are those of the device itself (worker/core/device/emulated_device.h), a
function of (seed, rank, iteration): what is measured and what is ideal differ in nothing
but the cluster.

    steps = Steps(ranks=8, step_ms=100, sigma=0.5)
    ran = run(steps, staleness=16, until=20.0)      # 0: bsp, None: asp
    ran.rate(2.0), ran.idle(2.0)                     # after the first 2 s
"""

import array
import bisect
import math
import statistics

MASK = 2**64 - 1
# Stream of the step times: "emulate".
STEP_STREAM = 0x656d756c617465
NORMAL = statistics.NormalDist()


def mix_bits(x):
    """common/hash.h, of one number."""
    x = (x + 0x9e3779b97f4a7c15) & MASK
    x = ((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9) & MASK
    x = ((x ^ (x >> 27)) * 0x94d049bb133111eb) & MASK
    return x ^ (x >> 31)


def random_bits(seed, stream, index):
    """common/random.h: Philox4x32-10."""
    c0, c1, c2, c3 = index & 0xffffffff, index >> 32, stream & 0xffffffff, stream >> 32
    k0, k1 = seed & 0xffffffff, seed >> 32
    for _ in range(10):
        p0, p1 = 0xd2511f53 * c0, 0xcd9e8d57 * c2
        c0, c1, c2, c3 = ((p1 >> 32) ^ c1 ^ k0, p1 & 0xffffffff,
                          (p0 >> 32) ^ c3 ^ k1, p0 & 0xffffffff)
        k0, k1 = (k0 + 0x9e3779b9) & 0xffffffff, (k1 + 0xbb67ae85) & 0xffffffff
    return c1 << 32 | c0


def random_normal(seed, stream, index):
    return NORMAL.inv_cdf(((random_bits(seed, stream, index) >> 12) + 0.5) * 2.0**-52)


class Steps:
    """Step times in seconds, of as many iterations as are asked for."""

    def __init__(self, ranks, step_ms, sigma, seed=1):
        self.ranks, self._median, self._sigma, self._seed = ranks, step_ms / 1000, sigma, seed
        self._streams = [mix_bits(mix_bits(STEP_STREAM) ^ rank) for rank in range(ranks)]
        self._sums = [array.array("d", [0.0]) for _ in range(ranks)]

    def _time(self, rank, iteration):
        if self._sigma == 0:
            return self._median
        return self._median * math.exp(
            self._sigma * random_normal(self._seed, self._streams[rank], iteration))

    def before(self, rank, iteration):
        """Seconds that the rank computes before its `iteration`, which may be a fraction."""
        sums, whole = self._sums[rank], int(iteration)
        while len(sums) < whole + 2:
            sums.append(sums[-1] + self._time(rank, len(sums) - 1))
        return sums[whole] + (iteration - whole) * (sums[whole + 1] - sums[whole])

    def time(self, rank, iteration):
        return self.before(rank, iteration + 1) - self.before(rank, iteration)


class Run:
    """When each rank finished each of its iterations, in seconds."""

    def __init__(self, steps, finished, until):
        self._steps, self._finished, self._until = steps, finished, until

    def _done(self, rank, at):
        """Iterations, with the part that is done of the one that it is at."""
        finished = self._finished[rank]
        whole = bisect.bisect_right(finished, at)
        step = self._steps.time(rank, whole)
        return whole + max(0.0, at - (finished[whole] - step)) / step

    def rate(self, since, until=None):
        """Steps per second of all ranks together."""
        until = self._until if until is None else until
        count = sum(self._done(rank, until) - self._done(rank, since)
                    for rank in range(self._steps.ranks))
        return count / (until - since)

    def idle(self, since, until=None):
        """Part of the ranks' time that is not spent on steps."""
        until = self._until if until is None else until
        busy = sum(self._steps.before(rank, self._done(rank, until))
                   - self._steps.before(rank, self._done(rank, since))
                   for rank in range(self._steps.ranks))
        return 1 - busy / (self._steps.ranks * (until - since))


def run(steps, staleness, until):
    """A job under bsp (staleness 0), ssp (s) or asp (None), in which only steps take time."""
    finished = [[] for _ in range(steps.ranks)]
    # When all ranks had finished each iteration.
    slowest = []
    iteration = 0
    while not iteration or min(times[-1] for times in finished) <= until:
        admitted = 0.0
        if staleness is not None and iteration > staleness:
            admitted = slowest[iteration - 1 - staleness]
        for rank, times in enumerate(finished):
            begin = max(times[-1] if times else 0.0, admitted)
            times.append(begin + steps.time(rank, iteration))
        slowest.append(max(times[-1] for times in finished))
        iteration += 1
    return Run(steps, finished, until)
