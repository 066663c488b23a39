"""The jobs that run under chaos, and what each must end with."""

import dataclasses
import itertools
import math

import cluster
from cut import Cut

RANKS, SERVERS = 4, 3
STEP_MS, JITTER = 30, 0.3
# Seconds of work without a fault: long enough to be hit, short enough to end
# between two rollbacks.
ITERATIONS = 120
# Mean of the lognormal step.
STEP_SECONDS = STEP_MS / 1000 * math.exp(JITTER ** 2 / 2)

# Added to every job's `checkpoint`.
CHECKPOINT = ", every_iterations: 40, keep: 2"

EMULATED = f"emulated_step_ms: {STEP_MS}, emulated_jitter: {JITTER}"


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    model: str
    train: str
    policy: str = "{policy: bsp}"
    data: str = ""
    device: str = "emulated"
    ranks: int = RANKS
    # Jobs of the same family end with the same bytes, whatever their policy.
    family: str = ""
    # checkpoint.replicas; 0: cuts lie in a shared folder.
    replicas: int = 0

    @property
    def emulated(self):
        return self.device == "emulated"

    def text(self, checkpoint_dir):
        """The job file."""
        where = f"replicas: {self.replicas}" if self.replicas else f"dir: {checkpoint_dir}"
        return f"""
name: {self.name}
model: {self.model}
{self.data}
train: {self.train}
consistency: {self.policy}
resources: {{workers: {self.ranks}, servers: {SERVERS}, device: {self.device}}}
checkpoint: {{{where}{CHECKPOINT}}}
"""


def counting(policy, settings):
    # A sparse table: 64 buckets, so that every server has some.
    return Kind(f"counting-{policy}", "{kind: counting, table: sparse, rows: 1000, dim: 4}",
                f"{{iterations: {ITERATIONS}, {EMULATED}}}", settings, family="counting")


def layers(name, **more):
    return Kind(name, "{kind: layers, layer_sizes: [1000, 20000, 5000, 300]}",
                f"{{global_batch: {RANKS}, iterations: {ITERATIONS}, {EMULATED}, "
                "optimizer: {kind: momentum, learning_rate: 0.1}}", family="layers", **more)


KINDS = (
    Kind("digits-bsp", "{kind: mlp, hidden: [64]}",
         "{global_batch: 32, epochs: 40, seed: 3, optimizer: {kind: adam, learning_rate: 0.003}}",
         data=f"data: {{scale: 0.0625, train: {{path: {cluster.DIGITS}, format: csv}}}}",
         device="cpu", ranks=2, family="digits"),
    counting("ssp", "{policy: ssp, staleness: 3}"),
    counting("asp", "{policy: asp}"),
    layers("layers-bsp"),
    counting("bsp", "{policy: bsp}"),
    layers("layers-replicated", replicas=2),
)


def endless():
    """The kinds, over and over."""
    return itertools.cycle(KINDS)


def goldens(folder):
    """Summaries of runs without a fault, by family."""
    found = {}
    for kind in KINDS:
        if kind.policy == "{policy: bsp}" and kind.family not in found:
            job = cluster.write_job(folder, kind.text(folder / f"golden-{kind.name}"),
                                    f"golden-{kind.name}.yaml")
            found[kind.family] = cluster.local_run(job, servers=1, workers=kind.ranks)
    return found


def wrongs(kind, summary, golden, checkpoint_dir):
    """What is wrong with a job that has ended: a list of sentences."""
    if summary["state"] != "succeeded":
        return [f"{summary['state']}: {summary['reason']}"]
    found = []
    fields = ["iterations", "parameters_sha256"] + (["samples"] if kind.data else [])
    for field in fields:
        if summary[field] != golden[field]:
            found.append(f"{field}: {golden[field]} expected, got {summary[field]}")
    if kind.family == "counting":
        pushes = kind.ranks * ITERATIONS
        (rows,) = Cut(checkpoint_dir).sparse.values()
        # Every push adds 1 to row 0.
        if rows[0].tolist() != [pushes] * 4:
            found.append(f"row 0: {pushes} pushes expected, got {rows[0].tolist()}")
    return found
