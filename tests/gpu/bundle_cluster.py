"""A cluster of the programs of a bundle (deploy/bundle.sh) on this host.

    programs = Programs(bundle)
    with programs.cluster(workers=2) as cluster:
        run = cluster.run(job_text)           # run.summary, run.curve
    summary, trace = programs.local_run(job_text, workers=1, trace=True)
"""

import contextlib
import ctypes
import glob
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import typing

import jobs

ROOT = pathlib.Path(__file__).resolve().parents[2]
CUBLAS = "libcublas.so.13"
# A job that takes longer hangs.
JOB_SECONDS = 300
# What pacectl may need to stop when its time is up.
STOP_SECONDS = 60


class JobFailed(Exception):
    """Says which job and why."""


class Run(typing.NamedTuple):
    """A job that has succeeded."""
    summary: dict
    # Of the evaluations on the way and the last one: (iteration or None, loss).
    curve: list


def cublas_folder(bundle):
    """Where cuBLAS is, if the loader does not find it by itself: "" if it does or nobody has it."""
    if (bundle / "lib" / CUBLAS).exists():
        return ""
    with contextlib.suppress(OSError):
        ctypes.CDLL(CUBLAS)
        return ""
    homes = [os.environ.get("CUDA_HOME", ""), "/usr/local/cuda", *sorted(glob.glob("/usr/local/cuda-*"))]
    folders = [f"{home}/lib64" for home in homes if home]
    for path in sys.path:
        folders += [f"{path}/nvidia/cu13/lib", f"{path}/nvidia/cublas/lib"]
    return next((folder for folder in folders if os.path.exists(f"{folder}/{CUBLAS}")), "")


def _e2e_cluster(bin_folder):
    """tests/e2e/cluster.py, for these programs."""
    os.environ["PACELINE_BIN"] = str(bin_folder)
    spec = importlib.util.spec_from_file_location("paceline_e2e_cluster",
                                                  ROOT / "tests" / "e2e" / "cluster.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Programs:
    """The programs of a bundle."""

    def __init__(self, bundle):
        """FileNotFoundError: `bundle` is none."""
        self.bundle = pathlib.Path(bundle).resolve()
        self.bin = self.bundle / "bin"
        for name in ("pacectl", "paceline-scheduler", "paceline-server", "paceline-worker"):
            if not os.access(self.bin / name, os.X_OK):
                raise FileNotFoundError(f"{self.bin / name}: no such program: is {bundle} a bundle?")
        self.e2e = _e2e_cluster(self.bin)
        folder = cublas_folder(self.bundle)
        if folder:
            # The programs look here last, and their tasks inherit it.
            os.environ["LD_LIBRARY_PATH"] = ":".join(
                filter(None, [os.environ.get("LD_LIBRARY_PATH"), folder]))
        self.cublas = folder or "found by the loader, or nowhere"

    def sample_data(self):
        """The folder of the sample digits: a bundle's, or that of deploy/build.sh."""
        folders = self.bundle / "share" / "data", self.bundle / "data"
        return next((folder for folder in folders if folder.is_dir()), folders[0])

    def version(self):
        return self.e2e.pacectl("version", check=True).stdout.strip()

    @contextlib.contextmanager
    def cluster(self, workers, servers=2):
        """A standing cluster of processes, whose workers take what GPUs there are."""
        with self.e2e.Cluster(servers=servers, workers=workers) as cluster:
            yield Standing(cluster)

    def local_run(self, job, workers, servers=2, trace="", seconds=JOB_SECONDS):
        """A job on a cluster of its own; its summary. `trace`: the file that gets one.
        JobFailed: it did not succeed."""
        with tempfile.TemporaryDirectory() as folder:
            path = self.e2e.write_job(folder, job)
            flags = ("--trace", trace) if trace else ()
            return summary_of(self.e2e.pacectl, job, seconds, "local", "run", path, "--workers",
                              workers, "--servers", servers, *flags)


def summary_of(pacectl, job, seconds, *command):
    """What a pacectl command that runs a job to its end prints. JobFailed: it did not succeed."""
    name = jobs.name_of(job)
    try:
        done = pacectl(*command, "-o", "json", "--timeout", seconds, timeout=seconds + STOP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise JobFailed(f"{name}: pacectl did not end within {error.timeout} s") from error
    if done.returncode:
        raise JobFailed(f"{name}: exit code {done.returncode}: "
                        f"{reason(done.stdout) or done.stderr.strip()[-1000:]}")
    return json.loads(done.stdout)


def reason(text):
    """Of a run summary, if it is one."""
    with contextlib.suppress(ValueError, AttributeError):
        return json.loads(text).get("reason", "")
    return ""


class Standing:
    """A cluster that stands."""

    def __init__(self, cluster):
        self._cluster = cluster

    def run(self, job):
        """Runs a job file's text to its end. JobFailed: it did not succeed."""
        path = self._cluster.folder / "job.yaml"
        path.write_text(job)
        summary = summary_of(self._cluster.pacectl, job, JOB_SECONDS, "submit", "--wait", path)
        evals = self._cluster.job(summary["job_id"]).get("evals", [])
        curve = [(int(point["iteration"]), point["result"]["loss"]) for point in evals
                 if "loss" in point.get("result", {})]
        return Run(summary, curve)
