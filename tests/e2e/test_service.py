"""What daemons tell the service manager that started them, as systemd does with Type=notify."""

import socket
import tempfile
import unittest

from cluster import Cluster


class Manager:
    """The socket of a service manager; `prefix` starts a daemon under it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(60)
        self.prefix = ("env", f"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=400000")
        self.said = []

    def wait_for(self, message):
        while message not in self.said:
            self.said.append(self.socket.recv(4096).decode())


class ServiceTest(unittest.TestCase):
    def test_daemons_say_that_they_are_ready_and_well_and_about_to_end(self):
        with tempfile.TemporaryDirectory() as folder, Cluster(servers=0, workers=0) as cluster:
            for role in ("server", "worker"):
                with self.subTest(role=role):
                    manager = Manager(f"{folder}/{role}")
                    daemon = cluster.start_daemon(
                        role, role, "--scheduler", cluster.address, prefix=manager.prefix)
                    manager.wait_for("STATUS=ready")
                    self.assertEqual(manager.said[0], "READY=1")
                    self.assertIn("WATCHDOG=1", manager.said)
                    daemon.process.terminate()
                    manager.wait_for("STOPPING=1")
                    self.assertEqual(daemon.process.wait(60), 0)

    def test_a_daemon_without_its_scheduler_is_up_and_not_ready(self):
        with tempfile.TemporaryDirectory() as folder, Cluster(servers=0, workers=0) as cluster:
            manager = Manager(f"{folder}/s")
            daemon = cluster.start_daemon(
                "server", "server", "--scheduler", "127.0.0.1:1", prefix=manager.prefix)
            manager.wait_for("READY=1")
            manager.said.clear()
            manager.wait_for("WATCHDOG=1")
            status = [text for text in manager.said if text.startswith("STATUS=not ready: ")]
            while not status:
                manager.said = [manager.socket.recv(4096).decode()]
                status = [text for text in manager.said if text.startswith("STATUS=not ready: ")]
            self.assertIsNone(daemon.process.poll())
            daemon.process.terminate()
            self.assertEqual(daemon.process.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
