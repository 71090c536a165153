"""Owns the settings of conf/select.yaml: who is asked, what counts, what is needed."""

from dataclasses import dataclass

from runners.select.criteria import Criterion
from runners.select.minimal_sets import Target
from sim.bounds import at_least, one_of

METHODS = ("topsis", "weighted")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Say how candidates of `file` are chosen. `method` is whose ranking chooses; `max_simulated`
    minimal sets are run on the virtual clock, the smallest and cheapest first.
    """

    file: str
    method: str
    criteria: dict[str, Criterion]
    target: Target
    max_simulated: int

    def __post_init__(self) -> None:
        one_of("method", self.method, METHODS)
        at_least("max_simulated", self.max_simulated, 1, remedy="try select.max_simulated=30")
        if not self.criteria:
            raise ValueError(
                "criteria must have at least one column, got none; conf/select.yaml has some"
            )
