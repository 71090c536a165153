"""Owns the full figures of merit at a run's end: overall on the whole held-out test set, per
partner on its slice of it.

Where everyone shares one model, all figures are that model's. Where each partner has its own
(solo), overall figures are means over the models, and a partner's are its own model's.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from runners.metrics import Metrics, measure
from sim.learner import Model

if TYPE_CHECKING:
    from runners.learner.horovod import Ranks
    from runners.learner.rank_learner import RankLearner
    from runners.perform import Job


def final_metrics(
    job: "Job", ranks: "Ranks", learner: "RankLearner", models: Sequence[Model]
) -> dict[str, Any] | None:
    """Return a record's `metrics` part on rank 0, None on the others; all ranks must call it."""
    probabilities = _gather_probabilities(ranks, learner, models)
    if ranks.rank != 0:
        return None
    labels = job.run.task.index().test_labels
    overall = [measure(labels, one) for one in probabilities]
    partners = {}
    for number, partner in enumerate(job.setting.consortium.partners):
        mine = probabilities[number if len(models) > 1 else 0]
        held = job.assignment.test[number]
        metrics = measure(labels[held], mine[held])
        partners[partner.name] = (
            asdict(metrics) if metrics else dict.fromkeys(Metrics.__dataclass_fields__)
        )
    return {
        "overall": _mean([asdict(metrics) for metrics in overall if metrics]),
        "partners": partners,
    }


def _gather_probabilities(
    ranks: "Ranks", learner: "RankLearner", models: Sequence[Model]
) -> list[np.ndarray]:
    """Return each model's probabilities of the test set, in the order of `models`."""
    kept = [learner.test_probabilities(model) for model in models]
    mine = {number: one for number, one in enumerate(kept) if one is not None}
    if len(mine) == len(models) and ranks.size == 1:
        return list(mine.values())
    everyone: dict[int, np.ndarray] = {}
    for part in ranks.gather(mine, "probabilities"):
        everyone |= part
    return [everyone[number] for number in range(len(models))]


def _mean(rows: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    """Return the mean of each figure; None where a row has none, since leaving it out would
    flatter.
    """
    means: dict[str, float | None] = {}
    for name in rows[0]:
        values = [value for row in rows if (value := row[name]) is not None]
        means[name] = sum(values) / len(values) if len(values) == len(rows) else None
    return means
