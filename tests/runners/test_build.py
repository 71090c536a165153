"""Bad configs are refused in words: the setting, what it got, what to do."""

import pytest

from runners.build import assemble, build
from runners.options import ConfigError
from tests.runners.compose import compose


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["+foo=1"], ["unknown root key foo", "scenario", "check the spelling"]),
        (["seed=x"], ["seed", "int", "'x'"]),
        (["seed=-1"], ["seed", "at least 0", "-1"]),
        (["trace_level=all"], ["trace_level", "rounds, spans", "'all'"]),
    ],
)
def test_refuses_a_bad_root_key(overrides: list[str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        build(compose(*overrides))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            ["learner.num_ranks=9"],
            ["learner.num_ranks", "1 and the 4 partners", "9", "try learner.num_ranks=4"],
        ),
        (
            ["learner.sealed=true", "learner.roles={moon:[deployer]}"],
            ["learner.roles must name partners, got moon", "partners are north, east"],
        ),
        (["agent.num_participants=5"], ["agent.num_participants", "at most the 4 partners", "5"]),
        (["attack=ipm"], ["attack must be none", "mode=proxy/federated"]),
        (["attack=ipm", "attack.fraction=0.1"], ["attack.fraction", "4 partners", "0.25"]),
        (["attack=backdoor", "task=adult_mlp"], ["attack=backdoor", "images or texts"]),
        (["partition=natural"], ["partition=natural", "key", "partition=dirichlet"]),
        (
            [
                "task=spam_cnn",
                "partition=natural",
                "scenario=uniform",
                "scenario.num_partners=40",
                "learner=none",
            ],
            ["40 partners", "at most"],
        ),
        (
            ["scenario.partners.west.data_share=2.0", "partition=shards"],
            ["partition=shards", "data_share must be equal"],
        ),
        (
            [
                "scenario=uniform",
                "scenario.num_partners=2000",
                "task=digits_mlp",
                "partition=iid",
                "learner=none",
            ],
            ["partner", "would hold 0 of the 1437", "fewer partners"],
        ),
    ],
)
def test_refuses_parts_that_do_not_fit(overrides: list[str], words: list[str]) -> None:
    run = build(compose(*overrides))
    with pytest.raises(ConfigError) as caught:
        assemble(run)
    for word in words:
        assert word in str(caught.value)


def test_an_override_reaches_its_part() -> None:
    run = build(
        compose("mode=proxy/federated", "mode.local_steps=7", "scenario.partners.north.speed=3")
    )
    setting, _ = assemble(run)
    assert run.mode.local_steps == 7
    assert setting.consortium.partners[0].speed == 3.0
