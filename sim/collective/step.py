"""Owns the phase that is one step, messages sent side by side once, and the way back."""

from collections.abc import Iterable
from dataclasses import replace

from sim.collective import Phase


def step(sends: Iterable[tuple[int, int]], num_bytes: float) -> Phase:
    """Return the phase in which each pair of sender and receiver moves `num_bytes` once."""
    return Phase(num_steps=1, num_latencies=1.0, sends=tuple(sends), num_bytes=num_bytes)


def back(phase: Phase) -> Phase:
    """Return the same phase with receivers sending to senders."""
    return replace(phase, sends=tuple((receiver, sender) for sender, receiver in phase.sends))
