"""Privacy `label_dp`: each partner tells the training a wrong label now and then (randomised
response, Warner 1965; of more than two classes Kairouz, Oh and Viswanath 2014; as privacy of labels
Ghazi et al. 2021).

Before anything is trained, each training label is kept with probability e^ε / (e^ε + k − 1), and
else becomes one of the k − 1 others, equally likely. Labels are drawn once, so that training longer
spends nothing more.

Guarantee: (ε, 0) for each label alone, against everyone who sees anything that was made from it.
Its inputs are not protected, nor is that it is there; of two labels of one person it is 2 ε. Trust:
each partner in itself only. Labels are drawn by the run's seed, so that a run can be repeated:
whoever knows the seed knows the labels, and a deployment has to draw them from its system. It costs
no virtual time: 60,000 labels take 2 ms.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runners.data import Data
from runners.privacy import Guarantee, Mechanism, Sampling
from sim.bounds import positive
from sim.streams import stream


@dataclass(frozen=True, kw_only=True)
class LabelDp(Mechanism):
    """Randomise training labels with `epsilon`."""

    epsilon: float

    is_about_updates = False
    changes_labels = True

    def __post_init__(self) -> None:
        positive("epsilon", self.epsilon, remedy="3.0 keeps 69% of labels of ten classes")

    def check_data(self, data: Data) -> None:
        """Raise ValueError where samples have no classes."""
        if data.target != "class" or data.num_classes < 2:
            raise ValueError(
                f"privacy=label_dp needs samples of two classes or more, got target "
                f"{data.target!r} of {data.num_classes}; try task=mnist_mlp, or another mechanism"
            )

    def labels(self, targets: NDArray[np.integer], data: Data, seed: int) -> NDArray[np.integer]:
        """Return training labels as partners tell them, in a new array."""
        rng = stream(seed, "privacy", "label_dp")
        return randomised_labels(targets, data.num_classes, self.epsilon, rng)

    def guarantee(self, sampling: Sampling, num_merges: int) -> Guarantee:
        """Return ε, however many merges there are."""
        return Guarantee(
            mechanism="label_dp",
            unit="label of an example",
            hidden_from="everyone but the partner itself",
            assumptions="the partner randomises its labels (seeded source); inputs are not hidden",
            epsilon=self.epsilon,
            delta=0.0,
        )


def randomised_labels(
    labels: NDArray[np.integer], num_classes: int, epsilon: float, rng: np.random.Generator
) -> NDArray[np.integer]:
    """Return labels (0 to num_classes − 1) of which each is kept with `keep_probability`, and else
    is one of the others, equally likely.
    """
    kept = rng.random(labels.shape) < keep_probability(num_classes, epsilon)
    shifts = rng.integers(1, num_classes, labels.shape)
    return np.where(kept, labels, (labels + shifts) % num_classes).astype(labels.dtype)


def keep_probability(num_classes: int, epsilon: float) -> float:
    """Return how often a label is kept."""
    return 1 / (1 + (num_classes - 1) * math.exp(-epsilon))
