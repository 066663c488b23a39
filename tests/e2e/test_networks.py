"""Networks that break, heal, lose packets and are slow: a network namespace per node."""

import pathlib
import random
import tempfile
import time
import unittest

from cluster import DIGITS, local_run, needs_digits, wait_for, write_job
from network import NetworkCluster, needs_namespaces
from processes import late_pushes

# Of one attempt to connect, the longest.
CONNECT = 1.5
# Tests allow so many times what is promised: the machine may be busy.
SLACK = 5

# Ways to cut the link between a worker and a server.
WAYS = {"both ways": lambda cluster, worker, server: cluster.cut(worker, server),
        "to the server": lambda cluster, worker, server: cluster.cut(worker, server, one_way=True),
        "to the worker": lambda cluster, worker, server: cluster.cut(server, worker, one_way=True)}


@needs_namespaces
class Networks(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)
        self.heartbeat = 0.5

    def cluster(self, servers=2, workers=2, heartbeat=0.5, pace_ms=5, **options):
        """Pushes of its tasks are `pace_ms` late, so that a job lasts as long as its faults."""
        self.heartbeat = heartbeat
        faults = late_pushes(pace_ms) if pace_ms else ()
        return NetworkCluster(servers=servers, workers=workers, heartbeat_ms=int(heartbeat * 1000),
                              worker_flags=faults, **options)

    def counting(self, iterations, policy="bsp", ranks=2, rows=64, every=0):
        return write_job(self.folder, f"""
name: counting
model: {{kind: counting, rows: {rows}, dim: 4}}
train: {{iterations: {iterations}}}
consistency: {{policy: {policy}}}
resources: {{workers: {ranks}, servers: 1}}
checkpoint: {{every_iterations: {every}, dir: {self.folder}/cuts}}
""", "counting.yaml")

    def digits(self, epochs):
        """Its tables lie on both servers."""
        return write_job(self.folder, f"""
name: digits
model: {{kind: mlp, hidden: [32]}}
data: {{scale: 0.0625, train: {{path: {DIGITS}, format: csv}}}}
train: {{global_batch: 64, epochs: {epochs}, seed: 3, optimizer: {{kind: adam}}}}
consistency: {{policy: bsp}}
resources: {{workers: 2, servers: 2}}
checkpoint: {{every_iterations: 50, dir: {self.folder}/cuts}}
""", "digits.yaml")

    def start(self, cluster, job_file):
        job = cluster.submit(job_file)
        wait_for(lambda: self.progress(cluster, job) > 20, 60, "some iterations")
        return job

    @staticmethod
    def progress(cluster, job):
        return cluster.summary(job)["iterations"]

    @staticmethod
    def events(cluster, job, kind):
        return [event["message"] for event in cluster.job(job).get("events", [])
                if event["kind"] == kind]

    @staticmethod
    def worker_of(cluster, job, rank):
        address = cluster.job(job)["ranks"][rank]["worker_address"]
        return next(worker for worker in cluster.workers if worker.address() == address)

    def converged(self, condition, what):
        """Waits for what is promised within 4 heartbeats and an attempt to connect."""
        began = time.monotonic()
        promised = 4 * self.heartbeat + CONNECT
        wait_for(condition, SLACK * promised, what)
        print(f"    {what}: {time.monotonic() - began:.2f} s, promised {promised:.1f} s", flush=True)

    def goes_on(self, cluster, job, rank=None):
        """True once the job, or the rank, has done an iteration more than now."""
        def done():
            if rank is None:
                return self.progress(cluster, job)
            return int(cluster.job(job)["ranks"][rank].get("iteration", 0))
        before = done()
        return lambda: done() > before

    def all_live(self, cluster):
        return lambda: all(node.get("live") for node in cluster.nodes())

    def check_exact(self, cluster, job, job_file, seconds=120):
        """It ends as a run without faults does; its summary."""
        summary = cluster.wait_for_state(job, "succeeded", seconds=seconds)
        golden = self.golden(job_file, int(summary["ranks"]))
        self.assertEqual(summary["iterations"], golden["iterations"])
        self.assertEqual(summary["parameters_sha256"], golden["parameters_sha256"])
        return summary

    goldens = {}

    def golden(self, job_file, ranks):
        """The summary of a run without faults."""
        key = job_file.read_text().replace(str(self.folder), "")
        if key not in self.goldens:
            self.goldens[key] = local_run(job_file, workers=ranks)
        return self.goldens[key]

    def test_row_8_a_short_cut_between_task_and_server_is_not_noticed(self):
        with self.cluster(workers=3, heartbeat=1.0) as cluster:
            job_file = self.counting(2000)
            job = self.start(cluster, job_file)
            worker = self.worker_of(cluster, job, 1)
            server = cluster.servers[cluster.holder(job)]
            for way, cut in WAYS.items():
                with cluster.healed_at_the_end():
                    cut(cluster, worker, server)
                    time.sleep(0.5 * 4 * self.heartbeat)
                self.converged(self.goes_on(cluster, job, 1), f"goes on after a cut {way}")
            summary = self.check_exact(cluster, job, job_file)
            self.assertEqual((summary["restarts"], summary["rollbacks"]), (0, 0))

    def test_row_8_a_rank_that_is_cut_off_from_its_server_is_moved(self):
        with self.cluster(workers=5, heartbeat=1.0) as cluster:
            job_file = self.counting(3000)
            job = self.start(cluster, job_file)
            server = cluster.servers[cluster.holder(job)]
            for moves, (way, cut) in enumerate(WAYS.items(), 1):
                worker = self.worker_of(cluster, job, 1)
                with cluster.healed_at_the_end():
                    began = time.monotonic()
                    cut(cluster, worker, server)
                    wait_for(lambda: len(self.events(cluster, job, "RANK_MOVED")) == moves, 30,
                             "the rank to be moved")
                    print(f"    moved {time.monotonic() - began:.1f} s after a cut {way}")
                    wait_for(self.goes_on(cluster, job, 1), 30, "the rank to go on")
                self.assertIsNot(self.worker_of(cluster, job, 1), worker)
            message = self.events(cluster, job, "RANK_MOVED")[0]
            self.assertRegex(message, rf"worker \d+ \(.*\) does not reach server \d+ "
                                      rf"\({server.address()}\)")
            summary = self.check_exact(cluster, job, job_file)
            self.assertEqual((summary["restarts"], summary["rollbacks"]), (3, 0))

    def test_row_8_without_another_worker_the_job_says_who_does_not_reach_whom(self):
        with self.cluster(servers=1, workers=1, heartbeat=0.5) as cluster:
            job_file = self.counting(600, ranks=1)
            job = self.start(cluster, job_file)
            with cluster.healed_at_the_end():
                cluster.cut(cluster.workers[0], cluster.servers[0])
                wait_for(lambda: "does not reach server" in cluster.job(job).get("reason", ""), 30,
                         "the reason")
            self.converged(self.goes_on(cluster, job), "goes on")
            summary = self.check_exact(cluster, job, job_file)
            self.assertEqual((summary["restarts"], summary["rollbacks"]), (0, 0))

    def test_row_9_a_server_cut_off_from_the_scheduler_is_replaced_once_and_fenced(self):
        with self.cluster() as cluster:
            job_file = self.counting(2000, every=100)
            job = self.start(cluster, job_file)
            holder = cluster.servers[cluster.holder(job)]
            with cluster.healed_at_the_end():
                cluster.cut(holder, cluster.scheduler)
                wait_for(lambda: cluster.summary(job)["rollbacks"] == 1, 30, "the rollback")
                wait_for(self.goes_on(cluster, job), 30, "the job to go on elsewhere")
                # It still holds what has been abandoned.
                self.assertEqual(cluster.metrics(holder)["paceline_server_jobs"], 1)
            self.converged(lambda: cluster.metrics(holder)["paceline_server_jobs"] == 0,
                           "the server is fenced and closed")
            self.assertIsNot(cluster.servers[cluster.holder(job)], holder)
            summary = self.check_exact(cluster, job, job_file)
            self.assertEqual((summary["restarts"], summary["rollbacks"]), (0, 1))

    def test_row_10_when_most_nodes_vanish_nobody_is_given_up(self):
        with self.cluster(heartbeat=1.0) as cluster:
            job_file = self.counting(2000)
            job = self.start(cluster, job_file)
            server = cluster.servers[cluster.holder(job)]
            with cluster.healed_at_the_end():
                cluster.isolate(cluster.scheduler)
                wait_for(lambda: "fell silent at once" in cluster.job(job).get("reason", ""), 30,
                         "the alarm")
                pushes = 'paceline_rpc_handled_total{method="Push",code="OK"}'
                applied = cluster.metrics(server)[pushes]
                time.sleep(6 * self.heartbeat)
                # Training does not need the scheduler.
                self.assertGreater(cluster.metrics(server)[pushes], applied)
            self.converged(self.all_live(cluster), "all nodes are live")
            self.converged(lambda: not cluster.job(job).get("reason"), "the alarm is over")
            summary = self.check_exact(cluster, job, job_file)
            self.assertEqual((summary["restarts"], summary["rollbacks"]), (0, 0))

    @needs_digits
    def test_row_11_links_that_break_and_heal_one_after_another(self):
        seed = random.randrange(10**6)
        print(f"    seed {seed}", flush=True)
        chance = random.Random(seed)
        with self.cluster(workers=3) as cluster:
            # Longer than its faults.
            job_file = self.digits(epochs=200)
            job = self.start(cluster, job_file)
            links = [(worker, server) for worker in cluster.workers for server in cluster.servers]
            links += [(daemon, cluster.scheduler)
                      for daemon in (*cluster.workers, *cluster.servers)]
            for _ in range(2):
                broken = [(*chance.sample(link, 2), chance.random() < 0.5)
                          for link in chance.sample(links, 5)]
                for link in broken:
                    cluster.cut(*link)
                    time.sleep(chance.uniform(0, 4 * self.heartbeat))
                for link in chance.sample(broken, len(broken)):
                    cluster.mend(*link)
                    time.sleep(chance.uniform(0, 4 * self.heartbeat))
                self.converged(self.all_live(cluster), "all nodes are live")
                self.converged(self.goes_on(cluster, job), "the job goes on")
            summary = self.check_exact(cluster, job, job_file, seconds=300)
            print(f"    restarts {summary['restarts']}, rollbacks {summary['rollbacks']}")

    def test_row_12_a_slow_link_is_slow_and_not_broken(self):
        with self.cluster(servers=1, workers=1, pace_ms=0, heartbeat=1.0) as cluster:
            # 1.6 MB there and back: longer than a call without bytes may take.
            job_file = self.counting(1, ranks=1, rows=100000)
            node = cluster.node(cluster.workers[0])
            node.slow_down("1mbit", buffered_ms=400)
            job = cluster.submit(job_file)
            cluster.wait_for_state(job, "running")
            began, before = time.monotonic(), node.carried()
            summary = self.check_exact(cluster, job, job_file)
            rate = (node.carried() - before) * 8 / (time.monotonic() - began)
            self.assertEqual((summary["restarts"], summary["rollbacks"]), (0, 0))
            rank = cluster.job(job)["ranks"][0]
            print(f"    {rate / 1e6:.2f} of 1 Mbit/s, {rank['calls']:.0f} calls")
            self.assertEqual(rank["calls_repeated"], 0)

    def check_retries(self, cluster, job, what):
        ranks = cluster.job(job)["ranks"]
        calls, repeated = (sum(rank[key] for rank in ranks) for key in ("calls", "calls_repeated"))
        print(f"    {what}: {repeated:.0f} of {calls:.0f} calls were repeated "
              f"({100 * repeated / calls:.2f} %)", flush=True)
        # A budget of ten for each rank, and a tenth of what succeeds.
        self.assertLessEqual(repeated, 0.1 * calls + 10 * len(ranks))

    def test_row_13_packet_loss_slows_and_does_not_break(self):
        # Four heartbeats are longer than TCP takes to get a packet through.
        with self.cluster(pace_ms=0, heartbeat=1.0) as cluster:
            job_file = self.counting(300)
            for daemon in (cluster.scheduler, *cluster.servers, *cluster.workers):
                cluster.lose_packets(daemon, 0.1)
            job = cluster.submit(job_file)
            summary = self.check_exact(cluster, job, job_file)
            self.assertEqual((summary["restarts"], summary["rollbacks"]), (0, 0))
            self.check_retries(cluster, job, "10 % packet loss")

    def test_row_13_reset_connections_are_made_anew(self):
        with self.cluster(heartbeat=1.0) as cluster:
            job_file = self.counting(1500)
            job = self.start(cluster, job_file)
            with cluster.healed_at_the_end():
                for daemon in (*cluster.servers, *cluster.workers):
                    cluster.reset_connections(daemon, 0.01)
                time.sleep(10)
            self.converged(self.goes_on(cluster, job), "goes on")
            summary = self.check_exact(cluster, job, job_file)
            self.assertEqual((summary["restarts"], summary["rollbacks"]), (0, 0))
            self.check_retries(cluster, job, "resets")


if __name__ == "__main__":
    unittest.main()
