"""Disks that are full, or not the ones they should be: real processes, real file systems."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from cluster import Cluster, Daemon, wait_for
from processes import counting
from test_cuts import cuts, events

# A mount of one's own needs the right to.
PRIVATE_MOUNTS = subprocess.run(
    ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
needs_mounts = unittest.skipUnless(PRIVATE_MOUNTS, "file systems cannot be mounted here")

SMALL_DISK_MB = 16


class DiskFaults(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def job(self, text, rows=64):
        path = counting(self.folder, "counting", 10**7, "asp", servers=1, rows=rows)
        path.write_text(path.read_text() + f"checkpoint: {{{text}}}\n")
        return path

    @needs_mounts
    def test_row_16_a_full_disk_costs_a_cut_and_nothing_else(self):
        """Scheduler and server write to a disk of their own, which this test reaches
        through /proc."""
        disk = self.folder / "disk"
        disk.mkdir()
        # Held open by a process in the namespace of the mount.
        holder = subprocess.Popen(
            ["unshare", "-m", "sh", "-c",
             f'mount -t tmpfs -o size={SMALL_DISK_MB}m none "$0" && echo ready && exec sleep 600',
             str(disk)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        self.assertEqual(holder.stdout.readline(), "ready\n")
        self.addCleanup(holder.stdout.close)
        inside = ("nsenter", "-m", "-t", str(holder.pid))
        seen = pathlib.Path(f"/proc/{holder.pid}/root{disk}")
        with Cluster(servers=1, workers=1, prefix=inside) as cluster:
            # About 2 MB a cut.
            job = cluster.submit(self.job(f"dir: {disk}, every_seconds: 0, keep: 2", rows=2**17))
            cluster.wait_for_state(job, "running")
            cluster.pacectl("checkpoint", job, check=True)
            before = cuts(cluster, job)
            with open(seen / "filler", "wb") as filler:
                with self.assertRaises(OSError):
                    while True:
                        os.write(filler.fileno(), bytes(2**16))
            failed = cluster.pacectl("checkpoint", job)
            self.assertNotEqual(failed.returncode, 0)
            self.assertIn("No space left on device", failed.stderr)
            self.assertIn("No space left on device", events(cluster, job, "CUT_FAILED")[-1])
            self.assertIn("No space left", cluster.pacectl("describe", job).stdout)
            self.assertEqual(cuts(cluster, job), before)
            done = cluster.summary(job)["iterations"]
            wait_for(lambda: cluster.summary(job)["iterations"] > done, 30, "the job to go on")
            (seen / "filler").unlink()
            wait_for(lambda: cluster.pacectl("checkpoint", job).returncode == 0, 60,
                     "a cut when there is room")
            self.assertGreater(cuts(cluster, job)[-1], before[-1])
            # What the failed attempt wrote is gone, but for what is kept.
            folder = pathlib.Path(f"{seen}/job-{job}")
            kept = [f"{cut:08}" for cut in cuts(cluster, job)]
            wait_for(lambda: sorted(path.name for path in folder.iterdir()) == kept, 30,
                     f"only {kept} in the folder")

    @needs_mounts
    def test_a_folder_that_a_server_does_not_share_fails_the_job_at_once(self):
        with Cluster(servers=0, workers=1) as cluster:
            shared = self.folder / "cuts"
            shared.mkdir()
            stranger = Daemon(
                cluster.folder, "stranger", "server", "--scheduler", cluster.address,
                prefix=("unshare", "-m", "sh", "-c",
                        'mount -t tmpfs none "$0" && exec "$@"', str(shared)))
            cluster.servers.append(stranger)
            job = cluster.submit(self.job(f"dir: {shared}"))
            cluster.wait_for_state(job, "failed")
            reason = cluster.job(job)["reason"]
            self.assertIn(f"{shared}: the scheduler and all servers must share the folder", reason)
            self.assertIn(stranger.address(), reason)

    def test_a_folder_that_cannot_be_written_is_refused_at_submission(self):
        with Cluster(servers=0, workers=0) as cluster:
            (self.folder / "file").write_text("in the way")
            refused = cluster.pacectl("submit", self.job(f"dir: {self.folder}/file/cuts"))
            self.assertEqual(refused.returncode, 2)
            self.assertIn("checkpoint.dir: ", refused.stderr)
            self.assertIn("file", refused.stderr)


if __name__ == "__main__":
    unittest.main()
