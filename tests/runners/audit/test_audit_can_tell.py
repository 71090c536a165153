"""The audit can tell an overfitted model from one trained with ε = 1: what an audit is for.

Both models are trained here, by loops of their own, on the digits of one partner who works alone;
the audit's shadow models imitate the overfitted one.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad, vmap

from runners.audit.membership import infer_membership
from runners.audit.result import Result
from runners.audit.shadows import shadow_log_odds
from runners.audit.subject import Subject
from tests.runners.audit.finished import DIGITS, Finished, finished_run, settings

NUM_EPOCHS, BATCH_SIZE, RATE = 100, 32, 0.3
DELTA = 1e-5
PARTNER = 1
CLIPPING_NORM = 1.0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    recipe = ("mode=solo", f"budget.num_epochs={NUM_EPOCHS}")
    return finished_run(tmp_path_factory.mktemp("run"), *DIGITS, *recipe)


@pytest.fixture(scope="module", autouse=True)
def once() -> Iterator[None]:
    """Train the shadow models once: they don't depend on what is attacked."""
    remembered: dict[bytes, np.ndarray] = {}

    def shadows(subject: Subject, candidates: np.ndarray, *rest: Any) -> np.ndarray:
        key = candidates.tobytes()
        if key not in remembered:
            remembered[key] = shadow_log_odds(subject, candidates, *rest)
        return remembered[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runners.audit.membership.shadow_log_odds", shadows)
        yield


def attack(run: Finished) -> dict[str, Result]:
    found = infer_membership(run.subject(PARTNER), settings(num_shadows=16), DELTA, lambda _: None)
    return {result.attack: result for result in found}


def first_module(subject: Subject) -> torch.nn.Module:
    return subject.training(subject.job.assignment.train).model.module


def samples_of(subject: Subject) -> tuple[torch.Tensor, torch.Tensor]:
    return subject.data.batch(subject.members)


def put(run: Finished, module: torch.nn.Module) -> None:
    """Let a model be the partner's."""
    states = run.subject().states
    states[PARTNER] = {name: one.detach() for name, one in module.named_parameters()}
    run.save(states)


def test_an_overfitted_model_gives_its_members_away(run: Finished) -> None:
    subject = run.subject(PARTNER)
    module = first_module(subject)
    inputs, targets = samples_of(subject)
    assert 300 < len(inputs) < 400
    sgd = torch.optim.SGD(module.parameters(), lr=RATE)
    generator = torch.Generator().manual_seed(0)
    for _ in range(NUM_EPOCHS):
        for some in torch.randperm(len(inputs), generator=generator).split(BATCH_SIZE):
            sgd.zero_grad()
            torch.nn.functional.cross_entropy(module(inputs[some]), targets[some]).backward()
            sgd.step()
    put(run, module)
    result = attack(run)["lira_online"]
    assert result.judgement is not None and result.epsilon is not None
    assert result.judgement.auc.low > 0.6
    found = result.judgement.detections[0]
    assert found.rate.low > 0.04 > found.chance_high
    assert found.p_value < 1e-5
    assert result.epsilon.low > 0.05


def test_with_an_epsilon_of_1_they_are_not_found(run: Finished) -> None:
    subject = run.subject(PARTNER)
    module = first_module(subject)
    train_privately(module, *samples_of(subject))
    put(run, module)
    for result in attack(run).values():
        assert result.judgement is not None and result.epsilon is not None
        assert result.judgement.auc.value < 0.57
        found = result.judgement.detections[0]
        assert found.chance_low <= found.rate.value <= found.chance_high
        assert found.rate.low <= 0.01
        assert result.epsilon.low <= 1.0


def train_privately(module: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> None:
    """Train by DP-SGD (Abadi et al. 2016): gradients of single examples are clipped and summed,
    with noise for (1, 1e-5), for Poisson sampling.
    """
    num_steps, rate = 60, BATCH_SIZE / len(inputs)
    deviation = noise_multiplier(rate, num_steps) * CLIPPING_NORM
    assert deviation > 1.0
    generator = torch.Generator().manual_seed(0)
    weights = {name: one.detach().clone() for name, one in module.named_parameters()}

    def loss(
        weights: dict[str, torch.Tensor], one: torch.Tensor, said: torch.Tensor
    ) -> torch.Tensor:
        outputs = functional_call(module, weights, (one[None],))
        return torch.nn.functional.cross_entropy(outputs, said[None])

    of_each = vmap(grad(loss), in_dims=(None, 0, 0))
    for _ in range(num_steps):
        taken = torch.rand(len(inputs), generator=generator) < rate
        gradients = of_each(weights, inputs[taken], targets[taken])
        squares = [one.flatten(1).square().sum(dim=1) for one in gradients.values()]
        scales = (CLIPPING_NORM / torch.stack(squares).sum(dim=0).sqrt()).clamp(max=1.0)
        for name, weight in weights.items():
            total = torch.einsum("n,n...->...", scales, gradients[name])
            noise = deviation * torch.randn(weight.shape, generator=generator)
            weight -= 0.5 * (total + noise) / BATCH_SIZE
    for name, parameter in module.named_parameters():
        parameter.data = weights[name]


def noise_multiplier(rate: float, num_steps: int) -> float:
    """Return the noise that (1, 1e-5) asks of so many steps."""
    import dp_accounting
    from dp_accounting.rdp import RdpAccountant

    def event(sigma: float) -> dp_accounting.DpEvent:
        step = dp_accounting.PoissonSampledDpEvent(rate, dp_accounting.GaussianDpEvent(sigma))
        return dp_accounting.SelfComposedDpEvent(step, num_steps)

    bracket = dp_accounting.ExplicitBracketInterval(1.0, 50.0)
    return float(
        dp_accounting.calibrate_dp_mechanism(RdpAccountant, event, 1.0, DELTA, bracket, tol=1e-3)
    )


def test_who_was_in_training_is_who_is_attacked(run: Finished) -> None:
    subject = run.subject(PARTNER)
    own = set(subject.job.assignment.train[PARTNER].tolist())
    assert set(subject.members.tolist()) == own
    assert subject.others[0] == subject.num_train == len(subject.samples.train)
    shared = replace(subject, states=subject.states[:1])
    everyone = np.concatenate(subject.job.assignment.train)
    assert set(shared.members.tolist()) == set(everyone.tolist())
