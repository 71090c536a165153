"""The time of phases on equal full-duplex links, by the alpha-beta model."""

from collections import Counter
from collections.abc import Sequence

from sim.collective import Phase


def time_sim_s(phases: Sequence[Phase], latency_sim_s: float, bytes_per_s: float) -> float:
    """Return the sum over the phases; a link shared by several messages of a step carries all of
    them.
    """
    return sum(
        phase.num_latencies * latency_sim_s
        + phase.num_steps * phase.num_bytes * num_on_busiest_link(phase) / bytes_per_s
        for phase in phases
    )


def num_on_busiest_link(phase: Phase) -> int:
    """Return the most messages that one member sends, or receives, in one step."""
    senders = Counter(sender for sender, _ in phase.sends)
    receivers = Counter(receiver for _, receiver in phase.sends)
    return max(*senders.values(), *receivers.values())
