"""Owns how far a run's training has come, and the learning rates that follow from the schedule."""

from runners.training import Training


class Rates:
    """Give out learning rates; counts the samples that all partners together have trained on."""

    def __init__(self, training: Training, learning_rate: float, budget_samples: float) -> None:
        self.num_samples = 0
        self._training = training
        self._learning_rate = learning_rate
        self._budget_samples = budget_samples

    def take(self, num_steps: int, num_samples: int) -> list[float]:
        """Return the rates of the next `num_steps` steps, in which all together train on
        `num_samples`.
        """
        fractions = [
            (self.num_samples + num_samples * step / num_steps) / self._budget_samples
            for step in range(num_steps)
        ]
        self.num_samples += num_samples
        return [
            self._learning_rate * self._training.rate_factor(min(1.0, fraction))
            for fraction in fractions
        ]
