"""Owns what every machine of a simulation has: a name, an access link each way, and being up or
not.

Partners (`sim.partner`) and servers (`sim.proxy`) are machines; `sim.presence` takes them down and
up.
"""

from typing import Protocol

import simpy

from sim.fair_share import Link


class AccessSpec(Protocol):
    """What a site or a proxy says of its access link."""

    @property
    def uplink_bytes_per_s(self) -> float:
        """Line rate of what it sends."""
        ...

    @property
    def downlink_bytes_per_s(self) -> float:
        """Line rate of what it receives."""
        ...

    @property
    def latency_sim_s(self) -> float:
        """One way, to the node it is plugged into."""
        ...


class Machine:
    """Be an end of transfers, and be up or down."""

    is_server = False  # a server goes on for others when one attempt ends

    def __init__(self, env: simpy.Environment, name: str, access: AccessSpec, efficiency: float):
        """Build the links; `efficiency` is the payload's part of the line rate."""
        self.env = env
        self.name = name
        self.is_up = True
        self.attempts: dict[simpy.Process, None] = {}  # what ends when the machine breaks down
        self.uplink = Link(
            name=f"{name}.up",
            bytes_per_s=access.uplink_bytes_per_s * efficiency,
            latency_sim_s=access.latency_sim_s,
        )
        self.downlink = Link(
            name=f"{name}.down",
            bytes_per_s=access.downlink_bytes_per_s * efficiency,
            latency_sim_s=access.latency_sim_s,
        )

    @property
    def links(self) -> tuple[Link, Link]:
        """Its access link, up and down."""
        return self.uplink, self.downlink

    @property
    def carried_bytes(self) -> float:
        """What it has sent and received."""
        return self.uplink.carried_bytes + self.downlink.carried_bytes

    def set_up(self, is_up: bool) -> None:
        """Be up or down from now on."""
        self.is_up = is_up

    def stop(self) -> None:
        """Leave what it is doing."""
