"""Settings that tests of several modes build on: the plainest federated averaging."""

from typing import Any

from sim.mode.proxy.federated import Federated
from sim.protocol.server import Server

ADDS = Server(
    optimizer="sgd", learning_rate=1.0, momentum=0.9, second_momentum=0.99, adaptivity=0.001
)
"""A server that adds the mean update as it is."""

LOCAL = {"local_steps": 2, "local_epochs": None, "proximal_weight": 0.0}


def federated(**changes: Any) -> Federated:
    """Return federated averaging with two plain local steps, and changes."""
    settings = {
        **LOCAL,
        "algorithm": "fedavg",
        "server": ADDS,
        "keep_fraction": 1.0,
        "deadline_sim_s": None,
        "heeds_forecast": False,
    }
    return Federated(**(settings | changes))
