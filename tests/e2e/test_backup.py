"""`pacectl backup` and `pacectl restore` of a real scheduler's state."""

import pathlib
import shutil
import tempfile
import unittest

from cluster import Cluster, Daemon, pacectl, wait_for
from processes import counting, late_pushes


class Backup(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)
        self.file = self.folder / "state.backup"

    def lose_and_restore(self, cluster):
        """The scheduler dies, its folder is gone, and comes back from the backup."""
        cluster.scheduler.kill()
        state = cluster.folder / "scheduler"
        shutil.rmtree(state)
        return pacectl("restore", self.file, "--state-dir", state, check=True).stderr

    def test_a_restored_scheduler_lists_the_same_jobs(self):
        with Cluster(servers=1, workers=1) as cluster:
            done = cluster.submit(counting(self.folder, "done", 50, servers=1),
                                  "--request-id", "first")
            cluster.wait_for_state(done, "succeeded")
            waiting = cluster.submit(counting(self.folder, "wide", 50, workers=9, servers=1),
                                     "--request-id", "second")
            cluster.wait_for_state(waiting, "pending")
            listed = cluster.pacectl("list", "-o", "json", check=True).stdout
            described = cluster.pacectl("describe", done, "-o", "json", check=True).stdout
            made = cluster.pacectl("backup", self.file, check=True)
            self.assertIn("2 jobs, 1 of them not ended", made.stderr)
            # Not written over what is there.
            refused = pacectl("restore", self.file, "--state-dir", cluster.folder / "scheduler")
            self.assertEqual(refused.returncode, 2)
            self.assertIn("is not empty", refused.stderr)

            self.lose_and_restore(cluster)
            cluster.restart_scheduler()
            wait_for(lambda: all(node.get("live") for node in cluster.nodes()), 30, "live nodes")
            # The reason of a job that waits counts what is free: both nodes must be heard.
            wait_for(lambda: cluster.pacectl("list", "-o", "json", check=True).stdout == listed,
                     30, "the same list")
            self.assertEqual(
                cluster.pacectl("describe", done, "-o", "json", check=True).stdout, described)
            self.assertEqual(cluster.submit(counting(self.folder, "done", 50, servers=1),
                                            "--request-id", "first"), done)
            self.assertEqual(cluster.submit(counting(self.folder, "other", 50, servers=1),
                                            "--request-id", "second"), waiting)
            new = cluster.submit(counting(self.folder, "new", 50, servers=1))
            self.assertGreater(int(new), int(waiting))

    def test_an_older_backup_is_refused_by_nodes_and_goes_on_where_it_is_accepted(self):
        iterations = 3000
        with Cluster(servers=2, workers=2, worker_flags=late_pushes()) as cluster:
            job = cluster.submit(counting(self.folder, "long", iterations, workers=2),
                                 "--request-id", "long")
            cluster.wait_for_state(job, "running")
            cluster.pacectl("backup", self.file, check=True)
            later = cluster.submit(counting(self.folder, "later", 10, workers=9))
            # Reports that follow answers: tasks have heard of it.
            for _ in range(4):
                at = cluster.summary(job)["iterations"]
                wait_for(lambda: cluster.summary(job)["iterations"] > at, 30, "more iterations")
            self.assertIn("--accept-old-state", self.lose_and_restore(cluster))

            # Without the flag it finds out that a node or a task has seen more, and ends.
            refused = Daemon(cluster.folder, "scheduler", "scheduler", *cluster.scheduler_flags,
                             listen=cluster.address)
            cluster.scheduler = refused
            self.assertNotEqual(refused.process.wait(30), 0)
            log = refused.log.read_text()
            self.assertRegex(log, "is not the one that the (node at|task of)")
            self.assertIn("journal index", log)

            cluster.scheduler = Daemon(cluster.folder, "scheduler", "scheduler",
                                       *cluster.scheduler_flags, "--accept-old-state",
                                       listen=cluster.address)
            cluster.scheduler.address()
            summary = cluster.wait_for_state(job, "succeeded")
            self.assertEqual(summary["iterations"], 2 * iterations)
            # Once for every node that has heard more than those before it.
            self.assertGreaterEqual(summary["rollbacks"], 1)
            self.assertEqual(cluster.submit(counting(self.folder, "long", iterations, workers=2),
                                            "--request-id", "long"), job)
            # Nobody's name is given twice, although this state knows nothing of `later`.
            new = cluster.submit(counting(self.folder, "new", 10, workers=2))
            self.assertGreater(int(new), int(later))
            cluster.wait_for_state(new, "succeeded")

    def test_a_damaged_backup_is_refused(self):
        with Cluster(servers=0, workers=0) as cluster:
            cluster.pacectl("backup", self.file, check=True)
            whole = self.file.read_bytes()
            for damaged in (whole[:-1], whole[:40], b"", whole[:50] + b"x" + whole[51:]):
                self.file.write_bytes(damaged)
                done = pacectl("restore", self.file, "--state-dir", self.folder / "state")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(str(self.file), done.stderr)
                self.assertFalse((self.folder / "state").exists())


if __name__ == "__main__":
    unittest.main()
