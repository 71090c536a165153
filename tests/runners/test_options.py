"""Bad options are refused in words: the setting, what it got, what to do."""

import pytest

from runners.build import build
from runners.options import ConfigError, option_name
from tests.runners.compose import compose


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            ["scenario=uniform", "scenario.num_partners=abc"],
            ["scenario.num_partners", "integer", "'abc'"],
        ),
        (
            ["scenario=uniform", "scenario.num_partners='4'"],
            ["scenario.num_partners", "integer", "'4'"],
        ),
        (
            ["scenario=uniform", "scenario.num_partners=true"],
            ["scenario.num_partners", "integer", "True"],
        ),
        (
            ["scenario=uniform", "scenario.num_partners=0"],
            ["scenario.num_partners", "at least 1", "0", "scenario.num_partners=4"],
        ),
        (
            ["scenario=uniform", "scenario.site.uplink_bytes_per_s=-5"],
            ["scenario.site.uplink_bytes_per_s", "above 0", "-5"],
        ),
        (
            ["scenario.partners.west.uplink_bytes_per_s=-1"],
            ["scenario.partners.west.uplink_bytes_per_s", "above 0", "-1"],
        ),
        (
            ["scenario.proxy.merge_bytes_per_s=inf"],
            ["scenario.proxy.merge_bytes_per_s", "finite", "inf"],
        ),
        (
            ["budget.target_accuracy=1.5"],
            ["budget.target_accuracy", "at most 1", "1.5", "budget.target_accuracy=0.9"],
        ),
        (["+mode.typo=1"], ["mode.typo", "no setting of this option", "1"]),
        (["mode._target_=os.system"], ["mode._target_", "sim.mode", "'os.system'"]),
        (
            ["mode._target_=sim.agent.static.Static"],
            ["mode._target_", "sim.mode", "'sim.agent.static.Static'"],
        ),
        (
            ["mode._target_=sim.mode.solo.Typo"],
            ["mode._target_", "names no class", "'sim.mode.solo.Typo'"],
        ),
        (["learner.device=tpu"], ["learner.device", "auto, cpu, cuda", "'tpu'"]),
        (["learner.cycle_time_ms=0"], ["learner.cycle_time_ms", "above 0", "0"]),
        (
            ["learner.sealed=true", "learner.launcher=external"],
            ["learner.sealed", "false", "launcher=external", "try learner.launcher=own"],
        ),
        (
            ["learner.roles={west:[deployer]}"],
            ["learner.roles", "null with sealed=false", "deployer", "try learner.sealed=true"],
        ),
        (
            ["learner.sealed=true", "learner.roles={west:[king]}"],
            ["learner.roles must be one of provider", "'king'"],
        ),
        (
            ["learner.sealed=true", "learner.roles={west:[]}"],
            ["learner.roles must be one of provider", "''"],
        ),
        (["learner.sealed=1"], ["learner.sealed", "boolean", "1"]),
        (["task.optimizer=lamb"], ["task.optimizer must be an option of conf/optimizer", "'lamb'"]),
    ],
)
def test_refuses_a_bad_setting(overrides: list[str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        build(compose(*overrides))
    for word in words:
        assert word in str(caught.value)


def test_all_wrong_values_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        build(compose("scenario.proxy.num_workers=x", "scenario.partners.west.speed=y"))
    assert "scenario.proxy.num_workers" in str(
        caught.value
    ) and "scenario.partners.west.speed" in str(caught.value)


def test_option_names_come_from_the_module() -> None:
    assert (
        option_name("mode", {"_target_": "sim.mode.partner.allreduce.Allreduce"})
        == "partner/allreduce"
    )
