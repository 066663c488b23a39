"""Jobs, and whether a process lives: what several tests need."""

import os

from cluster import DIGITS, write_job


def counting(folder, name, iterations, policy="asp", workers=1, servers=2, rows=64):
    return write_job(folder, f"""
name: {name}
model: {{kind: counting, rows: {rows}, dim: 4}}
train: {{iterations: {iterations}}}
consistency: {{policy: {policy}}}
resources: {{workers: {workers}, servers: {servers}}}
""", f"{name}.yaml")


def digits(folder, name="digits", epochs=60, servers=2, hidden=64, seed=3, checkpoint=""):
    """Two ranks under BSP: the same bytes from every run."""
    return write_job(folder, f"""
name: {name}
model: {{kind: mlp, hidden: [{hidden}]}}
data:
  scale: 0.0625
  train: {{path: {DIGITS}, format: csv}}
train:
  global_batch: 64
  epochs: {epochs}
  seed: {seed}
  optimizer: {{kind: adam, learning_rate: 0.003}}
consistency: {{policy: bsp}}
resources: {{workers: 2, servers: {servers}}}
checkpoint: {{{checkpoint}}}
""", f"{name}.yaml")


def late_pushes(ms=2):
    """Flags of workers whose tasks' pushes are so late: a job lasts on fast machines and slow
    ones, so that what is done to it in the middle is not done after its end."""
    return ("--test-faults", f"rpc.Push=delay({ms}ms):1000")


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
