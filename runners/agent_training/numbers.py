"""Owns how many consortia an agent is trained and looked at on."""

from dataclasses import dataclass

from sim.bounds import at_least


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Hold how many cases are trained on, on how many others the policy is looked at, and how often
    within the training.
    """

    num_training: int
    num_validation: int
    num_validations: int

    def __post_init__(self) -> None:
        for name in ("num_training", "num_validation", "num_validations"):
            at_least(name, getattr(self, name), 1, remedy=f"try cases.{name}=8")
