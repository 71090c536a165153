"""Lines by hand, any subset, and that fewer shares fit every secret."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.secure_sum.randomness import Randomness
from runners.secure_sum.shamir import PRIME, combine, random_element, split, weights_at_zero

SECRETS = st.integers(0, PRIME - 1)


def randomness(number: int = 0) -> Randomness:
    return Randomness(bytes([number]) * 32)


def test_a_line_by_hand() -> None:
    # the secret 5 and the slope r: 5 + r, 5 + 2 r, 5 + 3 r
    slope = random_element(randomness())
    shares = split(5, [1, 2, 3], 2, randomness())
    assert shares == [(5 + slope * place) % PRIME for place in (1, 2, 3)]
    # through (2, 11) and (3, 14): 11 - 2 * 3 = 5
    assert combine({2: 11, 3: 14}, 2) == 5


def test_a_parabola_by_hand() -> None:
    # 7 + x + 2 x^2 at 1, 2 and 4: 10, 17, 43; weights 2*4/(1*3), 1*4/(-1*2), 1*2/(-3*-2)
    third = pow(3, -1, PRIME)
    assert weights_at_zero((1, 2, 4)) == (8 * third % PRIME, PRIME - 2, third)
    assert combine({1: 10, 2: 17, 4: 43}, 3) == 7


def test_the_modulus_is_prime() -> None:
    for base in (2, 3, 5, 7, 11, 13):
        assert pow(base, PRIME - 1, PRIME) == 1


@settings(deadline=None, max_examples=30)
@given(secret=SECRETS, num_shares=st.integers(2, 6), data=st.data())
def test_every_subset_of_enough_shares_gives_the_secret(
    secret: int, num_shares: int, data: st.DataObject
) -> None:
    threshold = data.draw(st.integers(2, num_shares))
    places = data.draw(st.permutations(range(1, 40)))[:num_shares]
    shares = dict(zip(places, split(secret, places, threshold, randomness()), strict=True))
    for size in range(threshold, num_shares + 1):
        for some in combinations(places, size):
            assert combine({place: shares[place] for place in some}, threshold) == secret
    with pytest.raises(ValueError, match=f"needs {threshold} shares, got {threshold - 1}"):
        combine({place: shares[place] for place in places[: threshold - 1]}, threshold)


@settings(deadline=None, max_examples=30)
@given(secret=SECRETS, other=SECRETS)
def test_fewer_shares_fit_every_secret(secret: int, other: int) -> None:
    """With 3 of 5 needed, two shares and any other secret lie on a parabola as well, and all
    parabolas are as likely.
    """
    shares = split(secret, range(1, 6), 3, randomness())
    seen = {1: shares[0], 2: shares[1]}
    # the parabola through (0, other), (1, y1), (2, y2), at 3: other - 3 y1 + 3 y2
    third = (other - 3 * seen[1] + 3 * seen[2]) % PRIME
    assert combine({**seen, 3: third}, 3) == other


def test_one_changed_share_changes_the_secret() -> None:
    shares = dict(zip([1, 2, 3], split(5, [1, 2, 3], 3, randomness()), strict=True))
    for place in shares:
        assert combine(shares | {place: shares[place] ^ 1}, 3) != 5


def test_coefficients_are_drawn_anew() -> None:
    source = randomness()
    first, second = (split(5, [1, 2], 2, source) for _ in range(2))
    assert first != second
    assert split(5, [1, 2], 2, randomness()) == first
    assert split(5, [1, 2], 2, randomness(1)) != first
