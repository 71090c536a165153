"""Owns in which order a stage of a pipeline passes micro-batches forward and backward.

A step cuts its batch into micro-batches; each goes forward through all stages and back. A stage
takes up its passes in a fixed order, and waits for the next one's input. With stages of equal time
and free communication, both orders leave a stage idle for (s - 1) / (m + s - 1) of a step of s
stages and m micro-batches. They differ in how many micro-batches a stage must keep in memory.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple


class Pass(NamedTuple):
    """One micro-batch through one stage, forward or backward."""

    is_forward: bool
    micro_batch: int


def gpipe(stage: int, num_stages: int, num_micro_batches: int) -> list[Pass]:
    """Return all forward passes, then all backward passes, last first (Huang et al. 2019, fig. 2).

    A stage keeps all micro-batches.
    """
    forward = [Pass(True, number) for number in range(num_micro_batches)]
    return forward + [Pass(False, number) for number in reversed(range(num_micro_batches))]


def one_forward_one_backward(stage: int, num_stages: int, num_micro_batches: int) -> list[Pass]:
    """Return one backward pass after each forward pass, as soon as the first comes back.

    PipeDream's 1F1B (Narayanan et al. 2019) with a flush at the end of the step (Narayanan et al.
    2021, Memory-Efficient Pipeline-Parallel DNN Training). A stage keeps at most as many
    micro-batches as there are stages from it to the last one.
    """
    num_ahead = min(num_stages - stage - 1, num_micro_batches)
    order = [Pass(True, number) for number in range(num_ahead)]
    for number in range(num_micro_batches):
        if number + num_ahead < num_micro_batches:
            order.append(Pass(True, number + num_ahead))
        order.append(Pass(False, number))
    return order


SCHEDULES: Mapping[str, Callable[[int, int, int], list[Pass]]] = MappingProxyType(
    {"gpipe": gpipe, "1f1b": one_forward_one_backward}
)


def most_in_flight(order: list[Pass]) -> int:
    """Return how many micro-batches a stage keeps at once at most: forward done, backward not."""
    in_flight = most = 0
    for one in order:
        in_flight += 1 if one.is_forward else -1
        most = max(most, in_flight)
    return most


def cut_batch(num_samples: int, num_micro_batches: int) -> list[range]:
    """Return the samples of each micro-batch, as even as whole samples allow.

    A batch of fewer samples than micro-batches has one micro-batch for each sample.
    """
    num_parts = min(num_samples, num_micro_batches)
    small, num_large = divmod(num_samples, num_parts)
    ends = [(part + 1) * small + min(part + 1, num_large) for part in range(num_parts)]
    return [range(start, end) for start, end in pairwise([0, *ends])]
