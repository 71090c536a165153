"""Who is in which shadow model, and that they are trained as the run was."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from runners.audit import shadows
from runners.audit.likelihood import log_odds
from runners.audit.shadows import halves, shadow_log_odds
from runners.audit.subject import Subject
from runners.learner.version import Version
from sim.learner import Work
from tests.runners.audit.finished import DIGITS, finished_run


@given(st.integers(1, 20), st.integers(2, 10), st.integers(0, 99))
def test_every_candidate_is_in_half_of_the_models(pairs: int, each: int, seed: int) -> None:
    is_in = halves(2 * each, 2 * pairs, np.random.default_rng(seed))
    assert (is_in.sum(axis=0) == pairs).all()
    assert (is_in.sum(axis=1) == each).all()


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return finished_run(tmp_path, *DIGITS, "mode=solo", "budget.num_epochs=2").subject(partner=1)


def test_shadow_models_are_trained_in_one_batch_as_one_by_one(subject: Subject) -> None:
    members, others = subject.members[:3], subject.others[:3]
    candidates = np.concatenate([members, others])
    is_in = halves(6, 4, np.random.default_rng(0))
    told: list[float] = []
    odds = shadow_log_odds(subject, candidates, is_in, told.append)
    assert told[-1] == 1.0
    for number in range(4):
        expected = plain_shadow(subject, candidates, is_in, number)
        assert odds[number] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("other", "is_shared"),
    [
        (("privacy=clip", "mode=proxy/federated"), True),
        (("seed=1", "mode=proxy/federated"), False),
        (("budget.num_epochs=1", "mode=proxy/federated"), False),
    ],
)
def test_runs_that_differ_in_mode_and_privacy_share_shadow_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: tuple[str, ...], is_shared: bool
) -> None:
    monkeypatch.setattr("runners.audit.shadows._known_log_odds", {})
    candidates, is_in = np.arange(1430, 1446), halves(16, 4, np.random.default_rng(0))
    found: list[list[list[float]]] = []
    for name, overrides in (("one", ("mode=solo",)), ("other", other)):
        (tmp_path / name).mkdir()
        epochs = () if "budget.num_epochs=1" in overrides else ("budget.num_epochs=2",)
        made = finished_run(tmp_path / name, *DIGITS, *epochs, *overrides)
        shared = replace(made.subject(), states=made.subject().states[:1])
        found.append(shadow_log_odds(shared, candidates, is_in, lambda _: None).tolist())
    assert (found[0] == found[1]) == is_shared
    assert len(shadows._known_log_odds) == (1 if is_shared else 2)


def plain_shadow(
    subject: Subject, candidates: np.ndarray, is_in: np.ndarray, number: int
) -> np.ndarray:
    """Return the log-odds of one shadow model, trained by a plain loop."""
    known = np.setdiff1d(subject.members, candidates)
    held = [np.concatenate([known, candidates[chosen]]) for chosen in is_in]
    assert len(held[number]) == len(subject.members)
    training = subject.training(held)
    first = training.model.initial
    num_steps = round(2 * len(held[number]) / 32)
    work = Work(
        partner=number,
        start=Version(version=0, owner=None, vector=first),
        num_steps=num_steps,
        data_of=(number,),
    )
    module = training.model.module
    training.model.at(first.clone())
    sgd = torch.optim.SGD(module.parameters(), lr=0.3)
    for batch in training.job(work, first, None).samples:
        assert set(batch) <= set(held[number])
        inputs, targets = subject.data.batch(batch)
        sgd.zero_grad()
        torch.nn.functional.cross_entropy(module(inputs), targets).backward()
        sgd.step()
    inputs, targets = subject.data.batch(candidates)
    with torch.no_grad():
        losses = torch.nn.functional.cross_entropy(
            module(inputs).double(), targets, reduction="none"
        )
    return log_odds(losses.numpy())
