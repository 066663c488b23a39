"""Metrics of a cluster: well-formed, documented, and right."""

import collections
import json
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from cluster import ROOT, Cluster, wait_for
from processes import counting

RANKS, ITERATIONS = 2, 120

PAGE = ROOT / "docs" / "metrics.md"
SCHEDULER_PAGE = ROOT / "docs" / "metrics-scheduler.md"

ROW = re.compile(r"^\| `(\w+)` \| (counter|gauge|histogram) \|([^|]*)\|")
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def documented(page, *sections):
    """{name: (type, labels)} of the tables of a page, or of some of its sections."""
    found, section = {}, None
    for line in page.read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        row = ROW.match(line)
        if row and (not sections or section in sections):
            found[row[1]] = (row[2], set(re.findall(r"`(\w+)`", row[3])))
    return found


class Scrape:
    def __init__(self, daemon):
        with urllib.request.urlopen(f"http://{daemon.http_address()}/metrics", timeout=30) as page:
            self.content_type = page.headers["Content-Type"]
            self.text = page.read().decode()
        self.types = {}
        self.labels = collections.defaultdict(set)
        self.samples = {}
        for line in self.text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                self.types[name] = kind
            sample = SAMPLE.match(line)
            if sample and not line.startswith("#"):
                labels = dict(LABEL.findall(sample[2] or ""))
                self.labels[self.family(sample[1])] |= labels.keys() - {"le"}
                self.samples[sample[1], frozenset(labels.items())] = float(sample[3])

    def family(self, name):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        return base if self.types.get(base) == "histogram" else name

    def value(self, name, **labels):
        return self.samples[name, frozenset(labels.items())]


def get(daemon, path):
    with urllib.request.urlopen(f"http://{daemon.http_address()}{path}", timeout=30) as page:
        return page.read().decode()


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temp.cleanup)
        cls.cluster = cls.enterClassContext(Cluster(servers=2, workers=2))

    def run_job(self, policy, workers=RANKS, iterations=ITERATIONS):
        path = counting(pathlib.Path(self.temp.name), f"counting-{policy}", iterations,
                        policy=policy, workers=workers, rows=1 << 19)
        job = self.cluster.submit(path)
        return job, path

    def daemons(self):
        yield "server", self.cluster.servers[0]
        yield "worker", self.cluster.workers[0]
        yield "scheduler", self.cluster.scheduler

    def totals(self, name, **labels):
        return sum(Scrape(server).value(name, **labels) for server in self.cluster.servers)

    def test_what_is_exported_is_well_formed_and_documented(self):
        job, _ = self.run_job("ssp", iterations=1_000_000)
        self.cluster.wait_for_state(job, "running")
        self.addCleanup(self.cluster.pacectl, "cancel", job)
        # So that every family of a running job has its series.
        wait_for(lambda: self.totals("paceline_rpc_handled_total", method="Push", code="OK") > 100,
                 60, "pushes")
        wait_for(lambda: "paceline_worker_task_resident_bytes{" in get(
            self.cluster.workers[0], "/metrics"), 60, "tasks")
        common = documented(PAGE, "Every daemon")
        pages = {"server": common | documented(PAGE, "Server"),
                 "worker": common | documented(PAGE, "Worker"),
                 "scheduler": common | documented(SCHEDULER_PAGE)}
        for role, daemon in self.daemons():
            with self.subTest(role):
                scrape = Scrape(daemon)
                self.assertEqual(scrape.content_type, "text/plain; version=0.0.4; charset=utf-8")
                checked = subprocess.run(["promtool", "check", "metrics"], input=scrape.text,
                                         capture_output=True, text=True)
                self.assertEqual((checked.returncode, checked.stderr), (0, ""))
                self.assertEqual(scrape.types,
                                 {name: kind for name, (kind, _) in pages[role].items()})
                for name, labels in scrape.labels.items():
                    self.assertEqual(labels, pages[role][name][1], name)

    def test_pushes_and_bytes_are_those_of_the_job(self):
        names = [("paceline_rpc_handled_total", {"method": "Push", "code": "OK"}),
                 ("paceline_rpc_received_bytes_total", {"method": "Push"}),
                 ("paceline_rpc_sent_bytes_total", {"method": "Pull"})]
        # What earlier tests have cancelled may push still.
        wait_for(lambda: not any(Scrape(daemon).value(name)
                                 for name, daemons in (
                                     ("paceline_server_jobs", self.cluster.servers),
                                     ("paceline_worker_tasks", self.cluster.workers))
                                 for daemon in daemons), 60, "earlier jobs to be gone")
        before = [self.totals(name, **labels) for name, labels in names]
        job, _ = self.run_job("asp")
        summary = self.cluster.wait_for_state(job, "succeeded")
        pushes, received, sent = (self.totals(name, **labels) - past
                                  for (name, labels), past in zip(names, before))
        self.assertEqual((summary["restarts"], summary["rollbacks"]), (0, 0))
        self.assertEqual(received, summary["bytes_pushed"])
        self.assertEqual(sent, summary["bytes_pulled"])
        # 8 MiB in shards of 4 MiB, one on each server, each of them a frame. In the end each
        # rank says to each server that it has finished.
        self.assertEqual(pushes, RANKS * (ITERATIONS * 2 + 2))

    def test_pages_for_a_closer_look(self):
        job, _ = self.run_job("bsp", iterations=1_000_000)
        self.cluster.wait_for_state(job, "running")
        self.addCleanup(self.cluster.pacectl, "cancel", job)
        wait_for(lambda: int(self.cluster.job(job)["iterations_done"]) > 10, 60, "iterations")

        shards = [shard for server in self.cluster.servers
                  for shard in json.loads(get(server, "/debug/shards"))["shards"]
                  if shard["job"] == int(job)]
        self.assertEqual(sorted(shard["shard"] for shard in shards), [0, 1])
        self.assertEqual(sum(shard["rows"] for shard in shards), 1 << 19)
        for shard in shards:
            self.assertEqual(shard["state"], "serving")
            self.assertEqual(len(shard["progress"]), RANKS)
            self.assertGreater(shard["pushes"], 10)
        wait_for(lambda: any(
            shard["heat_per_second"] > 0
            for shard in json.loads(get(self.cluster.servers[0], "/debug/shards"))["shards"]),
            60, "heat")

        def used():
            tasks = [task for worker in self.cluster.workers
                     for task in json.loads(get(worker, "/debug/tasks"))["tasks"]
                     if task["job"] == int(job)]
            return tasks if sum(task["cpu_user_seconds"] > 0 for task in tasks) == RANKS else None
        for task in wait_for(used, 60, "tasks that have used the processor"):
            self.assertEqual(task["state"], "running")
            with open(f"/proc/{task['pid']}/cmdline") as cmdline:
                self.assertIn(f"--rank={task['rank']}", cmdline.read().split("\0"))
            self.assertGreater(task["resident_bytes"], 1 << 20)
        self.assertEqual(json.loads(get(self.cluster.servers[0], "/debug/tasks")), {"tasks": []})
        self.assertEqual(json.loads(get(self.cluster.workers[0], "/debug/shards")), {"shards": []})

    def test_a_daemon_that_does_not_hear_its_scheduler_is_not_ready(self):
        with Cluster(servers=1, workers=1) as cluster:
            def ready(daemon):
                try:
                    return get(daemon, "/readyz")
                except urllib.error.HTTPError as error:
                    self.assertEqual(error.code, 503)
                    return error.read().decode()
            for daemon in (cluster.servers[0], cluster.workers[0]):
                wait_for(lambda: ready(daemon) == "ok\n", 30, "readiness")
            cluster.scheduler.kill()
            for daemon in (cluster.servers[0], cluster.workers[0]):
                wait_for(lambda: "last heard" in ready(daemon), 30, "the end of readiness")
                self.assertEqual(get(daemon, "/healthz"), "ok\n")


if __name__ == "__main__":
    unittest.main()
