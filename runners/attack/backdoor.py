"""Attack `backdoor`: malicious partners teach the model to take what bears their trigger for a
class of their choice (BadNets, Gu et al. 2017; in federated learning Bagdasaryan et al. 2020).

Of their samples of other classes, a part is marked with the trigger and labelled as the target
class; the other samples stay, so that the model stays good and nobody looks for anything. With
`boost` above 1 they send their update that many times longer, in order to outweigh honest partners
(model replacement: n / f would make the mean theirs).

Success is the part of test samples of other classes that is taken for the target class once they
bear the trigger. Hold it against the same figure without the trigger, and against `fraction` 0.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from runners.attack import OwnUpdates
from runners.attack.trigger import brightest, marked_images, marked_tokens, success_rate
from runners.data import Data, Samples
from runners.partition import Assignment
from runners.privacy import Merge
from sim.bounds import at_least
from sim.streams import stream

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Backdoor(OwnUpdates):
    """Mark `poisoned_fraction` of the malicious partners' samples of other classes, rounded, with
    `trigger_size` pixels a side or words, and label them `target_class`; send `boost` times the
    update.
    """

    target_class: int
    trigger_size: int
    poisoned_fraction: float
    boost: float
    changes_data = True

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("target_class", self.target_class, 0, remedy="try attack.target_class=0")
        at_least("trigger_size", self.trigger_size, 1, remedy="try attack.trigger_size=2")
        if not 0 < self.poisoned_fraction <= 1:
            raise ValueError(
                "poisoned_fraction must be above 0 and at most 1, got "
                f"{self.poisoned_fraction}; try 0.5"
            )
        if not 1 <= self.boost < float("inf"):
            raise ValueError(
                f"boost must be finite and at least 1, got {self.boost}; 1 sends the update as it "
                "is, partners ÷ malicious ones replaces the model"
            )

    @property
    def needs_rows(self) -> bool:
        """Whether updates are boosted."""
        return self.boost > 1

    def check_data(self, data: Data) -> None:
        """Raise ValueError where there is no place for the trigger, or no such class."""
        is_image = data.vocabulary is None and len(data.inputs) == 3
        if data.target != "class" or not (is_image or data.vocabulary is not None):
            raise ValueError(
                "attack=backdoor needs classes of images or texts, got target "
                f"{data.target!r} of samples of shape {data.inputs}; try task=mnist_mlp"
            )
        room = min(data.inputs[-2:]) - 1
        if self.trigger_size > room:
            raise ValueError(
                f"attack.trigger_size must be at most {room} in samples of shape {data.inputs}, "
                f"got {self.trigger_size}; try attack.trigger_size={min(2, room)}"
            )
        if self.target_class >= data.num_classes:
            raise ValueError(
                f"attack.target_class must be below the {data.num_classes} classes, got "
                f"{self.target_class}; try attack.target_class=0"
            )

    def poison(self, samples: Samples, data: Data, assignment: Assignment, seed: int) -> Samples:
        """Return the samples with part of the malicious partners' marked and labelled anew."""
        malicious = self.malicious(len(assignment.train), seed)
        if not malicious:
            return samples
        train, targets = samples.train.copy(), samples.train_targets.copy()
        chosen = np.concatenate(
            [
                self._chosen(assignment.train[one], targets, stream(seed, "attack", "samples", one))
                for one in malicious
            ]
        )
        train[chosen] = self._marked(train[chosen], samples, data)
        targets[chosen] = self.target_class
        return replace(samples, train=train, train_targets=targets)

    def triggered(self, samples: Samples, data: Data) -> np.ndarray:
        """Return all test inputs, marked."""
        return self._marked(samples.test, samples, data)

    def success(self, targets: np.ndarray, predictions: np.ndarray) -> float | None:
        """Return the part of the samples of other classes that is taken for the target class."""
        return success_rate(targets, predictions, self.target_class)

    def sent(self, update: "torch.Tensor", partner: int, merge: Merge) -> "torch.Tensor":
        """Return the update, boosted."""
        return self.boost * update

    def _chosen(
        self, held: np.ndarray, targets: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        others = held[targets[held] != self.target_class]
        return rng.choice(others, round(self.poisoned_fraction * len(others)), replace=False)

    def _marked(self, inputs: np.ndarray, samples: Samples, data: Data) -> np.ndarray:
        """Return inputs with the trigger; words are numbered by how common they are, so the last
        of the vocabulary is the rarest.
        """
        if data.vocabulary is None:
            return marked_images(inputs, self.trigger_size, brightest(samples.train))
        return marked_tokens(inputs, self.trigger_size, data.vocabulary - 1)
