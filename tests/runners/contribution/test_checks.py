"""Runs whose coalitions can't be trained, and settings without sense, are refused in words."""

from typing import Any

import pytest

from runners.build import build
from runners.contribution.checks import check_game
from runners.contribution.settings import Settings
from runners.options import ConfigError, checked
from tests.runners.compose import compose
from tests.runners.contribution.studies import node_of


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("mode.algorithm=scaffold",), "mode must be .* got scaffold"),
        (("agent.num_participants=2",), "agent.num_participants must be null"),
        (("mode.deadline_sim_s=1.0",), "mode.deadline_sim_s must be null"),
        (("privacy=clip",), "privacy must be none"),
        (("privacy=dp_sgd",), "privacy must be none"),
        (("compression=int8",), "compression must be none"),
        (("aggregation=median",), "aggregation must be mean"),
        (("attack=sign_flip",), "attack must be label_flip"),
        (("availability=markov",), "availability must be always"),
        (("fault=churn",), "fault must be none"),
        (("budget.stops_at_target=true",), "budget.stops_at_target must be false"),
    ],
)
def test_another_run_is_refused(overrides: tuple[str, ...], message: str) -> None:
    check_game(build(run_of()))
    with pytest.raises(ConfigError, match=message):
        check_game(build(run_of(*overrides)))


@pytest.mark.parametrize(
    ("part", "option", "message"),
    [
        ("mode", "partner/gossip", "mode must be proxy/federated with .* got Gossip"),
        ("task", "sized", "task must have samples"),
    ],
)
def test_another_mode_or_task_is_refused(part: str, option: str, message: str) -> None:
    config = run_of() | {part: compose(f"{part}={option}")[part]}
    with pytest.raises(ConfigError, match=message):
        check_game(build(config))


def run_of(*overrides: str) -> dict[str, Any]:
    """Return the config of the run alone."""
    node = node_of(*overrides)
    return {name: value for name, value in node.items() if name != "contribution"}


def test_labels_may_be_private() -> None:
    check_game(build(run_of("privacy=label_dp")))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("metric", "f1", "contribution.metric must be one of accuracy, loss, got 'f1'"),
        ("sum_usd", 10.001, "contribution.sum_usd must be .* of whole cents, got 10.001"),
        ("max_orders", 0, "contribution.max_orders must be at least 1"),
        ("truncation_fraction", 1.0, "contribution.truncation_fraction must be at least 0 and"),
        ("tolerance", 0.0, "contribution.tolerance must be finite and above 0"),
        ("tolerance", "much", "contribution.tolerance must be a valid number, got 'much'"),
    ],
)
def test_settings_are_checked(name: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        checked(Settings, node_of(**{name: value})["contribution"], "contribution")
