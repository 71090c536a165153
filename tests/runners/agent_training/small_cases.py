"""Consortia that are simulated in a millisecond, for agents to be trained on."""

from runners.agent_training.cases import Case, cases_of
from tests.runners.compose import compose

SETTINGS = (
    *("mode=proxy/federated", "mode.local_steps=5", "task=digits_mlp", "partition=iid"),
    *("learner=none", "budget.num_epochs=0.4", "trace_level=rounds"),
)
LEARNING = (
    *("learner=curve", "budget.num_epochs=100", "budget.num_evaluations=100000"),
    *("budget.target_accuracy=0.4", "budget.stops_at_target=true", "partition=dirichlet"),
)


def three_unequal() -> list[Case]:
    """Return a consortium of three, of which the slowest holds a round up for long."""
    speeds = [f"scenario.partners.{name}.speed" for name in ("north", "east", "south")]
    changes = [f"{one}={speed}" for one, speed in zip(speeds, (4.0, 2.0, 0.02), strict=True)]
    return cases_of(compose(*SETTINGS, "~scenario.partners.west", *changes), [0])


def many(num_partners: int, *settings: str) -> list[Case]:
    """Return drawn consortia that are to reach an accuracy by the shipped curve."""
    drawn = ("scenario=lognormal", f"scenario.num_partners={num_partners}")
    return cases_of(compose(*SETTINGS, *LEARNING, *drawn, *settings), range(2))
