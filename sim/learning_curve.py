"""Owns the formula of a learning curve: how loss and accuracy follow from what a model was trained
on, without training. Its numbers are fitted to recorded runs (`python -m runners.fit_curve`).

A model is, for each label, how many samples n_c it has been trained on as if labels were balanced.
With n'_c = (1 − t) n_c + t mean(n), t being what labels teach each other, each label's accuracy
goes from initial to final with 1 / (1 + (n'_c / scale)^exponent) left of the way: slowly at first,
and as a power law in the end, as learning curves do (Hestness et al. 2017). So does its loss, with
a scale and an exponent of its own. A test set's are the means of its labels'. An update of m
partners counts for m^participants_exponent of the mean of them, and one that is τ versions late for
(1 + τ)^−staleness_exponent. A label that a merge lacks loses up to `forgetting` of its n_c.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.bounds import not_negative, positive

Floats = npt.NDArray[np.float64]

FITTED = (
    "final_loss",
    "final_accuracy",
    "scale_samples",
    "exponent",
    "loss_scale_samples",
    "loss_exponent",
    "transfer",
    "participants_exponent",
    "forgetting",
)
"""What a fit finds; the initial values are the untrained model's, as recorded."""


@dataclass(frozen=True, kw_only=True)
class LearningCurve:
    """Hold a curve's numbers, the `name` of the task that it was fitted to, and how well: root mean
    squared errors over `num_points` evaluations of `num_runs` recorded runs.
    """

    name: str
    initial_loss: float
    final_loss: float
    initial_accuracy: float
    final_accuracy: float
    scale_samples: float
    exponent: float
    loss_scale_samples: float
    loss_exponent: float
    transfer: float
    participants_exponent: float
    forgetting: float
    staleness_exponent: float
    loss_rmse: float
    accuracy_rmse: float
    num_runs: int
    num_points: int

    def __post_init__(self) -> None:
        for name in ("scale_samples", "exponent", "loss_scale_samples", "loss_exponent"):
            positive(name, getattr(self, name), remedy="fit the curve again")
        for name in ("transfer", "participants_exponent", "forgetting", "staleness_exponent"):
            not_negative(name, getattr(self, name), remedy="fit the curve again")

    def loss(self, samples: Floats, labels: Floats) -> float:
        """Return the loss on data with these fractions of the labels."""
        left = _left(self._shared(samples), self.loss_scale_samples, self.loss_exponent)
        return float(self.final_loss + (self.initial_loss - self.final_loss) * left @ labels)

    def accuracy(self, samples: Floats, labels: Floats) -> float:
        """Return the accuracy on data with these fractions of the labels."""
        left = _left(self._shared(samples), self.scale_samples, self.exponent)
        way = self.final_accuracy - self.initial_accuracy
        return float(self.final_accuracy - way * left @ labels)

    def after(
        self, samples: Floats, update: Floats, balance: Floats, num_participants: int
    ) -> Floats:
        """Return what a model has been trained on after one merge.

        `update` are the samples of each label in the weighted mean of the partners' works, and
        `balance` the labels' fractions in everyone's data.
        """
        balanced = update / balance
        lacking = np.clip(1 - balanced / max(float(update.sum()), 1e-12), 0.0, 1.0)
        kept = samples * (1 - min(1.0, self.forgetting) * lacking)
        return kept + balanced * num_participants**self.participants_exponent

    def samples_for(self, accuracy: float) -> float:
        """Return the samples with which the accuracy of balanced training is reached; infinite
        where it never is.
        """
        left = (self.final_accuracy - accuracy) / (self.final_accuracy - self.initial_accuracy)
        if left <= 0:
            return float("inf")
        return float(self.scale_samples * max(0.0, 1 / left - 1) ** (1 / self.exponent))

    def _shared(self, samples: Floats) -> Floats:
        return (1 - self.transfer) * samples + self.transfer * samples.mean()


def _left(samples: Floats, scale_samples: float, exponent: float) -> Floats:
    return np.asarray(1 / (1 + (samples / scale_samples) ** exponent), dtype=np.float64)
