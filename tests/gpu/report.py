"""What was checked and measured: lines as it goes, and all of it as JSON."""

import datetime
import json
import os
import platform
import subprocess


def machine():
    """What was measured on."""
    facts = {"date": datetime.date.today().isoformat(), "cores": os.cpu_count(),
             "kernel": platform.release(), "processor": platform.machine(), "gpus": []}
    with open("/proc/cpuinfo") as cpuinfo:
        names = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
    if names:
        facts["processor"] = names[0]
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"],
            capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return facts
    if done.returncode == 0:
        facts["gpus"] = done.stdout.strip().splitlines()
    return facts


class Report:
    """Checks that hold or not, and figures that are what they are. `path`, if any, gets all of it,
    and has at any time what is known by then; `facts` say what about."""

    def __init__(self, path=None, facts=None, write=None):
        self._path = path
        # Whoever is stopped half way has shown what he has.
        self._write = write or (lambda line: print(line, flush=True))
        self.facts = facts or {}
        self.checks = []
        self.figures = []

    def say(self, text):
        self._write(text)

    def check(self, name, ok, said):
        """`said`: the numbers."""
        self.checks.append({"name": name, "ok": bool(ok), "said": said})
        self._write(f"{'ok    ' if ok else 'FAILED'} {name}: {said}")
        self.save()

    def figure(self, name, values):
        self.figures.append({"name": name, **values})
        self.save()

    @property
    def failed(self):
        return [check["name"] for check in self.checks if not check["ok"]]

    def save(self):
        if self._path:
            with open(self._path, "w") as file:
                json.dump({"machine": self.facts, "checks": self.checks, "figures": self.figures},
                          file, indent=2)
                file.write("\n")
