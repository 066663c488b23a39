"""deploy/: units, configuration, user data, manifests: what can be checked without a cloud."""

import json
import pathlib
import re
import shutil
import subprocess
import threading
import tempfile
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

from cluster import BIN, ROOT, wait_for

DEPLOY = ROOT / "deploy"
ROLES = ("scheduler", "server", "worker")
# "Overall exposure" of systemd-analyze, times ten: below 20 is its "OK".
EXPOSURE = {"paceline-scheduler": 16, "paceline-server": 17, "paceline-worker": 19,
            "paceline-preemption@": 14}


def run(*command, **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, **options)


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


def flags(program):
    """The flags that a program has: its --help."""
    done = run(BIN / program, "--help")
    if done.returncode:
        raise AssertionError(done.stderr)
    return set(re.findall(r"(--[a-z][a-z-]*)", done.stdout))


def flag_names(arguments):
    return {argument.split("=")[0] for argument in arguments if argument.startswith("--")}


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


class Systemd(unittest.TestCase):
    def unit(self, name):
        return (DEPLOY / "systemd" / f"{name}.service").read_text()

    def seconds(self, unit, key):
        return int(re.search(rf"^{key}=(\d+)$", unit, re.M)[1])

    @needs("systemd-analyze")
    def test_systemd_understands_every_unit(self):
        with tempfile.TemporaryDirectory() as temp:
            # The programs it names have to be there.
            units = []
            for unit in (DEPLOY / "systemd").glob("*.service"):
                text = unit.read_text()
                for program in re.findall(r"^ExecStart=(\S+)", text, re.M):
                    text = text.replace(program, "/bin/true")
                name = unit.name.replace("@.", "@gcp.")
                (pathlib.Path(temp) / name).write_text(text)
                units.append(pathlib.Path(temp) / name)
            self.assertEqual(len(units), 5)
            done = run("systemd-analyze", "verify", "--man=no", *units)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    @needs("systemd-analyze")
    def test_what_a_daemon_may_do_stays_little(self):
        for name, most in EXPOSURE.items():
            done = run("systemd-analyze", "security", "--offline=true", f"--threshold={most}",
                       DEPLOY / "systemd" / f"{name}.service")
            self.assertEqual(done.returncode, 0, f"{name}\n{done.stdout[-300:]}{done.stderr}")

    def test_a_daemon_has_the_time_it_needs_to_end(self):
        for role in ROLES:
            unit = self.unit(f"paceline-{role}")
            config = (DEPLOY / "config" / f"{role}.toml").read_text()
            drain = re.search(r"^drain-seconds = (\d+)$", config, re.M)
            drain = int(drain[1]) if drain else 0
            stop = self.seconds(unit, "TimeoutStopSec")
            self.assertGreaterEqual(stop, drain + 20, role)
            if drain:
                self.assertIn(f"waits {stop} s for its end", config)

    def test_tasks_of_a_worker_are_the_workers_to_stop(self):
        unit = self.unit("paceline-worker")
        self.assertIn("\nKillMode=mixed\n", unit)
        self.assertIn("\nOOMPolicy=continue\n", unit)

    def test_the_daemons_understand_their_files(self):
        for role in ROLES:
            keys = re.findall(r"^#?([a-z-]+) = ", (DEPLOY / "config" / f"{role}.toml").read_text(), re.M)
            self.assertLessEqual({f"--{key}" for key in keys}, flags(f"paceline-{role}"))
            # It gets as far as to say what is wrong with a listener of which it is told.
            done = run(BIN / f"paceline-{role}", "--config", DEPLOY / "config" / f"{role}.toml",
                       "--listen", "nonsense")
            self.assertEqual(done.returncode, 2)
            self.assertIn("--listen", done.stderr)


class Metadata(BaseHTTPRequestHandler):
    """The metadata servers of three clouds; `server.notice` says whether the machine goes."""

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_PUT(self):
        self.answer("token" if self.path == "/latest/api/token" else "", 200)

    def do_GET(self):
        self.server.asked.set()
        notice = self.server.notice
        if self.path == "/computeMetadata/v1/instance/preempted" \
                and self.headers["Metadata-Flavor"] == "Google":
            self.answer("TRUE" if notice else "FALSE")
        elif self.path == "/latest/meta-data/spot/instance-action" \
                and self.headers["X-aws-ec2-metadata-token"] == "token" and notice:
            self.answer(json.dumps({"action": "terminate", "time": "2030-01-01T00:00:00Z"}))
        elif self.path.startswith("/metadata/scheduledevents?api-version=") \
                and self.headers["Metadata"] == "true":
            kinds = ["Reboot"] + (["Preempt"] if notice else [])
            self.answer(json.dumps({"Events": [{"EventType": kind} for kind in kinds]}))
        else:
            self.answer("", 404)

    def log_message(self, *unused):
        pass


@needs("curl")
class Preemption(unittest.TestCase):
    """Against a metadata server of our own: no cloud was asked."""

    def test_a_notice_becomes_a_file(self):
        for cloud in ("gcp", "aws", "azure"):
            with self.subTest(cloud), tempfile.TemporaryDirectory() as temp, \
                    ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
                server.notice, server.asked = False, threading.Event()
                threading.Thread(target=server.serve_forever, daemon=True).start()
                file = pathlib.Path(temp) / "preempted"
                watch = subprocess.Popen(
                    [str(DEPLOY / "systemd" / "preemption-watch"), cloud, str(file),
                     f"http://127.0.0.1:{server.server_port}"],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    env={"PATH": "/usr/bin:/bin", "PREEMPTION_INTERVAL": "0.1"})
                try:
                    for _ in range(3):
                        server.asked.clear()
                        self.assertTrue(server.asked.wait(20))
                    self.assertFalse(file.exists())
                    server.notice = True
                    wait_for(file.exists, 20, f"the file of {cloud}'s notice")
                    self.assertTrue(file.read_text().strip())
                finally:
                    watch.terminate()
                    watch.wait()
                    server.shutdown()

    def test_without_a_metadata_server_there_is_no_notice(self):
        done = run(DEPLOY / "systemd" / "preemption-watch", "nowhere", "/x")
        self.assertEqual(done.returncode, 2)
        with tempfile.TemporaryDirectory() as temp:
            with self.assertRaises(subprocess.TimeoutExpired):
                subprocess.run([DEPLOY / "systemd" / "preemption-watch", "aws", f"{temp}/preempted",
                                "http://127.0.0.1:9"], timeout=1,
                               env={"PATH": "/usr/bin:/bin", "PREEMPTION_INTERVAL": "0.1"})
            self.assertEqual(list(pathlib.Path(temp).iterdir()), [])


class Clouds(unittest.TestCase):
    @needs("cloud-init")
    def test_user_data_keeps_to_its_schema(self):
        for role in ROLES:
            done = run("cloud-init", "schema", "--config-file", DEPLOY / "cloud-init" / f"{role}.yaml")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_options_in_user_data_exist(self):
        for role in ROLES:
            data = yaml.safe_load((DEPLOY / "cloud-init" / f"{role}.yaml").read_text())
            (config,) = [file["content"] for file in data["write_files"]
                         if file["path"] == f"/etc/paceline/{role}.toml"]
            keys = {f"--{line.split(' = ')[0]}" for line in config.splitlines()}
            self.assertLessEqual(keys, flags(f"paceline-{role}"))

    def test_terraform_fills_in_all_of_it(self):
        main = (DEPLOY / "terraform" / "main.tf").read_text()
        given = set(re.findall(r"^      (\w+) += ", main.split("templatefile(")[1].split("})")[0], re.M))
        for role in ROLES:
            wanted = set(re.findall(r"\$\{(\w+)\}", (DEPLOY / "cloud-init" / f"{role}.yaml").read_text()))
            self.assertTrue(wanted)
            self.assertLessEqual(wanted, given, role)
        variables = (DEPLOY / "terraform" / "variables.tf").read_text()
        self.assertEqual(set(re.findall(r"\bvar\.(\w+)", main)),
                         set(re.findall(r'^variable "(\w+)"', variables, re.M)))

    @needs("terraform")
    def test_terraform_reads_its_files(self):
        done = run("terraform", "fmt", "-check", "-diff", DEPLOY / "terraform")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_brackets_of_terraforms_files_match(self):
        for path in (DEPLOY / "terraform").glob("*.tf"):
            # Without comments; strings hold brackets in pairs.
            text = re.sub(r"(?m)^\s*#.*$", "", path.read_text())
            self.assertEqual(text.count('"') % 2, 0)
            open_ones = []
            for bracket in re.findall(r"[][(){}]", text):
                if bracket in "([{":
                    open_ones.append(bracket)
                else:
                    self.assertIn(open_ones.pop() + bracket, ("()", "[]", "{}"), path)
            self.assertEqual(open_ones, [])


class Compose(unittest.TestCase):
    def test_its_services(self):
        compose = yaml.safe_load((DEPLOY / "docker" / "compose.yaml").read_text())
        services = compose["services"]
        daemons = {name: service for name, service in services.items() if name != "certificates"}
        roles = [service["command"][0] for service in daemons.values()]
        self.assertEqual(sorted(roles), ["paceline-scheduler"] + 2 * ["paceline-server"]
                         + 2 * ["paceline-worker"])
        script = services["certificates"]["command"][0]
        for name, service in daemons.items():
            program, *arguments = service["command"]
            self.assertLessEqual(flag_names(arguments), flags(program))
            options = dict(argument.split("=", 1) for argument in arguments)
            role = program.removeprefix("paceline-")
            self.assertEqual(options["--advertise"].split(":")[0], name)
            self.assertEqual(options["--tls-dir"], f"/pki/{role}-{name}")
            self.assertIn(f"issue {role} {name}\n", script)
            self.assertTrue(service["environment"]["PACELINE_HEALTH"].startswith(
                f"https://localhost:{options['--http-listen'].split(':')[1]}/"))
            for volume in service["volumes"]:
                self.assertIn(volume.split(":")[0], compose["volumes"])

    def test_the_images_file_copies_what_there_is(self):
        text = (DEPLOY / "docker" / "Dockerfile").read_text()
        for line in re.findall(r"^COPY (.*) \S+$", text, re.M):
            for name in line.split():
                self.assertTrue((ROOT / name).exists(), name)
        # Nothing runs as root in the end.
        self.assertEqual(re.findall(r"^USER (.*)$", text, re.M), ["paceline"])


if __name__ == "__main__":
    unittest.main()
