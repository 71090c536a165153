"""Where compression stands among mechanisms, and what it is refused with."""

import pytest

from runners.compression import Compression
from runners.compression.placement import place
from runners.privacy import Mechanism
from tests.runners.compression.options import ALL

ADDABLE = ("none", "shared_random_k", "unbiased_shared_random_k")
each_other = pytest.mark.parametrize(
    "option", [option for name, option in ALL.items() if name not in ADDABLE]
)


class Clips(Mechanism):
    """Scale updates by their norms, as `clip` does."""


class LocalNoise(Mechanism):
    """Change every number of an update, as local differential privacy does."""

    needs_rows = True


class SecureSum(Mechanism):
    """Add up what nobody may see."""

    is_secure_sum = True


@each_other
def test_it_comes_before_clipping_and_noise_at_the_proxy(option: Compression) -> None:
    assert place(option, (Clips(), Mechanism())) == 0
    assert place(option, ()) == 0


@each_other
def test_it_comes_behind_noise_at_the_partners(option: Compression) -> None:
    assert place(option, (Clips(), LocalNoise())) == 2
    assert place(option, (LocalNoise(), LocalNoise(), Clips())) == 2


@pytest.mark.parametrize("name", ADDABLE)
def test_what_can_be_added_up_comes_first(name: str) -> None:
    assert place(ALL[name], (Clips(), LocalNoise(), SecureSum())) == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("float16", "it adds up its own fixed-point numbers"),
        ("int8", "partners' scales differ"),
        ("int4", "partners' scales differ"),
        ("top_k", "partners choose different coordinates, .* say where .* is largest"),
        ("random_k", "partners send different coordinates"),
        ("sign", "partners' scales differ"),
        ("powersgd", "the sum of partners' factors"),
    ],
)
def test_a_secure_sum_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(
        ValueError,
        match=rf"^compression must be none or random_k with shared_support=true under a secure "
        rf"sum, got {name}: {reason}.*; try compression=random_k compression\.shared_support=true",
    ):
        place(ALL[name], (Clips(), SecureSum()))
