"""A cluster with certificates: jobs train, strangers stay out, certificates are replaced."""

import json
import pathlib
import shutil
import socket
import ssl
import tempfile
import unittest

from cluster import Cluster, local_run, make_pki, needs_digits, pacectl, wait_for, write_job
from processes import counting, digits, late_pushes

# Beyond which a new certificate is in use: many times what is promised.
SOON = 60


class Security(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="paceline-security-")
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)
        self.pki = make_pki(self.folder)

    def pacectl_as(self, cluster, who, *args):
        tls = ("--tls-dir", self.pki / who) if who else ()
        return pacectl("--address", cluster.address, *tls, *args)

    @needs_digits
    def test_a_job_trains_to_the_same_bytes_with_certificates(self):
        job = digits(self.folder, epochs=3)
        plain = local_run(job)
        for shared_memory in ("true", "false"):
            with self.subTest(shared_memory=shared_memory), Cluster(
                    pki=self.pki, server_flags=("--shared-memory", shared_memory)) as cluster:
                job_id = cluster.submit(job)
                summary = cluster.wait_for_state(job_id, "succeeded")
                self.assertEqual(summary["parameters_sha256"], plain["parameters_sha256"])
                logs = cluster.pacectl("logs", job_id, "--rank", 1, check=True)
                self.assertIn("role=task", logs.stdout)
                exported = self.folder / f"{shared_memory}.safetensors"
                cluster.pacectl("export", job_id, exported, check=True)
                self.assertGreater(exported.stat().st_size, 0)

    def test_each_may_do_what_the_role_may(self):
        with Cluster(pki=self.pki, servers=1, workers=1) as cluster:
            self.assertEqual(self.pacectl_as(cluster, "viewer-eve", "list").returncode, 0)
            job = counting(self.folder, "count", 5, servers=1)
            denied = self.pacectl_as(cluster, "viewer-eve", "submit", job)
            self.assertEqual(denied.returncode, 4)
            self.assertIn("viewer eve may not call it: it is for admin, user", denied.stderr)
            state = self.folder / "state"
            denied = self.pacectl_as(cluster, "user-alice", "backup", state)
            self.assertEqual(denied.returncode, 4)
            self.assertFalse(state.exists())
            self.assertEqual(
                self.pacectl_as(cluster, "admin-root", "backup", state).returncode, 0)
            # Who was denied is on record, for its role as for the job.
            audit = cluster.folder / "scheduler" / "audit.log"

            def denials():
                lines = map(json.loads, audit.read_text().splitlines())
                return [(line["name"], line["method"]) for line in lines
                        if line["code"] == "PERMISSION_DENIED"]
            wait_for(lambda: denials() == [("eve", "SubmitJob"), ("alice", "BackupState")], 30,
                     "both denials in the audit log")
            # Without a certificate there is no connection.
            self.assertEqual(self.pacectl_as(cluster, None, "list").returncode, 3)

    def test_a_cluster_does_not_take_daemons_of_another_one(self):
        with Cluster(pki=self.pki, servers=1, workers=0) as cluster:
            elsewhere = make_pki(self.folder / "elsewhere")
            stranger = cluster.start_daemon(
                "stranger", "server", "--scheduler", cluster.address,
                "--tls-dir", elsewhere / "server-127.0.0.1")
            self.addCleanup(stranger.stop)
            unprotected = cluster.start_daemon(
                "unprotected", "server", "--scheduler", cluster.address)
            self.addCleanup(unprotected.stop)
            wait_for(lambda: len(cluster.nodes()) == 1, 30, "the cluster's own server")
            for daemon in (stranger, unprotected):
                wait_for(lambda d=daemon: "no heartbeat" in d.log.read_text(), 30,
                         f"{daemon.name} to be refused")
            self.assertEqual(len(cluster.nodes()), 1)

    @staticmethod
    def peer(daemon, folder):
        """The certificate that a daemon shows to whom `folder` is. None: it refuses that one;
        empty: it does not answer."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        host, port = daemon.address().rsplit(":", 1)
        try:
            with socket.create_connection((host, int(port)), 10) as raw, \
                    context.wrap_socket(raw) as tls:
                tls.settimeout(10)
                # gRPC speaks first, unless it refuses the certificate.
                return tls.getpeercert(binary_form=True) if tls.recv(1) else None
        except ssl.SSLError:
            return None
        except OSError:
            return b""

    def certificate(self, role):
        return ssl.PEM_cert_to_DER_cert((self.pki / f"{role}-127.0.0.1" / "tls.crt").read_text())

    def rotate(self, *flags):
        pacectl("certs", "rotate", "--dir", self.pki, *flags, check=True)

    def test_certificates_and_authority_are_replaced_while_a_job_runs(self):
        """Then a server dies: all connections of the one that follows are new."""
        job_file = write_job(self.folder, f"""
name: long
model: {{kind: counting, rows: 64, dim: 4}}
train: {{iterations: 4000}}
consistency: {{policy: bsp}}
resources: {{workers: 2, servers: 2}}
checkpoint: {{every_iterations: 100, dir: {self.folder}/cuts}}
""")
        with Cluster(pki=self.pki, worker_flags=late_pushes(25)) as cluster:
            daemons = [("scheduler", cluster.scheduler),
                       *(("server", server) for server in cluster.servers),
                       *(("worker", worker) for worker in cluster.workers)]
            admin = self.pki / "admin-root"
            job = cluster.submit(job_file)
            wait_for(lambda: cluster.summary(job)["iterations"] > 20, 60, "some iterations")
            old_admin = shutil.copytree(admin, self.folder / "old-admin")

            self.rotate("--ca")
            self.rotate("admin-root")
            for role, daemon in daemons:
                wait_for(lambda d=daemon: self.peer(d, admin), SOON,
                         f"the {role} to trust the new authority")
            self.rotate("--all")
            for role, daemon in daemons:
                wait_for(lambda d=daemon, r=role: self.peer(d, admin) == self.certificate(r), SOON,
                         f"the {role} to show its new certificate")
            self.rotate("--drop-old-ca")
            for role, daemon in daemons:
                wait_for(lambda d=daemon: self.peer(d, old_admin) is None, SOON,
                         f"the {role} to refuse the old authority")
            self.assertEqual(cluster.summary(job)["state"], "running")
            # The one that has the job's only shard: which that is depends on who came first.
            holder = cluster.job(job)["placement"][0]["address"].rpartition(":")[2]
            index = next(i for i, server in enumerate(cluster.servers)
                         if str(server.ports()["port"]) == holder)
            cluster.servers[index].kill()
            cluster.restart_server(index)
            summary = cluster.wait_for_state(job, "succeeded", seconds=600)
            self.assertEqual(summary["iterations"], 8000)
            self.assertEqual(summary["rollbacks"], 1)


if __name__ == "__main__":
    unittest.main()
