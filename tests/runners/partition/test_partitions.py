"""Partitions give every sample to exactly one partner, in the mix that they promise."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.partition import Assignment, Index, Partition, divide
from runners.partition.cuts import cut
from runners.partition.dirichlet import Dirichlet
from runners.partition.iid import Iid
from runners.partition.natural import Natural
from runners.partition.shards import Shards
from sim.consortium import Site

LABELS = np.repeat(np.arange(10), 100)
KEYS = np.array(["big"] * 300 + ["small"] * 100 + ["tiny"] * 50 + [""] * 550, dtype=object)
INDEX = Index(
    train_labels=LABELS,
    test_labels=np.repeat(np.arange(10), 20),
    train_keys=KEYS,
    test_keys=KEYS[::5],
)


def site(share: float, skew: float) -> Site:
    return Site(
        speed=1.0,
        uplink_bytes_per_s=1.0,
        downlink_bytes_per_s=1.0,
        latency_sim_s=0.0,
        data_share=share,
        data_skew=skew,
        downtime=1.0,
    )


def assign(
    partition: Partition,
    shares: Sequence[float],
    seed: int = 0,
    skews: Sequence[float] | None = None,
) -> Assignment:
    """Divide the test's samples; without `skews` nobody has one."""
    sites = [site(*one) for one in zip(shares, skews or [1.0] * len(shares), strict=True)]
    return divide(INDEX, partition, sites, seed)


@pytest.mark.parametrize(
    "partition", [Iid(), Dirichlet(alpha=0.5), Shards(shards_per_partner=2), Natural()]
)
def test_every_sample_has_one_owner(partition: Partition) -> None:
    assignment = assign(partition, [1, 1])
    assert sorted(np.concatenate(assignment.train)) == list(range(1000))
    assert sorted(np.concatenate(assignment.test)) == list(range(200))
    again = assign(partition, [1, 1])
    assert all((one == two).all() for one, two in zip(assignment.train, again.train, strict=True))


def test_iid_follows_the_shares() -> None:
    assert [len(part) for part in assign(Iid(), [1, 2, 7]).train] == [100, 200, 700]


def test_dirichlet_has_the_moments_of_its_distribution() -> None:
    # of a label, a partner's fraction has mean 1/4 and variance (1/4 * 3/4) / (4 alpha + 1) = 1/16
    # for alpha = 0.5
    parts = [
        part
        for seed in range(200)
        for part in assign(Dirichlet(alpha=0.5), [1] * 4, seed).train[:1]
    ]
    fractions = np.array(
        [np.count_nonzero(LABELS[part] == label) / 100 for part in parts for label in range(10)]
    )
    assert fractions.mean() == pytest.approx(1 / 4, abs=0.03)
    assert fractions.var() == pytest.approx(1 / 16, rel=0.1)


def test_dirichlet_follows_the_shares_on_average() -> None:
    sizes = np.mean(
        [
            [len(part) for part in assign(Dirichlet(alpha=1.0), [1, 3], seed).train]
            for seed in range(100)
        ],
        axis=0,
    )
    assert sizes / 1000 == pytest.approx([0.25, 0.75], abs=0.03)


def test_a_skew_is_a_lower_concentration_of_the_partners_own_mix() -> None:
    # the mix of partner i is Dirichlet over 10 labels with concentration a = alpha / skew each, of
    # which the sum of squares has mean (a + 1) / (10 a + 1): 1.4 / 5 = 0.28 for a = 0.4 and
    # 1.1 / 2 = 0.55 for a = 0.1; with 40 partners dividing label by label shifts them little
    squares = np.zeros(40)
    sizes = np.zeros(40)
    for seed in range(50):
        assignment = assign(Dirichlet(alpha=0.4), [1] * 40, seed, [4] * 20 + [1] * 20)
        assert sorted(np.concatenate(assignment.train)) == list(range(1000))
        for partner, part in enumerate(assignment.train):
            sizes[partner] += len(part) / 50
            # pairs of equal labels among all pairs do not grow as samples get fewer
            counts = np.bincount(LABELS[part], minlength=10)
            pairs = len(part) * (len(part) - 1)
            squares[partner] += (counts * (counts - 1)).sum() / pairs / 50 if pairs else 1 / 50
    assert squares[:20].mean() == pytest.approx(0.55, abs=0.04)
    assert squares[20:].mean() == pytest.approx(0.28, abs=0.04)
    # both halves have 25 samples a partner, to a few; a smaller share would be a fifth of that
    assert sizes[:20].mean() == pytest.approx(25, abs=2.5)
    assert sizes[20:].mean() == pytest.approx(25, abs=2.5)


def test_a_skew_near_one_has_the_moments_of_none() -> None:
    # as test_dirichlet_has_the_moments_of_its_distribution: mean 1/4 and variance 1/16
    fractions = np.array(
        [
            np.count_nonzero(LABELS[part] == label) / 100
            for seed in range(200)
            for part in assign(Dirichlet(alpha=0.5), [1] * 4, seed, [1 + 1e-9, 1, 1, 1]).train[:1]
            for label in range(10)
        ]
    )
    assert fractions.mean() == pytest.approx(1 / 4, abs=0.03)
    assert fractions.var() == pytest.approx(1 / 16, rel=0.1)


def test_a_label_in_nobodys_mix_is_given_away_all_the_same() -> None:
    # a concentration of 1e-7 leaves each of two partners one label, so eight are in no mix
    assignment = assign(Dirichlet(alpha=1e-5), [1, 1], skews=[100, 100])
    assert sorted(np.concatenate(assignment.train)) == list(range(1000))


@pytest.mark.parametrize(
    ("partition", "shares", "digest"),
    [
        (Iid(), [1, 2, 7], "db83cf38f08db249"),
        (Dirichlet(alpha=0.3), [1, 2, 7], "88ab5f5676539133"),
        (Shards(shards_per_partner=2), [1, 1], "c56390720bc32453"),
        (Natural(), [1, 1], "f20c7227a1d50f7f"),
    ],
)
def test_without_skews_samples_stay_where_they_were(
    partition: Partition, shares: Sequence[float], digest: str
) -> None:
    """The digests are of the assignments before partners had a skew."""
    assignment = assign(partition, shares)
    parts = [part.astype("<i8").tobytes() + b"|" for part in assignment.train + assignment.test]
    assert hashlib.sha256(b"".join(parts)).hexdigest()[:16] == digest


@pytest.mark.parametrize("partition", [Iid(), Shards(shards_per_partner=2), Natural()])
def test_only_a_concentration_can_be_skewed(partition: Partition) -> None:
    with pytest.raises(ValueError, match=r"all data_skew must be 1, got 1 to 2;.*=dirichlet"):
        assign(partition, [1, 1], skews=[1, 2])


def test_shards_leave_few_labels_each() -> None:
    assignment = assign(Shards(shards_per_partner=2), [1] * 10)
    assert all(len(np.unique(LABELS[part])) <= 3 and len(part) == 100 for part in assignment.train)


def test_natural_keeps_keys_together_and_spreads_the_rest() -> None:
    # big alone has 300 keyed samples; small and tiny together 150; the 550 without a key are dealt
    # 2 : 1
    first, second = assign(Natural(), [1, 1]).train
    assert set(KEYS[first]) == {"big", ""} and set(KEYS[second]) == {"small", "tiny", ""}
    assert [len(first), len(second)] == [300 + 367, 150 + 183]


@pytest.mark.parametrize("partition", [Iid(), Dirichlet(alpha=0.3), Shards(shards_per_partner=2)])
def test_a_partners_test_slice_has_its_own_mix(partition: Partition) -> None:
    assignment = assign(partition, [1] * 5)
    for train, test in zip(assignment.train, assignment.test, strict=True):
        in_train = np.bincount(LABELS[train], minlength=10)
        in_test = np.bincount(INDEX.test_labels[test], minlength=10)
        assert np.abs(in_test - in_train / 5).max() <= 1  # cut to whole samples


@given(st.integers(0, 200), st.lists(st.floats(0.01, 1), min_size=1, max_size=8))
@settings(deadline=None)
def test_cuts_are_off_by_less_than_one(num_samples: int, weights: list[float]) -> None:
    shares = np.array(weights) / sum(weights)
    parts = cut(np.arange(num_samples), shares)
    assert np.concatenate(parts).tolist() == list(range(num_samples))
    assert all(
        abs(len(part) - share * num_samples) <= 1 for part, share in zip(parts, shares, strict=True)
    )


def test_refuses_what_is_no_concentration() -> None:
    with pytest.raises(ValueError, match="alpha must be finite and above 0, got 0"):
        Dirichlet(alpha=0)
