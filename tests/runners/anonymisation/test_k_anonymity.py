"""Providers' rows are generalised; the trainer's and the held-out ones stay as they are."""

from typing import Any

import numpy as np
import pytest

from runners.anonymisation.k_anonymity import KAnonymity
from runners.anonymity.raw import Rows
from runners.data.adult import NUM_FEATURES, Adult
from tests.runners.anonymisation.small_data import FRAME, IS_TEST, Letters, People
from tests.runners.anonymity.tables import ADULT_QUASI

FIRST, SECOND = np.array([0, 2]), np.array([1, 3, 4, 5])
"""Training samples of two providers: rows 0 and 2; rows 1, 4, 5 and 6. Row 7 is the trainer's."""


def option(**settings: Any) -> KAnonymity:
    return KAnonymity(
        **{
            "k": 2,
            "l_diversity": 1.0,
            "diversity": "distinct",
            "direct_identifiers": ("phone",),
            "quasi_identifiers": ("age", "town"),
            "transform_bytes_per_s": 6e6,
            "size_ratio": 2.2,
        }
        | settings
    )


def test_rows_are_generalised_provider_by_provider() -> None:
    raw, mine = People().samples(), option().release(People(), [FIRST, SECOND], 0).samples
    # Features: age, Bonn, Oslo, Rome, phone, hours. Rows 0 and 2 are one class: age 20-24, Rome.
    middle = (raw.train[0, 0] + raw.train[2, 0]) / 2
    assert mine.train[[0, 2], :4] == pytest.approx(np.tile([middle, 0, 0, 1], (2, 1)))
    # Of rows 1, 4, 5, 6 (age 30, 36, 50, 26; Oslo, Bonn, Oslo, Oslo) the town is widest (1 of 2
    # against 24 of 79), but Bonn is alone; so ages 26-30 in Oslo, and 36-50 in Bonn or Oslo.
    young, old = raw.train[[1, 5], 0].mean(), raw.train[[3, 4], 0].mean()
    assert mine.train[[1, 5], :4] == pytest.approx(np.tile([young, 0, 1, 0], (2, 1)))
    assert mine.train[[3, 4], :4] == pytest.approx(np.tile([old, 0.5, 0.5, 0], (2, 1)))


def test_everything_else_stays() -> None:
    raw, mine = People().samples(), option().release(People(), [FIRST, SECOND], 0).samples
    others = [0, 1, 2, 3, 5]  # all but the telephone number
    assert (mine.train[6, others] == raw.train[6, others]).all()
    assert (mine.test[:, others] == raw.test[:, others]).all()
    assert (mine.train[:, 5] == raw.train[:, 5]).all()  # hours
    assert (mine.train_targets == raw.train_targets).all()
    assert (mine.test_targets == raw.test_targets).all()
    assert mine.train.dtype == raw.train.dtype


def test_a_direct_identifier_is_nowhere() -> None:
    mine = option().release(People(), [FIRST, SECOND], 0).samples
    assert not mine.train[:, 4].any() and not mine.test[:, 4].any()


def test_the_figures_of_a_small_table() -> None:
    figures = option().release(People(), [FIRST, SECOND], 0).figures
    assert [figures[name] for name in ("num_rows", "num_classes", "smallest_class")] == [6, 3, 2]
    assert figures["discernibility"] == 12  # three classes of two
    # Ages lose 4, 4 and 14 of 79 years, towns 0, 0 and 1 of 2: (4 + 4 + 14)/79 and ½, over 2 · 3.
    assert figures["certainty_penalty"] == pytest.approx((22 / 79 + 1 / 2) / 6)
    # All six differ in age; each class has two.
    assert figures["prosecutor"]["before"] == {"mean": 1, "max": 1, "unique_fraction": 1}
    assert figures["prosecutor"]["after"] == {"mean": 0.5, "max": 0.5, "unique_fraction": 0}
    # Of all eight, only the class 36-50, Bonn or Oslo could be more; row 7 is 40, but in Rome.
    assert figures["journalist"]["after"]["mean"] == pytest.approx(0.5)
    assert figures["linkage"] == {"num_targets": 6, "before": 1.0, "after": 0.5}
    # A row was 8 + 4 + 8 + 8 bytes; now 16, 4 (or 9 for "Bonn,Oslo"), and 8: 16 + 17/3 + 8.
    assert figures["size_ratio"] == pytest.approx((16 + 17 / 3 + 8) / 28)


def test_diversity_holds_in_each_class() -> None:
    figures = option(l_diversity=2.0).release(People(), [FIRST, SECOND], 0).figures
    assert figures["least_diversity"] == 2


def test_a_provider_with_too_few_rows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"anonymisation\.k must be at most the 2 rows"):
        option(k=3).release(People(), [FIRST, SECOND], 0)


def test_providers_are_checked_before_a_run() -> None:
    option().check(People(), [FIRST, SECOND])
    with pytest.raises(ValueError, match=r"anonymisation\.k must be at most the 2 rows"):
        option(k=3).check(People(), [SECOND, FIRST])
    # Training samples 0 and 3 are rows 0 and 4, of income 0 both.
    with pytest.raises(ValueError, match=r"l_diversity must be at most .* which is 1 for one"):
        option(l_diversity=2.0).check(People(), [np.array([0, 3])])


def test_adult_is_harder_to_trace_back() -> None:
    data = Adult(key="occupation")
    providers = np.array_split(np.random.default_rng(0).permutation(3000), 2)
    adult = option(k=10, l_diversity=2.0, direct_identifiers=(), quasi_identifiers=ADULT_QUASI)
    adult.check(data, providers)
    release = adult.release(data, providers, 0)
    raw = data.samples()
    assert release.samples.train.shape[1] == NUM_FEATURES
    assert (release.samples.train[3000:] == raw.train[3000:]).all()
    assert (release.samples.test == raw.test).all()
    figures = release.figures
    assert figures["smallest_class"] >= 10 and figures["least_diversity"] >= 2
    assert figures["prosecutor"]["before"]["unique_fraction"] > 0.8
    assert figures["prosecutor"]["after"]["max"] <= 0.1
    for risk in ("prosecutor", "journalist"):
        assert figures[risk]["after"]["mean"] < figures[risk]["before"]["mean"] / 5
    assert figures["linkage"]["after"] < 0.1 < 0.5 < figures["linkage"]["before"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 0}, r"^k must be at least 1"),
        ({"l_diversity": 0.5}, r"^l_diversity must be between 1 and k=2"),
        ({"l_diversity": 2.5}, r"^l_diversity must be between 1 and k=2"),
        ({"diversity": "t"}, r"^diversity must be one of distinct, entropy"),
        ({"quasi_identifiers": ()}, r"^quasi_identifiers must name a column"),
        ({"direct_identifiers": ("age",)}, r"^quasi_identifiers must not be .* age as both"),
        ({"transform_bytes_per_s": 0.0}, r"^transform_bytes_per_s"),
        ({"size_ratio": 0.0}, r"^size_ratio"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        option(**settings)


def test_data_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"k_anonymity needs a table .* got Letters"):
        option().check(Letters(), [])
    with pytest.raises(ValueError, match=r"anonymisation\.quasi_identifiers .* got job"):
        option(quasi_identifiers=("job",)).check(People(), [])
    with pytest.raises(ValueError, match=r"anonymisation\.direct_identifiers .* got job"):
        option(direct_identifiers=("job",)).check(People(), [])
    option().check(People(), [])


def test_numbers_as_labels_have_no_diversity() -> None:
    class Paid:
        def rows(self) -> Rows:
            return Rows(frame=FRAME, targets=np.arange(8.0)[:, None], is_test=IS_TEST)

    option().check(Paid(), [])
    with pytest.raises(ValueError, match=r"anonymisation\.l_diversity must be 1 where"):
        option(l_diversity=2.0).check(Paid(), [])


def test_the_guarantee_names_what_it_rests_on() -> None:
    guarantee = option(l_diversity=2.0).guarantee()
    assert guarantee.mechanism == "k-anonymity, k = 2, distinct l = 2"
    assert "age, town" in guarantee.assumptions and guarantee.epsilon is None
