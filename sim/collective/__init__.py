"""Owns collectives: what a group of members sends to each other, written as phases.

A collective is a list of phases. In a phase the same messages are sent `num_steps` times; a phase
begins when the one before has ended. `sim.coupled` runs phases as coupled transfers;
tests/sim/collective runs them message by message. Cost model: the alpha-beta model of Thakur,
Rabenseifner & Gropp (2005); adding numbers costs nothing. Members are numbers from 0.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Hold messages that are sent side by side, `num_steps` times in a row.

    `sends` are pairs of sender and receiver; every message has `num_bytes`. The steps cost
    `num_latencies` latencies: fewer than `num_steps` where several are in flight.
    """

    num_steps: int
    num_latencies: float
    sends: tuple[tuple[int, int], ...]
    num_bytes: float
