"""The sum is exact whoever drops out, as long as enough are left; else nothing is revealed."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.secure_sum import SumNotRevealed, Tampered
from runners.secure_sum.party import Party
from runners.secure_sum.plan import LEAST_THRESHOLD, threshold
from runners.secure_sum.proxy import check_survivors
from tests.runners.secure_sum.protocol import Play, plain_sum, plan_of, play, random_entries

MANY = 12


def test_thresholds_by_hand() -> None:
    # 0.66 of 3 is 1.98, of 10 is 6.6, of 100 is 66; half of 3 is 1.5
    assert [threshold(num, 0.66) for num in (3, 10, 100)] == [2, 7, 66]
    assert [threshold(3, 0.51), threshold(2, 0.51), threshold(4, 1.0)] == [2, 2, 4]
    assert threshold(1, 0.6) == LEAST_THRESHOLD == 2


@pytest.mark.parametrize("num_parties", [2, 3, 4, 5, 6])
def test_every_set_of_survivors(num_parties: int) -> None:
    entries, plan = random_entries(num_parties), plan_of(num_parties)
    needed = threshold(num_parties, plan.threshold_fraction)
    for size in range(1, num_parties + 1):
        for survivors in combinations(range(num_parties), size):
            if size < needed:
                with pytest.raises(SumNotRevealed, match="are left"):
                    play(plan, entries, survivors)
            else:
                total, _ = play(plan, entries, survivors)
                assert total.tolist() == plain_sum(entries, survivors).tolist()


@settings(max_examples=15, deadline=None)
@given(data=st.data(), seed=st.integers(0, 100), num_neighbours=st.sampled_from([4, 5, 6, 11]))
def test_dropouts_in_a_sparse_graph(data: st.DataObject, seed: int, num_neighbours: int) -> None:
    plan = plan_of(MANY, num_neighbours, 0.51)
    dropped = data.draw(st.sets(st.integers(0, MANY - 1), max_size=5))
    survivors = sorted(set(range(MANY)) - dropped)
    entries = random_entries(MANY, seed=seed)
    try:
        check_survivors(plan, survivors)
    except SumNotRevealed:
        return
    total, _ = play(plan, entries, survivors)
    assert total.tolist() == plain_sum(entries, survivors).tolist()


@given(dropped=st.sets(st.integers(0, MANY - 1), max_size=1))
@settings(max_examples=13, deadline=None)
def test_a_sparse_graph_recovers_from_any_one_dropout(dropped: set[int]) -> None:
    survivors = sorted(set(range(MANY)) - dropped)
    entries = random_entries(MANY)
    total, _ = play(plan_of(MANY, 4), entries, survivors)
    assert total.tolist() == plain_sum(entries, survivors).tolist()


@pytest.mark.parametrize("num_revealing", [3, 4, 5])
def test_survivors_may_drop_out_before_they_reveal(num_revealing: int) -> None:
    plan, entries = plan_of(5), random_entries(5)  # t = 3
    total, _ = play(plan, entries, range(5), num_revealing)
    assert total.tolist() == plain_sum(entries, range(5)).tolist()
    with pytest.raises(SumNotRevealed, match="masks need 3 shares to come off, got 2"):
        play(plan, entries, range(5), 2)


def test_survivors_that_no_masks_join_are_not_summed() -> None:
    """On a ring of 8 with opposite neighbours apart, two halves would show two sums."""
    plan = plan_of(8, 2, 0.51)
    ring = [0]
    while len(ring) < 8:
        ring.append(next(one for one in sorted(plan.neighbours[ring[-1]]) if one not in ring))
    halves = [*ring[0:3], *ring[4:7]]  # t is 2 of 3, so all secrets could be recovered
    assert not any(plan.lacks_holders(owner, halves) for owner in plan.neighbours)
    with pytest.raises(SumNotRevealed, match="masks do not join them all"):
        check_survivors(plan, halves)
    check_survivors(plan, ring[0:7])


def test_a_party_that_lacks_holders_is_named() -> None:
    with pytest.raises(SumNotRevealed, match=r"2 of 5 parties are left.*party 0's.*; 3 are needed"):
        check_survivors(plan_of(5), [1, 2])


def test_one_survivor_is_never_unmasked() -> None:
    with pytest.raises(SumNotRevealed):
        check_survivors(plan_of(2), [1])


def test_a_party_masks_once_and_reveals_once() -> None:
    rounds, entries = Play(plan_of(3)), random_entries(3)
    rounds.deliver(rounds.share(rounds.advertise()))
    party = rounds.parties[0]
    party.send(entries[0])
    with pytest.raises(RuntimeError, match="party 0 can mask one vector only"):
        party.send(entries[0])
    party.reveal([0, 1, 2])
    with pytest.raises(Tampered, match="party 0 was asked twice"):
        party.reveal([0, 1])


def test_a_party_reveals_nothing_when_too_few_are_left() -> None:
    rounds = Play(plan_of(5))
    rounds.deliver(rounds.share(rounds.advertise()))
    party: Party = rounds.parties[0]
    with pytest.raises(SumNotRevealed, match="too few are left to unmask party 0's update"):
        party.reveal([0, 1])
    revealed = party.reveal([0, 1, 2])
    assert set(revealed.seed_shares) == {0, 1, 2}
    assert set(revealed.key_shares) == {3, 4}


def test_masked_vectors_look_uniform() -> None:
    """Zeros under masks: each of 20 bits is set half of the time; of 3 * 10,000 values, the
    standard deviation of a bit's mean is 0.003.
    """
    entries = np.zeros((3, 10_000), dtype="<u4")
    total, transcript = play(plan_of(3), entries, range(3))
    assert not total.any()
    masked = np.concatenate([message.vector for message in transcript.vectors])
    bits = (masked[:, None] >> np.arange(32)) & 1
    np.testing.assert_allclose(bits.mean(axis=0)[:20], 0.5, atol=0.015)
    assert not bits[:, 20:].any()
