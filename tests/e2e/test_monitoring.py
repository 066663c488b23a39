"""Alert rules, dashboard and documentation agree, and a Prometheus reads a cluster that trains."""

import json
import pathlib
import re
import socket
import subprocess
import tempfile
import unittest
import urllib.parse
import urllib.request

from cluster import ROOT, Cluster, wait_for, write_job

MONITORING = ROOT / "deploy" / "monitoring"
DOCS = ROOT / "docs"

# In the table of a page: "| `name` | type | ...".
DOCUMENTED = re.compile(r"^\| `((?:paceline|process)_\w+)`.*?\| (counter|gauge|histogram) \|",
                        re.MULTILINE)
USED = re.compile(r"\b(?:paceline|process)_[a-z0-9_]+")


def promtool(*args):
    done = subprocess.run(["promtool", *args], cwd=MONITORING, capture_output=True, text=True,
                          timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"promtool {' '.join(args)}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def documented():
    """The names under which the metrics of all daemons are scraped."""
    names = set()
    for page in DOCS.glob("metrics*.md"):
        for name, kind in DOCUMENTED.findall(page.read_text()):
            names.update([f"{name}_bucket", f"{name}_sum", f"{name}_count"]
                         if kind == "histogram" else [name])
    return names


def expressions(dashboard):
    """Every query of the dashboard's panels and variables."""
    queries = [variable["definition"] for variable in dashboard["templating"]["list"]
               if variable["type"] == "query"]
    return queries + [target["expr"] for panel in dashboard["panels"]
                      for target in panel.get("targets", [])]


class Files(unittest.TestCase):
    def setUp(self):
        self.rules = (MONITORING / "paceline-alerts.yml").read_text()
        self.dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())

    def test_rules_are_valid_and_each_alert_fires_and_stays_silent(self):
        promtool("check", "config", "prometheus.yml")
        promtool("check", "rules", "paceline-alerts.yml")
        promtool("test", "rules", "paceline-alerts_test.yml")
        cases = (MONITORING / "paceline-alerts_test.yml").read_text()
        alerts = re.findall(r"- alert: (\w+)", self.rules)
        self.assertGreater(len(alerts), 10)
        for alert in alerts:
            self.assertIn(f"- name: {alert}\n", cases)
            self.assertIn(f"- name: {alert} is silent\n", cases)

    def test_every_metric_that_is_used_is_documented(self):
        known = documented()
        for text in [self.rules, *expressions(self.dashboard)]:
            for name in USED.findall(text):
                self.assertIn(name, known)

    def test_every_rule_that_the_dashboard_draws_is_there(self):
        recorded = re.findall(r"- record: (\S+)", self.rules)
        for query in expressions(self.dashboard):
            for name in re.findall(r"paceline:[\w:]+", query):
                self.assertIn(name, recorded)

    def test_every_query_of_the_dashboard_is_one(self):
        # Grafana fills these in.
        values = {"$__rate_interval": "1m", "$job": ".*", "$node": ".*"}
        rules = []
        for query in expressions(self.dashboard):
            if query.startswith("label_values("):
                continue
            for name, value in values.items():
                query = query.replace(name, value)
            rules.append({"record": f"query:{len(rules)}", "expr": query})
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "rules.json"
            path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
            self.assertIn(f"{len(rules)} rules found", promtool("check", "rules", str(path)))

    def test_panels_have_ids_of_their_own_and_do_not_overlap(self):
        ids = [panel["id"] for panel in self.dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        taken = set()
        for panel in self.dashboard["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                     for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Prometheus:
    """A Prometheus with our rules that scrapes a cluster. Use as a context manager."""

    def __init__(self, cluster, folder):
        def scrape(role, daemons):
            return {"job_name": f"paceline-{role}",
                    "static_configs": [{"targets": [d.http_address() for d in daemons]}]}
        config = {
            "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms",
                       "evaluation_interval": "500ms"},
            "rule_files": [str(MONITORING / "paceline-alerts.yml")],
            "scrape_configs": [scrape("scheduler", [cluster.scheduler]),
                               scrape("server", cluster.servers),
                               scrape("worker", cluster.workers)],
        }
        folder = pathlib.Path(folder)
        # JSON is YAML.
        (folder / "prometheus.yml").write_text(json.dumps(config))
        self.address = f"127.0.0.1:{free_port()}"
        self.log = open(folder / "prometheus.log", "w+b")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}",
             f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={self.address}"],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def query(self, expression):
        """[({label: value}, value)]; nothing while it does not answer."""
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError(f"prometheus ended:\n{self.log.read().decode()[-2000:]}")
        url = f"http://{self.address}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                answer = json.load(reply)
        except OSError:
            return []
        return [(series["metric"], float(series["value"][1])) for series in answer["data"]["result"]]


class ScrapedCluster(unittest.TestCase):
    def test_samples_per_second_and_staleness_of_a_job(self):
        with tempfile.TemporaryDirectory() as folder, \
                Cluster(servers=2, workers=2) as cluster, Prometheus(cluster, folder) as prometheus:
            data = pathlib.Path(folder) / "train.csv"
            data.write_text("".join(f"{i % 7},{i % 5},{i % 3}\n" for i in range(1000)))
            job = cluster.submit(write_job(folder, f"""
name: watched
model: {{kind: softmax}}
data: {{classes: 3, train: {{path: {data}, format: csv}}}}
train: {{global_batch: 64, epochs: 1000000}}
consistency: {{policy: ssp, staleness: 3}}
resources: {{workers: 2, servers: 2}}
"""))
            cluster.wait_for_state(job, "running")

            def positive(expression):
                def ask():
                    found = prometheus.query(expression)
                    return found if found and all(value > 0 for _, value in found) else None
                return wait_for(ask, 60, f"{expression} to be more than 0")

            # Every daemon is scraped.
            positive('sum(up{job=~"paceline-.*"}) == 5')
            of_job = f'{{exported_job="{job}"}}'
            labels, _ = positive(f"paceline_job_samples_per_second{of_job}")[0]
            self.assertEqual(labels["job"], "paceline-scheduler")
            positive(f"paceline:job_samples_per_second{of_job}")
            positive(f"paceline_job_iterations{of_job}")

            staleness = wait_for(
                lambda: prometheus.query(f"paceline_job_staleness_mean_iterations{of_job}"), 60,
                "the job's staleness")
            self.assertEqual(len(staleness), 1)
            self.assertTrue(0 <= staleness[0][1] <= 3, staleness)
            bound = prometheus.query(f"paceline_job_staleness_bound_iterations{of_job}")
            self.assertEqual(bound[0][1], 3)
            self.assertEqual(prometheus.query('ALERTS{alertstate="firing"}'), [])
            cluster.pacectl("cancel", job, check=True)
            wait_for(lambda: not prometheus.query(f"paceline_job_info{of_job}"), 60,
                     "the job's metrics to go")


if __name__ == "__main__":
    unittest.main()
