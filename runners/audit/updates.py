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


def seen_updates(
    training: LocalTraining, num_steps: int, rate: float, protect: Protect
) -> Iterator[tuple[Sequence[int], torch.Tensor]]:
    """Yield partners' numbers, and what an attacker sees of their updates after so many steps."""
    start = training.model.initial
    first = Version(version=0, owner=None, vector=start)
    works = [
        Work(partner=number, start=first, num_steps=num_steps, data_of=(number,))
        for number in range(training.num_partners)
    ]
    training.note_steps(works)  # the ledger of private steps wants to know before
    jobs = [training.job(work, start, None) for work in works]
    for piece in training.train(None, jobs, [rate] * num_steps):
        yield piece.numbers, protect(piece.ends - start)
