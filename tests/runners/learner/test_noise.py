"""Noise is normal, of the deviation asked for, and the same from the same seed."""

import itertools
import math

import pytest
import torch

from runners.learner import noise
from runners.learner.noise import NoiseMaker

CPU = torch.device("cpu")


def drawn(seed: int, *sizes: int, deviation: float = 1.0) -> list[torch.Tensor]:
    stream = NoiseMaker(CPU).stream(seed)
    vectors = [torch.zeros(size) for size in sizes]
    for vector in vectors:
        stream.add_to(vector, deviation)
    return vectors


def test_moments_and_tails_are_normal() -> None:
    """Each within 4.5 standard errors: a wrong one is found, and chance fails one in 100,000."""
    size, deviation = 400_000, 3.0
    (vector,) = drawn(1, size, deviation=deviation)
    number = vector.double() / deviation
    # Variances of x, x², x³, x⁴ and x³ − 3x are 1, 2, 15, 96
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        error = abs(float(number.pow(power).mean()) - mean)
        assert error < 4.5 * math.sqrt(variance / size)
    for bound in (0.1, 1.0, 2.0, 3.0):
        part = math.erfc(bound / math.sqrt(2))
        error = abs(float((number.abs() > bound).double().mean()) - part)
        assert error < 4.5 * math.sqrt(part * (1 - part) / size)


def test_pairs_of_one_radius_are_not_related() -> None:
    """Numbers i and i + half share a radius, and neighbours share bits of one block."""
    size = 100_000
    (vector,) = drawn(2, size)
    halves = vector[: size // 2], vector[size // 2 :]
    for one, other in (halves, (halves[0].abs(), halves[1].abs()), (vector[1:], vector[:-1])):
        pair = torch.corrcoef(torch.stack([one, other]).double())
        assert abs(float(pair[0, 1])) < 4.5 / math.sqrt(size / 2)


@pytest.mark.parametrize("size", [1, 2, 3, 10, 11])
def test_any_size_has_noise_and_every_call_is_new(size: int) -> None:
    first, second = drawn(3, size, size)
    assert first.isfinite().all() and second.isfinite().all()
    assert first.all() and second.all()
    assert not (first == second).any()


def test_a_seed_is_a_stream() -> None:
    assert torch.equal(torch.cat(drawn(4, 6, 5)), torch.cat(drawn(4, 6, 5)))
    streams = [torch.cat(drawn(seed, 50)) for seed in (4, 5, 4 + 2**32, 2**63 - 1)]
    for one, other in itertools.combinations(streams, 2):
        assert not (one == other).any()


def test_streams_of_one_maker_do_not_touch_each_other() -> None:
    maker = NoiseMaker(CPU)
    one, other = maker.stream(6), maker.stream(7)
    alone = drawn(6, 8, 8)
    vectors = [torch.zeros(8) for _ in range(3)]
    for stream, vector in zip((one, other, one), vectors, strict=True):
        stream.add_to(vector, 1.0)
    assert torch.equal(vectors[0], alone[0]) and torch.equal(vectors[2], alone[1])


def test_calls_of_any_sizes_share_memory() -> None:
    """What a stream has given before, and how many sizes, shows in nothing."""
    sizes = [3, 40, 7, *range(1, 2 * noise.SIZES_KEPT), 90, 3]
    maker = NoiseMaker(CPU)
    for size in sizes:
        vector = torch.zeros(size)
        maker.stream(6).add_to(vector, 1.0)
        assert torch.equal(vector, drawn(6, size)[0])


def test_long_vectors_have_it_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise, "NUMBERS_AT_ONCE", 8)
    (vector,) = drawn(8, 21)
    assert vector.isfinite().all()
    assert len(set(vector.tolist())) == 21


def test_the_deviation_scales_and_none_draws_nothing() -> None:
    small, large = drawn(9, 100)[0], drawn(9, 100, deviation=2.5)[0]
    torch.testing.assert_close(large, 2.5 * small)
    stream = NoiseMaker(CPU).stream(9)
    silent, loud = torch.ones(100), torch.ones(100)
    stream.add_to(silent, 0.0)
    stream.add_to(loud, 1.0)
    assert silent.tolist() == [1.0] * 100
    torch.testing.assert_close(loud, 1 + small)


def test_float64_has_the_same_noise() -> None:
    vector = torch.zeros(5, dtype=torch.float64)
    NoiseMaker(CPU).stream(9).add_to(vector, 1.0)
    torch.testing.assert_close(vector.float(), drawn(9, 5)[0])
