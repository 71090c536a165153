"""Noise against the distributions it should have, and the sources it comes from."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from runners.noise import gaussian, laplace, secret_words, seeded_words, uniform, words_of
from tests.runners.privacy.dp_cases import merge_of

CPU = torch.device("cpu")
SIZE = 20_001
SOURCES = {
    "seeded": lambda: seeded_words(np.random.default_rng(5)),
    "system": lambda: secret_words(bytes(range(32))),
}


@pytest.mark.parametrize("source", SOURCES)
def test_gaussian_numbers_are_standard_normal(source: str) -> None:
    numbers = gaussian(SOURCES[source](), SIZE, CPU)
    assert numbers.shape == (SIZE,) and numbers.dtype == torch.float64
    assert kstest(numbers.numpy(), "norm").pvalue > 1e-3
    # the two halves come from the same radii, and must not be alike for all that
    pairs = numbers[: SIZE // 2], numbers[SIZE // 2 + 1 :]
    assert abs(np.corrcoef(*pairs)[0, 1]) < 5 / (SIZE // 2) ** 0.5


@pytest.mark.parametrize("source", SOURCES)
def test_laplace_numbers_are_laplace(source: str) -> None:
    numbers = laplace(SOURCES[source](), SIZE, CPU)
    assert numbers.shape == (SIZE,)
    assert kstest(numbers.numpy(), "laplace").pvalue > 1e-3


def test_uniform_numbers_are_above_zero_and_at_most_one() -> None:
    ends = np.array([0, 2**64 - 1], dtype=np.uint64)
    assert uniform(lambda size: ends, 2, CPU).tolist() == [2.0**-53, 1.0]
    assert kstest(uniform(SOURCES["seeded"](), SIZE, CPU).numpy(), "uniform").pvalue > 1e-3


def test_the_key_stream_is_chacha20() -> None:
    # RFC 8439, appendix A.1, test vector 1: key, nonce and counter of zeros
    words = secret_words(bytes(32))
    assert words(2).tobytes().hex() == "76b8e0ada0f13d90405d6ae55386bd28"
    assert words(1).tobytes().hex() == "bdd219b8a08ded1a"


@pytest.mark.parametrize("source", SOURCES)
def test_noise_repeats_for_a_merge_and_a_name_and_for_nothing_else(source: str) -> None:
    def drawn(merge=merge_of(), *names: str | int) -> list[int]:  # noqa: B008
        return words_of(source, merge, *(names or ("a", 1)))(3).tolist()

    same = drawn()
    assert drawn(replace(merge_of(), partners=(3,), num_partners=4)) == same
    assert drawn(merge_of(), "a", 2) != same
    assert drawn(merge_of(), "b", 1) != same
    assert drawn(merge_of(number=1)) != same
    # the seed tells the seeded source only, the secret the other one only
    assert (drawn(merge_of(seed=8)) == same) == (source == "system")
    assert (drawn(merge_of(secret=98)) == same) == (source == "seeded")


def test_words_go_on_where_they_stopped() -> None:
    for make in SOURCES.values():
        together, one_by_one = make()(4), make()
        assert np.concatenate([one_by_one(1), one_by_one(3)]).tolist() == together.tolist()
