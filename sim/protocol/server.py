"""Owns how a server steps with the mean of the updates that it has merged.

Adaptive federated optimization (FedOpt, Reddi et al. 2021, algorithms 1 and 2): the mean update
takes the place of a gradient. Settings come in, what the learner needs goes out.
"""

from dataclasses import dataclass

from sim.bounds import one_of, positive
from sim.learner import SERVER_OPTIMIZERS, Outer


@dataclass(frozen=True, kw_only=True)
class Server:
    """Hold a server optimizer's settings.

    `sgd` has only the learning rate, `momentum` (FedAvgM, Hsu et al. 2019) and `nesterov` have
    `momentum` too; `adam` and `yogi` also have `second_momentum` β₂, and `adaptivity` τ in the
    units of the update, with `momentum` for β₁.
    """

    optimizer: str
    learning_rate: float
    momentum: float
    second_momentum: float
    adaptivity: float

    def __post_init__(self) -> None:
        one_of("optimizer", self.optimizer, SERVER_OPTIMIZERS)
        positive("learning_rate", self.learning_rate, remedy="1 with sgd adds the mean update")
        _below_one("momentum", self.momentum, remedy="try mode.server.momentum=0.9")
        _below_one(
            "second_momentum", self.second_momentum, remedy="try mode.server.second_momentum=0.99"
        )
        positive("adaptivity", self.adaptivity, remedy="try mode.server.adaptivity=0.001")

    def outer(self) -> Outer | None:
        """Return the optimizer with the settings that it has; None where the mean update is added
        as it is.
        """
        if self.optimizer == "sgd" and self.learning_rate == 1:
            return None
        is_adaptive = self.optimizer in ("adam", "yogi")
        return Outer(
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            momentum=0.0 if self.optimizer == "sgd" else self.momentum,
            second_momentum=self.second_momentum if is_adaptive else 0.0,
            adaptivity=self.adaptivity if is_adaptive else 0.0,
        )


def _below_one(name: str, value: float, *, remedy: str) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value}; {remedy}")
