"""Updates tell what a partner holds of a class, unless they are hidden."""

from pathlib import Path

import numpy as np
import pytest
import torch

from runners.audit.properties import infer_property
from runners.audit.result import Result
from runners.audit.subject import Subject
from tests.runners.audit.finished import DIGITS, finished_run, settings


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    run = finished_run(tmp_path_factory.mktemp("run"), *DIGITS)
    return run.subject()


def infer(subject: Subject, noise: float = 0.0, **changes: int) -> Result:
    generator = torch.Generator().manual_seed(0)

    def protect(updates: torch.Tensor) -> torch.Tensor:
        return updates + noise * torch.randn(updates.shape, generator=generator)

    rng = np.random.default_rng(0)
    return infer_property(subject, settings(**changes), protect, rng, lambda _: None)


def test_plain_updates_tell(subject: Subject) -> None:
    result = infer(subject)
    assert result.judgement is not None
    assert (result.judgement.num_positives, result.judgement.num_negatives) == (32, 32)
    assert result.judgement.auc.low > 0.8
    assert result.question == "is more than 30 % of a partner's data of class 0?"


def test_updates_below_noise_do_not(subject: Subject) -> None:
    result = infer(subject, noise=1000.0)
    assert result.judgement is not None
    assert result.judgement.auc.low < 0.5 < result.judgement.auc.high


def test_shadow_partners_and_those_asked_share_no_sample(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[np.ndarray] = []
    training = Subject.training

    def spy(self: Subject, held: list[np.ndarray], **options: bool) -> object:
        drawn.extend(held)
        return training(self, held, **options)

    monkeypatch.setattr(Subject, "training", spy)
    infer(subject, property_class=3, num_shadow_partners=256)
    assert len(drawn) == 512
    assert not set(np.concatenate(drawn[:256])) & set(np.concatenate(drawn[256:]))
    labels = subject.samples.train_targets
    for number, held in enumerate(drawn):
        assert len(set(held)) == len(held) == len(drawn[0])
        assert ((labels[held] == 3).mean() > 0.3) == (number % 2 == 0)


def test_refuses_a_class_that_is_not_there(subject: Subject) -> None:
    with pytest.raises(ValueError, match="no such class"):
        infer(subject, property_class=10)


def test_refuses_data_without_classes(tmp_path: Path) -> None:
    run = finished_run(tmp_path, "task=regression", "partition=iid")
    with pytest.raises(ValueError, match="needs samples of several classes"):
        infer(run.subject())
