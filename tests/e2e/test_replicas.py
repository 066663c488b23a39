"""Cuts on hosts without a shared folder (checkpoint.replicas): every server has a disk of
its own, and hosts are lost with theirs."""

import pathlib
import shutil
import tempfile
import unittest

from cluster import Cluster, local_run, needs_digits, wait_for
from processes import digits, late_pushes
from test_cuts import cuts, events


def shard_files(daemon):
    """Paths of the shard files of cuts in the folder of a daemon."""
    return sorted((daemon.port_file.parent / daemon.name).glob("cuts/**/*.safetensors"))


def cut_folders(daemon):
    return sorted(path.name for path in (daemon.port_file.parent / daemon.name).glob("cuts/*/*/*"))


@needs_digits
class Replicas(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def digits(self, replicas, keep=2, **job):
        return digits(self.folder,
                      checkpoint=f"every_iterations: 50, keep: {keep}, replicas: {replicas}", **job)

    def test_row_4_a_host_is_lost_with_its_disk_and_no_cut_is(self):
        golden = local_run(digits(self.folder))
        with Cluster(servers=3, workers=2, worker_flags=late_pushes()) as cluster:
            job = cluster.submit(self.digits(2))
            wait_for(lambda: cuts(cluster, job), 60, "a cut")
            lost = cluster.servers[cluster.holder(job)]
            self.assertTrue(shard_files(lost))
            lost.kill()
            shutil.rmtree(cluster.folder / lost.name)
            summary = cluster.wait_for_state(job, "succeeded")
            self.assertEqual(summary["rollbacks"], 1)
            self.assertIn(", from cut ", events(cluster, job, "SHARDS_PLACED")[-1])
            self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])
            # Each file is there twice, and none lies with the scheduler.
            self.assertEqual(shard_files(cluster.scheduler), [])
            newest = f"{cuts(cluster, job)[-1]:08}"
            files = [path for server in cluster.servers for path in shard_files(server)
                     if path.parent.name == newest]
            names = {path.name for path in files}
            self.assertEqual(len(files), 2 * len(names))
            # What others do with cuts works with these too.
            cluster.pacectl("export", job, self.folder / "weights.safetensors", check=True)
            more = cluster.pacectl("submit", self.digits(2, epochs=61), "--from", job,
                                   check=True).stdout.strip()
            longer = cluster.wait_for_state(more, "succeeded")
            self.assertEqual(longer["parameters_sha256"],
                             local_run(digits(self.folder, epochs=61))["parameters_sha256"])

    def test_with_one_replica_the_job_waits_for_its_host(self):
        golden = local_run(digits(self.folder))
        with Cluster(servers=2, workers=2) as cluster:
            job = cluster.submit(self.digits(1))
            wait_for(lambda: cuts(cluster, job), 60, "a cut")
            index = cluster.holder(job)
            away = cluster.servers[index].address()
            cluster.servers[index].kill()

            def waits():
                return [said for said in events(cluster, job, "RESTORE_FAILED") if away in said]
            self.assertIn("at " + away, wait_for(waits, 60, "the job to say whom it waits for")[0])
            self.assertTrue(cuts(cluster, job), "a cut that may come back is not damaged")
            cluster.restart_server(index)
            summary = cluster.wait_for_state(job, "succeeded")
            self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])

    def test_cuts_that_are_kept_no_more_are_removed_everywhere(self):
        with Cluster(servers=3, workers=2) as cluster:
            job = cluster.submit(self.digits(3, keep=1))
            wait_for(lambda: cuts(cluster, job), 60, "a cut")
            # A server that holds copies and no shards of the job is away for a while.
            placed = {place["address"] for place in cluster.job(job)["placement"]}
            index = next(i for i, server in enumerate(cluster.servers)
                         if server.address() not in placed)
            cluster.servers[index].kill()
            cluster.wait_for_state(job, "succeeded")
            cluster.restart_server(index)
            final = [f"{cut:08}" for cut in cuts(cluster, job)]
            self.assertEqual(len(final), 1)
            for server in cluster.servers:
                expected = [] if server is cluster.servers[index] else final
                wait_for(lambda: cut_folders(server) == expected, 30,
                         f"{server.name} to keep {expected} alone")


if __name__ == "__main__":
    unittest.main()
