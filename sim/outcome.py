"""Owns what a simulation leaves behind."""

from dataclasses import dataclass

from sim.learner import Model
from sim.trace import Round, Span


@dataclass(frozen=True, kw_only=True)
class ServerUse:
    """Hold what a server did: bytes it sent and received, updates merged, their mean time in its
    queue, and the part of its workers' time that they took (0 to 1).
    """

    name: str
    num_bytes: float
    num_merged: int
    mean_queue_sim_s: float
    utilisation: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Hold what a simulation leaves behind."""

    rounds: list[Round]
    spans: list[Span]
    models: tuple[Model, ...]
    answers_jointly: bool
    servers: tuple[ServerUse, ...]
    ended_by: str
