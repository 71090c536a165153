"""Owns trying again: steps that must come to their end, however often a machine breaks down."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sim.machine import Machine
from sim.presence import Steps

if TYPE_CHECKING:
    from sim.world import World


def insist(world: "World", machines: Sequence[Machine], steps: Callable[[], Steps]) -> Steps:
    """Wait until all machines are up and run fresh `steps`, until they come to their end."""
    done = False
    while not done:
        yield from world.until_up(machines, len(machines))
        done = yield world.attempt(machines, steps())
