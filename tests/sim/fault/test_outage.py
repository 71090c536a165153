"""Access links are cut both ways, and what stood still goes on."""

import pytest

from sim.fault.outage import Outage
from sim.presence import Steps
from sim.world import World
from tests.sim.conftest import partner


def who_is_cut(world: World) -> tuple[tuple[bool, bool], ...]:
    return tuple(
        (one.uplink.bytes_per_s == 0, one.downlink.bytes_per_s == 0) for one in world.members
    )


def test_links_are_cut_for_their_part_of_the_time_and_both_ways(observe) -> None:
    outage = Outage(mean_between_sim_s=10.0, duration_sim_s=6.0)
    seen = observe(outage, who_is_cut, until_sim_s=20_000)
    assert {pair for pairs in seen for pair in pairs} == {(True, True), (False, False)}
    num_whole = sum(pairs[0] == (False, False) for pairs in seen)
    # Each of 3 partners is hit every 30 s: M/D/infinity is empty for exp(-6 / 30) = 0.819 of it.
    assert num_whole / len(seen) == pytest.approx(0.819, abs=0.03)


def test_a_transfer_stands_still_and_goes_on(simulate) -> None:
    """Whatever the draws are: the message of 10 s takes 10 s and half a second of latency plus the
    time for which its only link was cut meanwhile.
    """
    log: list[float] = []
    cut: list[float] = []

    class Send:
        def run(self, world: World) -> Steps:
            world.begin([])
            world.env.process(watch(world))
            yield world.transfer(world.members[0], world.proxy, 1000)
            log.append(world.env.now)
            world.end_round([], merged=(), num_participants=1, num_samples=8, evaluates=None)

    def watch(world: World) -> Steps:
        while True:
            yield world.env.timeout(0.001)
            cut.append(0.001 * (world.members[0].uplink.bytes_per_s == 0))

    outage = Outage(mean_between_sim_s=4.0, duration_sim_s=3.0)
    simulate(Send(), partner("a"), fault=outage)
    assert sum(cut) > 3
    # 1000 bytes / 100 bytes/s = 10 s; latency 0.5 s + 0.25 s, in which a cut does no harm.
    assert log[0] == pytest.approx(10.75 + sum(cut), abs=0.8)


def test_refuses_times_of_zero() -> None:
    with pytest.raises(ValueError, match="mean_between_sim_s must be finite and above 0"):
        Outage(mean_between_sim_s=0.0, duration_sim_s=1.0)
    with pytest.raises(ValueError, match="duration_sim_s must be finite and above 0"):
        Outage(mean_between_sim_s=1.0, duration_sim_s=0.0)
