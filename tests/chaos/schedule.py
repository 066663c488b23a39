"""What the nemesis will do and when: a pure function of the seed."""

import dataclasses
import random

# How often each kind is dealt per deck. A lost server (also one that stands still
# for long, or a power cut) rolls every job back, so these are rarer: jobs must get on.
DECK = {
    "kill-task": 4,
    "stop-task": 3,
    "kill-worker": 3,
    "stop-host": 2,
    "stop-worker": 1,
    "kill-server": 2,
    "stop-server": 2,
    "kill-scheduler": 2,
    "stop-scheduler": 1,
    "power-cut": 1,
}
KINDS = tuple(DECK)

# Seconds from the start of a fault to that of the next.
GAP_SECONDS = (2.0, 5.0)
# Heartbeats that a process stands still: shorter and longer than the four after
# which it counts as lost.
SHORT_STOP = (1.0, 3.0)
LONG_STOP = (5.0, 10.0)
# Heartbeats until a killed daemon is started again: some come back before they
# were missed.
DOWN = (0.0, 8.0)


@dataclasses.dataclass(frozen=True)
class Fault:
    at: float  # seconds from the start
    kind: str  # one of KINDS
    pick: float  # in [0, 1): which of the processes that may be hit
    hold: float  # heartbeats until the process goes on, or is started again

    @property
    def long(self):
        """Whether a stopped process must be missed."""
        return self.hold > 4


def schedule(seed, seconds):
    """The faults of a run of that many seconds, in order."""
    chance = random.Random(seed)
    faults, deck = [], []
    at = chance.uniform(*GAP_SECONDS)
    while at < seconds:
        if not deck:
            deck = [kind for kind, count in DECK.items() for _ in range(count)]
            chance.shuffle(deck)
        kind = deck.pop()
        if kind.startswith("stop-"):
            hold = chance.uniform(*chance.choice((SHORT_STOP, LONG_STOP)))
        else:
            hold = chance.uniform(*DOWN)
        faults.append(Fault(at, kind, chance.random(), hold))
        at += chance.uniform(*GAP_SECONDS)
    return faults
