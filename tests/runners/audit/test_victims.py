"""Victims are one partner's batches, and what is seen of them is their gradient."""

from pathlib import Path

import numpy as np
import pytest
import torch

from runners.audit.subject import Subject
from runners.audit.victims import Victims, find_victims
from tests.runners.audit.finished import DIGITS, finished_run, settings


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    optimizer = ("optimizer@task.optimizer=adam", "task.optimizer.learning_rate=0.3")
    return finished_run(tmp_path_factory.mktemp("run"), *DIGITS[:2], *optimizer).subject(partner=2)


def victims_of(subject: Subject, scale: float = 1.0, **changes: int) -> Victims:
    return find_victims(
        subject, settings(**changes), lambda updates: scale * updates, np.random.default_rng(0)
    )


@pytest.mark.parametrize("batch_size", [1, 3])
def test_what_is_seen_is_the_gradient_of_each_batch(subject: Subject, batch_size: int) -> None:
    victims = victims_of(subject, batch_size=batch_size, num_victims=4)
    model = victims.model
    assert victims.inputs.shape == (4, batch_size, 1, 8, 8)
    for seen, inputs, targets in zip(victims.seen, victims.inputs, victims.targets, strict=True):
        model.at(model.initial.clone())
        model.backward(inputs, targets, None)
        torch.testing.assert_close(seen, model.gradient, atol=1e-6, rtol=1e-3)


def test_protection_is_between_the_update_and_what_is_seen(subject: Subject) -> None:
    plain, half = victims_of(subject), victims_of(subject, scale=0.5)
    torch.testing.assert_close(half.seen, 0.5 * plain.seen)


def test_victims_and_decoys_are_different_samples_of_one_partner(subject: Subject) -> None:
    victims = victims_of(subject, batch_size=2, num_decoys=50)
    held = subject.data.batch(subject.job.assignment.train[2])[0]
    chosen = torch.cat([victims.inputs.flatten(0, 1), victims.decoys])
    assert len(victims.decoys) == 50
    near = torch.cdist(chosen.flatten(1), held.flatten(1)).argmin(dim=1)
    assert len(set(near.tolist())) == len(chosen) == 66
    assert torch.equal(held[near], chosen)


def test_refuses_a_partner_with_too_few_samples(subject: Subject) -> None:
    with pytest.raises(ValueError, match="too few for 2 batches of 100 and as many others"):
        victims_of(subject, batch_size=100)


def test_example_level_privacy_is_in_the_step(tmp_path: Path) -> None:
    rule = ("privacy=dp_sgd", "privacy.dp_sgd.clipping_norm=0.01")
    quiet = ("privacy.dp_sgd.noise_multiplier=0.0",)
    private = finished_run(tmp_path, *DIGITS, *rule, *quiet).subject()
    norms = torch.linalg.vector_norm(victims_of(private).seen, dim=1)
    torch.testing.assert_close(norms, torch.full_like(norms, 0.01), rtol=1e-3, atol=0.0)
