"""What partners make of their own update: turned round, noise, nothing."""

from math import sqrt
from typing import Any

import pytest
import torch

from runners.options import ConfigError
from tests.runners.attack.merges import merge_of
from tests.runners.attack.options import attack

SIZE = 40_000


def sent_by(name: str, update: torch.Tensor, **settings: Any) -> torch.Tensor:
    """Return what partner 1 of 2 sends in a merge."""
    memory = settings.pop("memory", None)
    number = settings.pop("number", 0)
    changing = attack(name, fraction=None, partners=[1], **settings)
    return changing.corrupt(update.clone()[None], (1,), merge_of(2, number=number, memory=memory))[
        0
    ]


def test_a_sign_flip_turns_round() -> None:
    assert sent_by("sign_flip", torch.tensor([1.0, -2.0])).tolist() == [-4.0, 8.0]
    assert sent_by("sign_flip", torch.tensor([1.0, -2.0]), scale=1.0).tolist() == [-1.0, 2.0]


def test_noise_is_normal_and_as_long_as_asked() -> None:
    """The update 0.1, …, 0.1 is 0.1 · 200 = 20 long, ten times that is 200, so σ = 200 / 200 = 1.
    Of n = 40,000 draws the mean is within 5 / 200, and the standard deviation within
    5 / √(2 n) = 0.018; within one σ lie 0.6827 n, give or take 5 √(0.6827 · 0.3173 n) = 0.0116 n.
    """
    noise = sent_by("gaussian_noise", torch.full((SIZE,), 0.1))
    assert noise.mean().item() == pytest.approx(0, abs=5 / 200)
    assert noise.std().item() == pytest.approx(1, abs=0.018)
    assert (noise.abs() < 1).double().mean().item() == pytest.approx(0.6827, abs=0.0116)


def test_noise_is_each_partners_and_merges_own() -> None:
    update = torch.ones(2, 1000)
    noisy = attack("gaussian_noise", fraction=None, partners=[0, 1])
    draws = [
        noisy.corrupt(update.clone(), (0, 1), merge_of(3, number=number, seed=seed))
        for number, seed in ((0, 0), (1, 0), (0, 1))
    ]
    rows = torch.cat(draws)
    correlations = torch.corrcoef(rows) - torch.eye(6)
    assert correlations.abs().max().item() < 0.2  # standard deviation 1 / √1000 = 0.03
    again = noisy.corrupt(update.clone(), (0, 1), merge_of(3))
    assert torch.equal(again, draws[0])


def test_a_free_rider_sends_the_last_move() -> None:
    update, moved = torch.ones(3), torch.tensor([0.5, 0.0, -0.25])
    memory: dict[str, Any] = {}
    rider = attack("free_rider")
    assert sent_by("free_rider", update, noise_ratio=0.0, memory=memory).tolist() == [0.0] * 3
    assert rider.observes
    rider.observe(moved, memory)
    moved += 1  # what was observed stays
    sent = sent_by("free_rider", update, noise_ratio=0.0, memory=memory)
    assert sent.tolist() == [0.5, 0.0, -0.25]


def test_a_free_rider_can_send_zeros() -> None:
    memory = {"moved": torch.ones(3)}
    sent = sent_by("free_rider", torch.ones(3), sends="zero", noise_ratio=0.0, memory=memory)
    assert sent.tolist() == [0.0] * 3


@pytest.mark.parametrize("sends", ["last", "zero"])
def test_a_free_riders_noise_is_measured_by_the_last_move(sends: str) -> None:
    """The move is 2 √size long, and a tenth of it is 0.2 √size: σ = 0.2."""
    memory = {"moved": torch.full((SIZE,), 2.0)}
    sent = sent_by("free_rider", torch.ones(SIZE), sends=sends, memory=memory)
    noise = sent - (2.0 if sends == "last" else 0.0)
    assert noise.std().item() == pytest.approx(0.2, abs=0.2 * 5 / sqrt(2 * SIZE))
    assert noise.mean().item() == pytest.approx(0, abs=0.2 * 5 / sqrt(SIZE))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("sign_flip", {"scale": 0.0}, "scale must be finite and above 0, got 0.0"),
        ("gaussian_noise", {"norm_ratio": -1.0}, "norm_ratio must be finite and above 0, got -1.0"),
        ("free_rider", {"noise_ratio": -1.0}, "noise_ratio must be finite and at least 0, got -1"),
        ("free_rider", {"sends": "all"}, "sends must be one of last, zero, got 'all'"),
    ],
)
def test_refuses_settings(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^attack\.{message}"):
        attack(name, **settings)
