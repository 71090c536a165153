"""Owns the full figures of merit at a run's end: overall on the whole held-out test set, per
partner on its slice of it; how far partners and groups are apart; how far an attack's trigger
reached.

Where everyone shares one model, or all models answer together, all figures are that model's. Where
each partner has its own (solo), overall figures are means over the models, a partner's are its own
model's, and `ensemble` has those of the mean of what all predict.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from runners.fairness.gaps import group_figures, held_out_groups, partner_gap
from runners.metrics import Metrics, measure
from sim.learner import Model
from sim.outcome import Outcome

if TYPE_CHECKING:
    from runners.learner.horovod import Ranks
    from runners.learner.rank_learner import RankLearner
    from runners.perform import Job


def final_metrics(
    job: "Job", ranks: "Ranks", learner: "RankLearner", outcome: Outcome
) -> dict[str, Any] | None:
    """Return a record's `metrics` part on rank 0, None on the others; all ranks must call it."""
    predictions = _gather_predictions(ranks, learner.test_probabilities, outcome.models)
    triggered = None
    if learner.training.data.triggered_inputs is not None:
        triggered = _gather_predictions(ranks, learner.triggered_probabilities, outcome.models)
    if ranks.rank != 0:
        return None
    together = np.mean(predictions, axis=0)
    if outcome.answers_jointly:
        predictions = [together]
        triggered = triggered and [np.mean(triggered, axis=0)]
    targets = learner.training.data.test_targets.cpu().numpy()
    overall = [measure(targets, one) for one in predictions]
    partners = {}
    for number, partner in enumerate(job.setting.consortium.partners):
        mine = predictions[number if len(predictions) > 1 else 0]
        held = job.assignment.test[number]
        metrics = measure(targets[held], mine[held])
        partners[partner.name] = _as_row(metrics)
    has_several = len(outcome.models) > 1
    return {
        "overall": _mean([asdict(metrics) for metrics in overall if metrics]),
        "ensemble": _as_row(measure(targets, together)) if has_several else None,
        "partners": partners,
        "fairness": {
            **partner_gap({name: row["accuracy"] for name, row in partners.items()}),
            "attributes": _attributes(job, targets, predictions),
        },
        "malicious": _malicious(job),
        "backdoor": None if triggered is None else _backdoor(job, targets, predictions, triggered),
    }


def _attributes(
    job: "Job", targets: np.ndarray, predictions: Sequence[np.ndarray]
) -> dict[str, Any] | None:
    """Return the gaps between sensitive groups; None of data that have none."""
    groups = held_out_groups(job.run.task, job.run.training)
    if groups is None:
        return None
    classes = [one.argmax(axis=1) for one in predictions]
    return group_figures(targets, classes, groups, predictions[0].shape[1])


def _malicious(job: "Job") -> list[str]:
    partners = job.setting.consortium.partners
    return [partners[one].name for one in job.run.attack.malicious(len(partners), job.run.seed)]


def _backdoor(
    job: "Job",
    targets: np.ndarray,
    predictions: Sequence[np.ndarray],
    triggered: Sequence[np.ndarray],
) -> dict[str, float | None]:
    """Return the attack's success with its trigger and without it, in the mean over the models."""
    rows = [
        {
            "success": job.run.attack.success(targets, with_it),
            "success_without_trigger": job.run.attack.success(targets, without),
        }
        for with_it, without in zip(triggered, predictions, strict=True)
    ]
    return _mean(rows)


def _as_row(metrics: Metrics | None) -> dict[str, float | None]:
    return asdict(metrics) if metrics else dict.fromkeys(Metrics.__dataclass_fields__)


def _gather_predictions(
    ranks: "Ranks", predict: Callable[[Model], np.ndarray | None], models: Sequence[Model]
) -> list[np.ndarray]:
    """Return what each model predicts on the test set, in the order of `models`; `predict` gives
    None where another rank keeps the model.
    """
    kept = [predict(model) for model in models]
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
