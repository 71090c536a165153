"""Rabenseifner's algorithm: halves, quarters, … out and back; moved segment by segment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.collective import Phase
from sim.collective.algorithms import sent_bytes
from sim.collective.halving_doubling import halving_doubling
from sim.collective.power_of_two import core_size
from sim.collective.step import step
from tests.sim.collective.contributions import Sum, merged
from tests.sim.collective.equal_links import time_sim_s


def test_five_members() -> None:
    neighbours, next_but_one = [(0, 1), (1, 0), (2, 3), (3, 2)], [(0, 2), (1, 3), (2, 0), (3, 1)]
    assert halving_doubling(5, 100.0) == (
        step([(4, 0)], 100.0),
        step(neighbours, 50.0),
        step(next_but_one, 25.0),
        step(next_but_one, 25.0),
        step(neighbours, 50.0),
        step([(0, 4)], 100.0),
    )


def test_time_of_five_members() -> None:
    # 6 latencies of 0.5 s, and 100 + 50 + 25 + 25 + 50 + 100 bytes at 100 bytes/s
    assert time_sim_s(halving_doubling(5, 100.0), 0.5, 100.0) == pytest.approx(6.5)


def test_one_member_sends_nothing() -> None:
    assert halving_doubling(1, 100.0) == ()


@given(exponent=st.integers(1, 9), num_bytes=st.just(0.0) | st.floats(1e-3, 1e12))
def test_powers_of_two_send_the_least_possible(exponent: int, num_bytes: float) -> None:
    num_members = 2**exponent
    least = 2 * (num_members - 1) / num_members * num_bytes  # Patarasuk & Yuan (2009)
    sent = sent_bytes(halving_doubling(num_members, num_bytes), num_members)
    assert sent == pytest.approx([least] * num_members)


@pytest.mark.parametrize("num_members", range(1, 18))
def test_everyone_ends_with_the_sum(num_members: int) -> None:
    vectors = Vectors(num_members)
    for phase in halving_doubling(num_members, float(vectors.num_segments)):
        vectors.run(phase)
    everyone = frozenset(range(num_members))
    assert vectors.held == [[everyone] * vectors.num_segments] * num_members


class Vectors:
    """The members' vectors, in segments of one byte; one segment for each member of the core.

    In an exchange while a member still keeps more than one segment, partners part what they both
    keep: the lower one keeps the first half and is sent it. Then members send what they keep, and
    from then on keep what they received too.
    """

    def __init__(self, num_members: int) -> None:
        self.num_segments = core_size(num_members)
        self.held = [[frozenset((member,))] * self.num_segments for member in range(num_members)]
        self.everyone: Sum = frozenset(range(num_members))
        self.kept = [list(range(self.num_segments))] * num_members
        self.is_gathering = False

    def run(self, phase: Phase) -> None:
        """Send the messages of a step, all at once."""
        if phase.num_bytes == self.num_segments:
            segments = {send: list(range(self.num_segments)) for send in phase.sends}
        else:
            segments = self.exchanged(phase)
        sent = [list(vector) for vector in self.held]
        for (sender, receiver), moved in segments.items():
            assert len(moved) == phase.num_bytes
            for segment in moved:
                self.held[receiver][segment] = merged(
                    self.held[receiver][segment], sent[sender][segment], self.everyone
                )

    def exchanged(self, phase: Phase) -> dict[tuple[int, int], list[int]]:
        """Return the segments of each message, and change what members keep."""
        self.is_gathering = self.is_gathering or len(self.kept[0]) == 1
        before = list(self.kept)
        for member, partner in phase.sends:
            if self.is_gathering:
                self.kept[member] = before[member] + before[partner]
            else:
                assert before[member] == before[partner]
                half = len(before[member]) // 2
                first, second = before[member][:half], before[member][half:]
                self.kept[member] = first if member < partner else second
        kept = before if self.is_gathering else self.kept
        owner = 0 if self.is_gathering else 1  # the sender's own, or what the receiver will keep
        return {send: kept[send[owner]] for send in phase.sends}
