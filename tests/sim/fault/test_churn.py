"""Partners leave after what they do, and are away for the stated part of the time."""

from collections.abc import Callable

import pytest

from sim.fault.churn import Churn
from sim.presence import Steps
from sim.world import World
from tests.sim.conftest import partner


def who_is_up(world: World) -> tuple[bool, ...]:
    return tuple(member.is_up for member in world.members)


def test_partners_are_away_for_their_part_of_the_time(observe) -> None:
    churn = Churn(mean_stay_sim_s=30.0, mean_away_sim_s=10.0)
    seen = observe(churn, who_is_up, until_sim_s=20_000)
    for number in range(3):
        # 30 / (30 + 10) = 0.75; 500 cycles of a standard deviation of about their length make
        # about 0.02 of it.
        assert sum(up[number] for up in seen) / len(seen) == pytest.approx(0.75, abs=0.06)


def test_all_are_there_at_the_start(observe) -> None:
    churn = Churn(mean_stay_sim_s=0.5, mean_away_sim_s=100.0)
    assert observe(churn, who_is_up, until_sim_s=1.0)[0] == (True, True, True)


def test_partners_come_and_go_each_on_its_own(observe) -> None:
    churn = Churn(mean_stay_sim_s=30.0, mean_away_sim_s=10.0)
    seen = observe(churn, who_is_up, until_sim_s=500)
    columns = list(zip(*seen, strict=True))
    assert len(set(columns)) == 3


def test_nobody_leaves_in_the_middle_of_anything(simulate) -> None:
    """An attempt of 50 s comes to its end although the partner leaves after 5 s on average."""
    log: list[tuple[float, bool, bool]] = []

    class Long:
        def run(self, world: World) -> Steps:
            world.begin([])
            done = yield world.attempt(world.members, compute(world))
            log.append((world.env.now, done, world.members[0].is_up))
            world.end_round([], merged=(), num_participants=1, num_samples=8, evaluates=None)

    def compute(world: World) -> Steps:
        yield world.members[0].compute(50)

    _, outcome = simulate(
        Long(), partner("a"), fault=Churn(mean_stay_sim_s=5.0, mean_away_sim_s=1e6)
    )
    assert log == [(50.0, True, False)]
    assert [span[2:5] for span in outcome.spans] == [("compute", 0.0, 50.0)]


@pytest.mark.parametrize("setting", ["mean_stay_sim_s", "mean_away_sim_s"])
def test_refuses_times_of_zero(setting: str) -> None:
    values: dict[str, float] = {"mean_stay_sim_s": 1.0, "mean_away_sim_s": 1.0}
    build: Callable[..., Churn] = Churn
    with pytest.raises(ValueError, match=f"{setting} must be finite and above 0, got 0"):
        build(**(values | {setting: 0.0}))
