"""What all algorithms have in common, and their published times."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.collective import Phase
from sim.collective.algorithms import ALGORITHMS, allreduce, sent_bytes
from sim.collective.ring import ring
from sim.collective.star import gather
from tests.sim.collective.equal_links import num_on_busiest_link, time_sim_s

# Source: the closed forms of Thakur, Rabenseifner & Gropp (2005) for α = 50 µs and 10 Gbit/s, to 7
# digits. Licence: none needed, the numbers follow from formulas.
CSV = Path(__file__).parent / "collectives.csv"
PUBLISHED = list(csv.DictReader(CSV.read_text(encoding="utf-8").splitlines()))
COLUMNS = {
    "ring": "ring_s",
    "halving_doubling": "rabenseifner_s",
    "recursive_doubling": "recursive_doubling_s",
    "tree": "binomial_tree_s",
}


def phases_of(algorithm: str, num_members: int, num_bytes: float) -> tuple[Phase, ...]:
    """Return the phases, with sites of up to three members."""
    members = tuple(range(num_members))
    sites = tuple(members[first : first + 3] for first in range(0, num_members, 3))
    return allreduce(algorithm, num_members, num_bytes, sites)


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row['num_ranks']}x{row['bytes']}")
@pytest.mark.parametrize("algorithm", COLUMNS)
def test_published_time(algorithm: str, row: dict[str, str]) -> None:
    phases = allreduce(algorithm, int(row["num_ranks"]), float(row["bytes"]), ())
    assert {num_on_busiest_link(phase) for phase in phases} == {1}
    seconds = time_sim_s(phases, latency_sim_s=50e-6, bytes_per_s=10e9 / 8)
    assert seconds == pytest.approx(float(row[COLUMNS[algorithm]]), rel=1e-6)


def test_every_published_column_is_tested() -> None:
    assert {*COLUMNS.values(), "num_ranks", "bytes"} == set(PUBLISHED[0])


@given(algorithm=st.sampled_from(sorted(ALGORITHMS)), num_members=st.integers(2, 70))
def test_messages_go_between_members_once_a_step(algorithm: str, num_members: int) -> None:
    everyone = set(range(num_members))
    phases = phases_of(algorithm, num_members, 1000.0)
    for phase in phases:
        assert len(set(phase.sends)) == len(phase.sends) > 0
        assert all(sender != receiver for sender, receiver in phase.sends)
    assert {sender for phase in phases for sender, _ in phase.sends} == everyone
    assert {receiver for phase in phases for _, receiver in phase.sends} == everyone


@given(
    algorithm=st.sampled_from(sorted(ALGORITHMS)),
    num_members=st.integers(1, 70),
    num_bytes=st.just(0.0) | st.floats(1e-3, 1e12),
)
def test_what_is_sent_is_received_and_enough_for_a_sum(
    algorithm: str, num_members: int, num_bytes: float
) -> None:
    phases = phases_of(algorithm, num_members, num_bytes)
    received = [0.0] * num_members
    for phase in phases:
        for _, receiver in phase.sends:
            received[receiver] += phase.num_steps * phase.num_bytes
    # Patarasuk & Yuan (2009): no allreduce moves less than 2 (p - 1) times the vector
    least = 2 * (num_members - 1) * num_bytes
    assert sum(sent_bytes(phases, num_members)) == pytest.approx(sum(received))
    assert sum(received) >= least * (1 - 1e-9)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_one_member_has_no_phases(algorithm: str) -> None:
    assert phases_of(algorithm, 1, 1000.0) == ()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_same_question_gets_the_kept_answer(algorithm: str) -> None:
    assert phases_of(algorithm, 5, 1000.0) is phases_of(algorithm, 5, 1000.0)


def test_sites_are_for_hierarchical_only() -> None:
    assert allreduce("ring", 3, 600.0, ((0, 1), (2,))) == ring(3, 600.0)


def test_hierarchical_without_sites_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="needs a topology with sites; try topology=hierarchical"):
        allreduce("hierarchical", 3, 600.0, ())


def test_sent_bytes_adds_up_steps_and_phases() -> None:
    # 4 steps of 200 bytes in the ring, then 50 bytes from all but member 0
    assert sent_bytes((*ring(3, 600.0), *gather(3, 50.0)), 3) == [800.0, 850.0, 850.0]


def test_nobody_sends_in_no_phases() -> None:
    assert sent_bytes((), 2) == [0.0, 0.0]
