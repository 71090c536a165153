"""Owns the search for a learning curve's numbers: least squares over all recorded evaluations, with
losses in units of the untrained model's loss, so that they weigh as accuracies do.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from runners.learning_curves.recorded import Recorded
from sim.learning_curve import FITTED, Floats, LearningCurve

BOUNDS = {
    "final_loss": (0.0, 1.0),  # of the initial loss
    "final_accuracy": (0.05, 1.0),
    "scale_samples": (0.0, 16.0),  # its logarithm
    "exponent": (0.1, 8.0),
    "loss_scale_samples": (0.0, 16.0),  # its logarithm
    "loss_exponent": (0.1, 8.0),
    "transfer": (0.0, 1.0),
    "participants_exponent": (0.0, 1.0),
    "forgetting": (0.0, 1.0),
}
START = (0.1, 0.95, 6.0, 1.0, 6.0, 1.0, 0.2, 0.2, 0.2)
STALENESS_EXPONENT = 0.5
"""Runs of mode=proxy/federated have no stale updates to fit this to; FedBuff's usual weight."""


def fit(name: str, runs: Sequence[Recorded]) -> LearningCurve:
    """Return the curve that comes nearest to what was recorded."""
    from scipy.optimize import least_squares

    start = _untrained(name, runs)

    def residuals(values: Floats) -> Floats:
        return np.concatenate([_errors(_curve(start, values), run) for run in runs])

    low, high = np.array(list(BOUNDS.values())).T
    found = least_squares(residuals, START, bounds=(low, high)).x
    curve = _curve(start, found)
    halves = [np.split(_errors(curve, run), 2) for run in runs]
    losses = np.concatenate([one for one, _ in halves]) * start.initial_loss
    accuracies = np.concatenate([other for _, other in halves])
    return replace(curve, loss_rmse=_rms(losses), accuracy_rmse=_rms(accuracies))


def _untrained(name: str, runs: Sequence[Recorded]) -> LearningCurve:
    return LearningCurve(
        name=name,
        initial_loss=float(np.mean([run.losses[0] for run in runs])),
        initial_accuracy=float(np.mean([run.accuracies[0] for run in runs])),
        **dict(zip(FITTED, (0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0), strict=True)),
        staleness_exponent=STALENESS_EXPONENT,
        loss_rmse=0.0,
        accuracy_rmse=0.0,
        num_runs=len(runs),
        num_points=sum(len(run.losses) for run in runs),
    )


def _curve(start: LearningCurve, values: Floats) -> LearningCurve:
    numbers: dict[str, Any] = dict(zip(FITTED, map(float, values), strict=True))
    numbers["final_loss"] *= start.initial_loss
    for name in ("scale_samples", "loss_scale_samples"):
        numbers[name] = float(np.exp(numbers[name]))
    return replace(start, **numbers)


def _errors(curve: LearningCurve, run: Recorded) -> Floats:
    """Return errors of the losses, then of the accuracies, at a run's evaluations."""
    samples = np.zeros(len(run.balance))
    states = [samples]
    for update, num_participants in zip(run.updates, run.num_participants, strict=True):
        samples = curve.after(samples, update, run.balance, num_participants)
        states.append(samples)
    at = [states[number] for number in run.num_merged]
    losses = np.array([curve.loss(one, run.balance) for one in at]) - run.losses
    accuracies = np.array([curve.accuracy(one, run.balance) for one in at]) - run.accuracies
    return np.concatenate([losses / curve.initial_loss, accuracies])


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
