"""Owns updates as attackers see them: of made-up partners, trained by the run's own engines and
protected as the run's privacy has it.

All start from the run's first model, whose gradients say more of a sample than those of a model
that has learned it. Updates are float32 rows of shape (num_partners, size).
"""

from collections.abc import Iterator, Sequence

import torch

from runners.audit.result import Protect
from runners.learner.local_training import LocalTraining
from runners.learner.version import Version
from sim.learner import Work

Rows = tuple[Sequence[int], torch.Tensor]
"""Numbers of partners, and a row for each."""


def seen_updates(
    training: LocalTraining, num_steps: int, rate: float, protect: Protect, num_together: int
) -> Iterator[Rows]:
    """Yield partners' numbers, and what an attacker sees of their updates after so many steps.

    At least `num_together` are protected at once, if there are as many: they may hide each other.
    """
    for numbers, updates in _joined(_updates(training, num_steps, rate), num_together):
        yield numbers, protect(updates)


def _updates(training: LocalTraining, num_steps: int, rate: float) -> Iterator[Rows]:
    """Yield updates in the pieces in which an engine makes them; one by one, some engines."""
    start = training.model.initial
    first = Version(version=0, owner=None, vector=start)
    works = [
        Work(partner=number, start=first, num_steps=num_steps, data_of=(number,))
        for number in range(training.num_partners)
    ]
    training.note_steps(works)  # the ledger of private steps wants to know before
    jobs = [training.job(work, start, None) for work in works]
    for piece in training.train(None, jobs, [rate] * num_steps):
        yield piece.numbers, piece.ends - start


def _joined(pieces: Iterator[Rows], least: int) -> Iterator[Rows]:
    """Yield rows in pieces of at least so many, if there are as many."""
    numbers: list[int] = []
    rows: list[torch.Tensor] = []
    for some, updates in pieces:
        numbers, rows = [*numbers, *some], [*rows, updates]
        if len(numbers) >= 2 * least:  # as many stay, so that the last piece is no smaller
            joined = torch.cat(rows)
            yield numbers[:-least], joined[:-least]
            numbers, rows = numbers[-least:], [joined[-least:].clone()]
    if numbers:
        yield numbers, torch.cat(rows)
