"""Two processes of PyTorch that speak Gloo, as peers of a cluster of two workers.

    pair = TorchPair(__file__)           # the script, run once for each rank with --rank
    result = pair.run("--bytes", 4 << 20)   # what rank 0 prints, as JSON
    pair.close()

They get what makes them fast here: OpenBLAS's kernels for this processor (Debian's library
does not know it), a thread each, and a network namespace whose connections use cubic, or
reno where cubic is not the namespace's to choose. Without root they use the system's.
"""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[2] / "e2e")]

from network import Namespace, why_no_namespaces  # noqa: E402

RANKS = 2


def why_no_torch():
    """Why there are no peers to compare with; empty if there are."""
    missing = [name for name in ("torch", "numpy") if importlib.util.find_spec(name) is None]
    if missing:
        return f"{sys.executable} has no {' and no '.join(missing)} (Debian: python3-torch)"
    return ""


def blas_kernel():
    """The value of OPENBLAS_CORETYPE for this processor."""
    with open("/proc/cpuinfo") as cpus:
        flags = next((line for line in cpus if line.startswith("flags")), "").split()
    return "SkylakeX" if "avx512f" in flags else "Haswell" if "avx2" in flags else ""


class TorchPair:
    def __init__(self, script):
        self._script = script
        self._namespace, self.network = None, "the system's congestion control"
        if not why_no_namespaces():
            self._namespace = Namespace()
            self.network = f"{self._choose('cubic', 'reno')}, a network namespace"

    def _choose(self, *names):
        for name in names:
            try:
                self._namespace.run("sysctl", "-w", f"net.ipv4.tcp_congestion_control={name}")
                return name
            except AssertionError as error:
                refused = error
        raise refused

    def run(self, *args):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
        if blas_kernel():
            environment["OPENBLAS_CORETYPE"] = blas_kernel()
        prefix = self._namespace.prefix if self._namespace else ()
        with tempfile.TemporaryDirectory() as folder:
            meeting = f"file://{folder}/meeting"
            ranks = [subprocess.Popen(
                [*prefix, sys.executable, self._script, "--rank", str(rank), "--meeting", meeting,
                 *map(str, args)], stdout=subprocess.PIPE, env=environment, text=True)
                for rank in range(RANKS)]
            outputs = [rank.communicate(timeout=600)[0] for rank in ranks]
        if any(rank.returncode for rank in ranks):
            raise AssertionError(f"{self._script}: exit codes {[rank.returncode for rank in ranks]}")
        return json.loads(outputs[0])

    def close(self):
        if self._namespace:
            self._namespace.close()


def join(rank, meeting):
    """In a rank: torch, whose processes have met."""
    import torch
    import torch.distributed
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=RANKS)
    return torch
