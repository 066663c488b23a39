"""A worker that finds no GPU: it says what is missing, and jobs say why they wait or where they go.

GPUs that this host may have are hidden from the daemons.
"""

import json
import pathlib
import subprocess
import tempfile
import unittest
import urllib.request

from cluster import BIN, Cluster, wait_for, write_job

HIDDEN = ("env", "CUDA_VISIBLE_DEVICES=")

# What may be missing on the way to a GPU.
MISSING = "no CUDA toolkit|driver|no GPU|device"

DATA = "".join(f"{i % 2} 1:{(i % 2) * 2 - 1} 2:1\n" for i in range(64))


class Gpus(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="paceline-e2e-")
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def job(self, name, resources):
        data = self.folder / "data.libsvm"
        data.write_text(DATA)
        return write_job(self.folder, f"""
name: {name}
model: {{kind: logistic}}
data: {{train: {{path: {data}, format: libsvm}}}}
train: {{global_batch: 8, epochs: 2}}
resources: {{servers: 1, {resources}}}
""", name=f"{name}.yaml")

    def test_a_worker_that_must_have_a_gpu_says_what_is_missing(self):
        for device in ("cuda", "cuda:0"):
            done = subprocess.run(
                [*HIDDEN, str(BIN / "paceline-worker"), "--listen", "127.0.0.1:0", "--http-listen",
                 "none", "--data-dir", str(self.folder), f"--device={device}"],
                capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 1, done)
            self.assertRegex(done.stderr, f"--device={device}: no GPU to compute on: .*({MISSING})")

    def test_auto_falls_back_and_says_so_everywhere(self):
        with Cluster(servers=1, workers=1, prefix=HIDDEN) as cluster:
            worker = cluster.workers[0]
            with urllib.request.urlopen(f"http://{worker.http_address()}/status") as page:
                why = json.load(page)["no_gpu_reason"]
            self.assertRegex(why, MISSING)
            self.assertIn(f"auto: the processor, since {why}", worker.log.read_text())
            wait_for(lambda: len(cluster.nodes()) == 2, 60, "both nodes to register")
            self.assertIn(f"no GPU on {worker.address()}: {why}",
                          cluster.pacectl("cluster", check=True).stdout)

            job = cluster.submit(self.job("open", "device: auto"))
            summary = cluster.wait_for_state(job, "succeeded")
            reason = f"auto, and the worker has no GPU: {why}"
            self.assertEqual((summary["device"], summary["device_reason"]), ("cpu", reason))
            self.assertTrue(summary["device_name"].startswith("cpu/"), summary)
            described = cluster.pacectl("describe", job, check=True).stdout
            self.assertIn(f"cpu ({summary['device_name']}): {reason}", described)
            self.assertIn(reason, cluster.pacectl("logs", job, check=True).stdout)

            named = cluster.submit(self.job("named", "device: cpu"))
            self.assertEqual(cluster.wait_for_state(named, "succeeded")["device_reason"],
                             "asked for")

    def test_a_job_that_needs_a_gpu_waits_and_says_why_at_once(self):
        with Cluster(servers=1, workers=1, prefix=HIDDEN) as cluster:
            wait_for(lambda: len(cluster.nodes()) == 2, 60, "both nodes to register")
            why = next(node["no_gpu_reason"] for node in cluster.nodes()
                       if node["role"] == "NODE_ROLE_WORKER")
            job = cluster.submit(self.job("waits", "device: cuda, gpu_memory: 40000"))
            # At once: nothing is waited for here.
            summary = cluster.summary(job)
            self.assertEqual(
                (summary["state"], summary["reason"]),
                ("pending", "needs 1 GPU of at least 40000 MiB, 0 free: "
                            f"{cluster.workers[0].address()} has none: {why}"))
            # Those behind it wait in turn; without it they go on.
            behind = cluster.submit(self.job("behind", "device: cpu"))
            cluster.pacectl("cancel", job, check=True)
            cluster.wait_for_state(behind, "succeeded")


if __name__ == "__main__":
    unittest.main()
