"""Jobs that only count, and whether a process lives: what several tests need."""

import os

from cluster import write_job


def counting(folder, name, iterations, policy="asp", workers=1, servers=2, rows=64):
    return write_job(folder, f"""
name: {name}
model: {{kind: counting, rows: {rows}, dim: 4}}
train: {{iterations: {iterations}}}
consistency: {{policy: {policy}}}
resources: {{workers: {workers}, servers: {servers}}}
""", f"{name}.yaml")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def exit_code(pid):
    """Of a process that has ended and that its parent has not asked about."""
    with open(f"/proc/{pid}/stat") as stat:
        return os.waitstatus_to_exitcode(int(stat.read().split()[-1]))
