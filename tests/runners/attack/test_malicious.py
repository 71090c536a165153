"""Who is malicious, and that nobody else's samples or updates change."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from runners.data.digits import Digits
from runners.options import ConfigError
from runners.partition import Assignment
from tests.runners.aggregation.rules import random_rows
from tests.runners.attack.merges import merge_of
from tests.runners.attack.options import DATA, NAMES, OMNISCIENT, OWN, attack

ATTACKING = [name for name in NAMES if name != "none"]
SMALL_AND_LARGE = [attack("sign_flip", fraction=fraction) for fraction in (0.2, 0.7)]


def rows_of(num_rows: int = 8) -> torch.Tensor:
    return random_rows(num_rows, 5).float()


def ready(name: str, **settings: Any) -> Any:
    """Return an attack that changes updates, and a memory with a last move."""
    boost = {"boost": 3.0} if name == "backdoor" else {}
    return attack(name, **boost, **settings), {"moved": torch.ones(5)}


def test_honest_partners_do_nothing() -> None:
    honest = attack("none")
    rows, samples = rows_of(), Digits().samples()
    assert honest.malicious(8, seed=0) == ()
    assert honest.corrupt(rows, range(8), merge_of(8)) is rows
    assert honest.poison(samples, Digits(), Assignment(train=(), test=()), seed=0) is samples
    assert honest.triggered(samples, Digits()) is None
    assert honest.success(np.zeros(1), np.ones((1, 2))) is None
    assert not (honest.needs_rows or honest.needs_all_rows or honest.changes_data)


@pytest.mark.parametrize(
    ("fraction", "num_partners", "expected"),
    [(0.25, 4, 1), (0.25, 7, 1), (0.25, 8, 2), (0.29, 100, 29), (0.0, 5, 0)],
)
def test_a_fraction_is_rounded_down(fraction: float, num_partners: int, expected: int) -> None:
    """In floats 0.29 * 100 is 28.999…."""
    malicious = attack("ipm", fraction=fraction).malicious(num_partners, seed=3)
    assert len(set(malicious)) == expected
    assert sorted(malicious) == list(malicious)
    assert all(0 <= one < num_partners for one in malicious)


@given(st.integers(2, 40), st.integers(0, 1000))
def test_a_larger_fraction_has_the_smaller_ones_partners(num_partners: int, seed: int) -> None:
    few, many = (set(one.malicious(num_partners, seed)) for one in SMALL_AND_LARGE)
    assert few <= many


def test_all_attacks_have_the_same_partners_and_another_seed_others() -> None:
    drawn = {attack(name).malicious(40, seed=1) for name in ATTACKING}
    assert len(drawn) == 1
    assert drawn != {attack("ipm").malicious(40, seed=2)}


def test_a_list_names_them() -> None:
    chosen = attack("ipm", fraction=None, partners=[5, 1])
    assert chosen.malicious(8, seed=0) == (1, 5) == chosen.malicious(8, seed=1)


@pytest.mark.parametrize("name", (*OWN, *OMNISCIENT))
def test_only_malicious_rows_change(name: str) -> None:
    changing, memory = ready(name, fraction=None, partners=[1, 6])
    partners, rows = (6, 0, 3, 1), rows_of(4)
    sent = changing.corrupt(rows.clone(), partners, merge_of(8, memory=memory))
    assert changing.needs_rows
    assert changing.needs_all_rows == (name in OMNISCIENT)
    assert torch.equal(sent[[1, 2]], rows[[1, 2]])
    assert not torch.isclose(sent[0], rows[0]).all()
    assert not torch.isclose(sent[3], rows[3]).all()
    assert sent.dtype == rows.dtype


@pytest.mark.parametrize("name", OWN)
def test_rows_on_other_ranks_do_not_matter(name: str) -> None:
    changing, memory = ready(name, fraction=0.5)
    rows, merge = rows_of(), merge_of(8, memory=memory)
    whole = changing.corrupt(rows.clone(), range(8), merge)
    for rank in range(2):
        mine = changing.corrupt(rows[rank::2].clone(), range(8)[rank::2], merge)
        assert torch.equal(mine, whole[rank::2])


@pytest.mark.parametrize("name", OMNISCIENT)
@pytest.mark.parametrize("chosen", [(2, 4), (0, 1)])
def test_all_send_one_vector_and_a_merge_of_one_kind_stays(
    name: str, chosen: tuple[int, int]
) -> None:
    forging = attack(name, fraction=None, partners=[2, 4])
    rows = rows_of()
    sent = forging.corrupt(rows.clone(), range(8), merge_of(8))
    assert torch.equal(sent[2], sent[4])
    some = rows[list(chosen)]
    assert torch.equal(forging.corrupt(some.clone(), chosen, merge_of(8)), some)


@pytest.mark.parametrize("name", OMNISCIENT)
def test_what_malicious_partners_have_trained_does_not_matter(name: str) -> None:
    forging, rows = attack(name, fraction=None, partners=[2, 4]), rows_of()
    other = rows.clone()
    other[[2, 4]] = torch.nan
    sent = forging.corrupt(rows, range(8), merge_of(8))
    assert torch.equal(sent, forging.corrupt(other, range(8), merge_of(8)))


@pytest.mark.parametrize("name", DATA)
def test_only_samples_of_malicious_partners_change(name: str) -> None:
    data = Digits()
    samples = data.samples()
    before = (samples.train.copy(), samples.train_targets.copy())
    held = tuple(np.array_split(np.arange(len(samples.train)), 4))
    poisoned = attack(name, fraction=None, partners=[2]).poison(
        samples, data, Assignment(train=held, test=()), seed=0
    )
    assert attack(name).changes_data
    assert np.array_equal(samples.train, before[0])
    assert np.array_equal(samples.train_targets, before[1])
    assert np.array_equal(poisoned.test, samples.test)
    assert np.array_equal(poisoned.test_targets, samples.test_targets)
    changed = poisoned.train_targets != samples.train_targets
    changed |= (poisoned.train != samples.train).any(axis=(1, 2, 3))
    assert changed[held[2]].any()
    assert not np.delete(changed, held[2]).any()


@pytest.mark.parametrize("name", DATA)
def test_data_are_good_where_nobody_is_malicious(name: str) -> None:
    data = Digits()
    samples = data.samples()
    held = (np.arange(len(samples.train)),)
    same = attack(name, fraction=0.0).poison(samples, data, Assignment(train=held, test=()), seed=0)
    assert np.array_equal(same.train, samples.train)
    assert np.array_equal(same.train_targets, samples.train_targets)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"fraction": None},
            r"^attack\.fraction must be null where partners is a list.*None and N",
        ),
        ({"partners": [1]}, r"^attack\.fraction must be null where partners is a list.*0\.25 and"),
        ({"fraction": 1.0}, r"^attack\.fraction must be at least 0 and below 1, got 1\.0"),
        ({"fraction": -0.1}, r"^attack\.fraction must be at least 0 and below 1, got -0\.1"),
        ({"fraction": None, "partners": []}, r"^attack\.partners must be one or more"),
        (
            {"fraction": None, "partners": [1, 1]},
            r"^attack\.partners must be one or more different",
        ),
        ({"fraction": None, "partners": [-1]}, r"^attack\.partners must be one .* from 0 on"),
    ],
)
def test_refuses_what_names_nobody(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        attack("ipm", **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fraction": 0.25}, r"at least 1 of the 3 .* got 0\.25, .* try attack\.fraction=0\.34$"),
        ({"fraction": None, "partners": [0, 3]}, r"below the 3 .*\[0, 3\]; .*partners=\[2\]$"),
        ({"fraction": None, "partners": [0, 1, 2]}, r"an honest one of the 3 .*=\[0, 1\]$"),
    ],
)
def test_refuses_what_does_not_fit_three_partners(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        attack("ipm", **settings).check(3)


def test_fits_three_partners() -> None:
    attack("none").check(1)
    attack("ipm", fraction=0.34).check(3)
    attack("ipm", fraction=0.0).check(3)
    attack("ipm", fraction=None, partners=[0, 2]).check(3)
