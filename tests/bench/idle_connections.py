"""What idle connections cost a scheduler: 5,000 of them that speak HTTP/2 and say nothing.

    python3 tests/bench/idle_connections.py [--connections 5000] [--calls 2000]

Printed: the daemon's resident memory before and with them, the bytes of each, and the median and
99th percentile of a health check over a connection of its own, before and with them.
"""

import argparse
import pathlib
import resource
import selectors
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from cluster import Cluster  # noqa: E402
from http2 import HEALTH, SERVING, Http2  # noqa: E402
from machine import describe  # noqa: E402


def resident(pid):
    """Bytes."""
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def call_times(port, calls):
    """Of one call after the other, in seconds, sorted."""
    times = []
    with Http2(port) as connection:
        for _ in range(calls):
            begun = time.perf_counter()
            assert connection.call(HEALTH) == SERVING
            times.append(time.perf_counter() - begun)
    return sorted(times)


def print_times(when, times):
    print(f"{when:>24}: median {1e6 * statistics.median(times):6.0f} us, "
          f"p99 {1e6 * times[len(times) * 99 // 100]:6.0f} us")


class Idle:
    """Connections that do what the protocol wants, and nothing else."""

    def __init__(self, port, count):
        self.connections = [Http2(port) for _ in range(count)]
        self._selector = selectors.DefaultSelector()
        for connection in self.connections:
            self._selector.register(connection, selectors.EVENT_READ)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def _answer(self):
        while not self._stop.is_set():
            for key, _ in self._selector.select(timeout=0.2):
                key.fileobj.receive()

    def close(self):
        self._stop.set()
        self._thread.join()
        for connection in self.connections:
            connection.socket.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--calls", type=int, default=2000)
    args = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < args.connections + 100:
        sys.exit(f"at most {most} descriptors here (ulimit -n)")
    print(describe())
    with Cluster(servers=0, workers=0) as cluster:
        port, pid = int(cluster.scheduler.ports()["port"]), cluster.scheduler.pid
        call_times(port, args.calls // 10)
        print_times("no other connections", call_times(port, args.calls))
        before = resident(pid)
        idle = Idle(port, args.connections)
        # Pings have gone both ways since.
        time.sleep(15)
        assert idle._thread.is_alive(), "a connection was closed"
        after = resident(pid)
        print_times(f"{args.connections} idle", call_times(port, args.calls))
        print(f"{'resident':>24}: {before / 2**20:.0f} MiB before, {after / 2**20:.0f} MiB with, "
              f"{(after - before) / args.connections / 1024:.1f} KiB each")
        idle.close()


if __name__ == "__main__":
    main()
