"""Real processes for the end-to-end tests: one-shot local runs and standing clusters.

Everything is started by its own pid and stopped by its own pid; nothing is
looked up or killed by name.
"""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("PACELINE_BIN", ROOT / "out" / "bin"))
JOBS = ROOT / "tests" / "jobs"
SHARED = pathlib.Path(os.environ.get("PACELINE_SHARED_DATA", ROOT.parent / "shared" / "data"))
DIGITS = ROOT / "out" / "data" / "digits.train.csv"

# Exit codes of pacectl.
NO_SCHEDULER, NO_ANSWER = 3, 5

needs_shared_data = unittest.skipUnless(
    SHARED.is_dir(), f"the shared data sets are not at {SHARED}")
needs_digits = unittest.skipUnless(DIGITS.is_file(), f"{DIGITS} is missing: run deploy/build.sh")


def pacectl(*args, timeout=120, check=False, env=None, prefix=()):
    """Runs pacectl, behind the command `prefix`; returns the completed process with text output."""
    done = subprocess.run(
        [*prefix, str(BIN / "pacectl"), *map(str, args)],
        capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})})
    if check and done.returncode != 0:
        raise AssertionError(
            f"pacectl {' '.join(map(str, args))}: exit code {done.returncode}\n"
            f"{done.stdout}\n{done.stderr}")
    return done


def local_run(job, servers=2, workers=2, timeout=600, extra=()):
    """`pacectl local run`; returns the run summary."""
    done = pacectl("local", "run", job, "--servers", servers, "--workers", workers,
                   "-o", "json", *extra, timeout=timeout, check=True)
    return json.loads(done.stdout)


def make_pki(folder):
    """Certificates for daemons on 127.0.0.1, for the admin root, the user alice and the viewer eve;
    the folder of their authority."""
    pki = pathlib.Path(folder) / "pki"
    daemons = [f"--{role}=127.0.0.1" for role in ("scheduler", "server", "worker")]
    pacectl("certs", "init", "--dir", pki, *daemons, "--admin=root", "--user=alice",
            "--viewer=eve", check=True)
    return pki


def write_job(folder, text, name="job.yaml"):
    path = pathlib.Path(folder) / name
    path.write_text(text)
    return path


def wait_for(condition, seconds, what):
    """Polls `condition` until it returns something true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.05)


def ask(run):
    """The JSON that `run`, which runs pacectl, prints. Asked again for half a minute while the
    scheduler is not there or does not answer in time: a machine may stand still for longer than
    that takes."""
    until = time.monotonic() + 30
    while True:
        done = run()
        if done.returncode not in (NO_SCHEDULER, NO_ANSWER) or time.monotonic() > until:
            break
    if done.returncode != 0:
        raise AssertionError(f"{done.args}: exit code {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


class Daemon:
    """One daemon process and the ports it bound. `prefix`: the command that runs it."""

    def __init__(self, folder, name, role, *flags, listen="127.0.0.1:0", prefix=()):
        self.name = name
        self._listen = listen
        self._ports = None
        self.port_file = folder / f"{name}.port"
        self.log = folder / f"{name}.log"
        self.port_file.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*prefix, str(BIN / f"paceline-{role}"), "--listen", listen,
                 "--http-listen", "127.0.0.1:0", "--port-file", str(self.port_file),
                 "--data-dir", str(folder / name), *map(str, flags)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    @property
    def pid(self):
        return self.process.pid

    def ports(self):
        """{"port": ..., "http_port": ...}, once it has bound them."""
        def read():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended at once:\n{self.log.read_text()[-2000:]}")
            return self.port_file.is_file() and dict(
                line.split() for line in self.port_file.read_text().splitlines())
        if self._ports is None:
            self._ports = wait_for(read, 30, f"the port file of {self.name}")
        return self._ports

    def address(self):
        host = self._listen.rsplit(":", 1)[0]
        return f"{host}:{self.ports()['port']}"

    def http_address(self):
        return f"127.0.0.1:{self.ports()['http_port']}"

    def listen_again(self):
        """Where to start it again."""
        return self.address() if self._listen.endswith(":0") else self._listen

    def stop(self, seconds=30):
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not end within {seconds} s of SIGTERM")

    def kill(self):
        """SIGKILL, once it has bound its ports, so that another can be started on them."""
        self.ports()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Cluster:
    """A standing cluster, in a temporary folder or in one that is kept. Use as a context manager."""

    def __init__(self, servers=2, workers=2, slots=1, scheduler_flags=(), server_flags=(),
                 worker_flags=(), folder=None, heartbeat_ms=500, prefix=(), pki=None):
        """`server_flags` and `worker_flags` are those of the first start: a daemon that is
        started again has none. `prefix`: the command that runs the daemons. `pki`: what
        make_pki returned: all connections have its certificates."""
        self._temp = None if folder else tempfile.TemporaryDirectory(prefix="paceline-e2e-")
        self.folder = pathlib.Path(folder or self._temp.name)
        self.slots = slots
        self.prefix = prefix
        self.pki = pki
        self.scheduler_flags = ("--heartbeat-ms", heartbeat_ms, *self.tls("scheduler"),
                                *scheduler_flags)
        self.scheduler = self.start_daemon("scheduler", "scheduler", *self.scheduler_flags)
        self.address = self.scheduler.address()
        self.servers = [
            self.start_daemon(f"server{i}", "server", "--scheduler", self.address,
                              *self.tls("server"), *server_flags)
            for i in range(servers)]
        self.workers = [
            self.start_daemon(f"worker{i}", "worker", "--scheduler", self.address,
                              "--slots", slots, *self.tls("worker"), *worker_flags)
            for i in range(workers)]

    def tls(self, role):
        """Flags of a daemon of this role."""
        return ("--tls-dir", self.pki / f"{role}-127.0.0.1") if self.pki else ()

    def start_daemon(self, name, role, *flags, **options):
        return Daemon(self.folder, name, role, *flags, **{"prefix": self.prefix, **options})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for daemon in [*self.workers, *self.servers, self.scheduler]:
            if daemon.process.poll() is None:
                daemon.process.terminate()
        for daemon in [*self.workers, *self.servers, self.scheduler]:
            try:
                daemon.process.wait(20)
            except subprocess.TimeoutExpired:
                daemon.process.kill()
                daemon.process.wait()
        if self._temp:
            self._temp.cleanup()

    def restart_scheduler(self):
        """Starts the scheduler again on its port and its state."""
        self.scheduler = Daemon(self.folder, "scheduler", "scheduler", *self.scheduler_flags,
                                listen=self.address)
        return self.scheduler.address()

    def restart_server(self, index):
        """Starts a server that has ended again, on its port."""
        old = self.servers[index]
        self.servers[index] = Daemon(self.folder, old.name, "server", "--scheduler", self.address,
                                     *self.tls("server"), listen=old.listen_again())

    def restart_worker(self, index):
        """Starts a worker that has ended again, on its port."""
        old = self.workers[index]
        self.workers[index] = Daemon(self.folder, old.name, "worker", "--scheduler", self.address,
                                     "--slots", self.slots, *self.tls("worker"),
                                     listen=old.listen_again())

    def pacectl(self, *args, **kwargs):
        """As the user alice, where there are certificates."""
        alice = ("--tls-dir", self.pki / "user-alice") if self.pki else ()
        return pacectl("--address", self.address, *alice, *args, **kwargs)

    def submit(self, job, *flags):
        """Submits a job file; returns its id."""
        out = self.pacectl("submit", job, "-o", "json", *flags, check=True).stdout
        return json.loads(out)["job_id"]

    def holder(self, job):
        """Index of a server that holds shards of the job."""
        address = self.job(job)["placement"][0]["address"]
        return next(i for i, server in enumerate(self.servers) if server.address() == address)

    def ask(self, *args):
        """What pacectl answers as JSON."""
        return ask(lambda: self.pacectl(*args, "-o", "json"))

    def job(self, job_id):
        """The job, as `pacectl describe -o json` prints it."""
        return self.ask("describe", job_id)

    def task_pids(self, job_id):
        """Process id of every rank's task, once all have one."""
        def read():
            found = [int(rank.get("pid", 0)) for rank in self.job(job_id).get("ranks", [])]
            return found if found and all(found) else None
        return wait_for(read, 60, f"the tasks of job {job_id} to run")

    def summary(self, job_id):
        return self.ask("status", job_id)

    def nodes(self):
        return self.ask("cluster")["nodes"]

    def wait_for_state(self, job_id, *states, seconds=120):
        def reached():
            summary = self.summary(job_id)
            if summary["state"] in ("succeeded", "failed", "cancelled") \
                    and summary["state"] not in states:
                raise AssertionError(f"job {job_id} ended as {summary}")
            return summary if summary["state"] in states else None
        return wait_for(reached, seconds, f"job {job_id} to be {' or '.join(states)}")
