"""Copies are judged against their originals: faultless ones, and ones that know nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch

from runners.audit.reconstruction import reconstruct
from runners.audit.result import Copies, Result
from runners.audit.subject import Subject
from runners.audit.victims import find_victims
from tests.runners.audit.finished import DIGITS, finished_run, settings

Found = dict[str, tuple[Result, Copies | None]]


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return finished_run(tmp_path_factory.mktemp("run"), *DIGITS).subject()


def attack(subject: Subject, noise: float = 0.0, **changes: int) -> Found:
    generator = torch.Generator().manual_seed(0)

    def protect(updates: torch.Tensor) -> torch.Tensor:
        return updates + noise * torch.randn(updates.shape, generator=generator)

    changed = settings(**changes)
    victims = find_victims(subject, changed, protect, np.random.default_rng(0))
    found = reconstruct(victims, changed, np.random.default_rng(1), lambda _: None)
    return {result.attack: (result, copies) for result, copies in found}


def test_plain_updates_give_samples_away(subject: Subject) -> None:
    found = attack(subject, num_iterations=40)
    assert list(found) == ["dense_layer", "cosine", "dlg"]
    for name, least_db in (("dense_layer", 90), ("cosine", 15), ("dlg", 15)):
        result, copies = found[name]
        assert result.judgement is not None and copies is not None
        assert result.judgement.auc.value > 0.95
        assert (result.judgement.num_positives, result.judgement.num_negatives) == (8, 351)
        assert result.quality["psnr_db"].value > least_db
        assert result.quality["chance_psnr_db"].value < 13
        assert result.quality["ssim"].value > 0.8 > result.quality["chance_ssim"].value
        assert copies.originals.shape == copies.copies.shape == (8, 1, 8, 8)
        assert len(copies.psnr_db) == 8
    exact = found["dense_layer"][1]
    assert exact is not None
    assert np.abs(exact.copies - exact.originals).max() < 1e-4


def test_updates_below_noise_do_not(subject: Subject) -> None:
    found = attack(subject, noise=1000.0, num_iterations=10, num_victims=30)
    for result, _ in found.values():
        assert result.judgement is not None
        assert result.judgement.auc.low < 0.5 < result.judgement.auc.high
        assert result.judgement.detections[0].p_value > 0.025
        assert result.quality["psnr_db"].value < result.quality["chance_psnr_db"].value


def test_copies_of_a_batch_are_held_against_the_nearest_originals(subject: Subject) -> None:
    found = attack(subject, num_iterations=30, batch_size=2, num_victims=3)
    assert found["dense_layer"][0].reason is not None
    assert "single samples" in found["dense_layer"][0].reason
    _, copies = found["cosine"]
    assert copies is not None
    assert copies.originals.shape == (6, 1, 8, 8)
    pairs = zip(copies.originals.reshape(3, 2, -1), copies.copies.reshape(3, 2, -1), strict=True)
    for originals, made in pairs:
        straight = ((originals - made) ** 2).sum()
        assert straight <= ((originals - made[::-1]) ** 2).sum()


def test_samples_that_are_no_images_have_no_pictures(tmp_path: Path) -> None:
    subject = finished_run(tmp_path, "task=regression", "partition=iid").subject()
    result, copies = attack(subject, num_iterations=5)["dense_layer"]
    assert copies is None
    assert result.judgement is not None and result.judgement.auc.value > 0.99
    assert set(result.quality) == {"psnr_db", "chance_psnr_db"}
