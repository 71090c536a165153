"""Engine `fused` trains dense networks as the loop does, and computes nothing that is not asked."""

import itertools
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from runners.learner.engine import fused
from runners.learner.engine.dense import dense_layers
from runners.learner.engine.fused import Fused
from runners.learner.engine.loop import Loop
from runners.learner.flat_model import FlatModel
from runners.optimizer import Optimizer
from tests.runners.learner.engine.cohorts import (
    OPTIMIZERS,
    SGD,
    Cohort,
    CountingData,
    assert_trains_as_the_loop,
    cohorts,
    data,
    flat,
    in_float64,
    in_order,
    summed,
)

LOSSES = st.sampled_from(["cross_entropy", "binary_cross_entropy", "squared_error"])


def network(units: tuple[int, ...], relus: str = "between") -> nn.Sequential:
    """Return a perceptron, drawn from a fixed seed, with ReLUs between or behind its layers or
    nowhere.
    """
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Flatten()]
    for ins, outs in itertools.pairwise(units):
        layers += (
            [nn.Linear(ins, outs)] if relus == "nowhere" else [nn.Linear(ins, outs), nn.ReLU()]
        )
    return nn.Sequential(*(layers[:-1] if relus == "between" else layers))


def both(model: FlatModel, samples: CountingData, optimizer: Optimizer) -> tuple[Fused, Loop]:
    """Return the engine and the loop."""
    dense = dense_layers(model)
    assert dense is not None
    return Fused(dense, samples, optimizer), Loop(model, samples, optimizer)


@settings(max_examples=40, deadline=None)
@given(
    cohort=cohorts(),
    hidden=st.lists(st.integers(1, 6), max_size=2),
    relus=st.sampled_from(["between", "behind", "nowhere"]),
    loss=LOSSES,
    optimizer=st.sampled_from(OPTIMIZERS),
)
def test_any_cohort_trains_as_in_the_loop(
    cohort: Cohort, hidden: list[int], relus: str, loss: str, optimizer: Optimizer
) -> None:
    outputs = {"cross_entropy": 3, "binary_cross_entropy": 1, "squared_error": 5}[loss]
    with in_float64():
        model = flat(network((5, *hidden, outputs), relus), loss)
        samples = data((5,), loss, num_classes=max(2, outputs))
        engine, loop = both(model, samples, optimizer)
        assert_trains_as_the_loop(engine, loop, cohort, model, tolerance=1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS[:5])
def test_float32_agrees_to_a_millionth(optimizer: Optimizer) -> None:
    model = flat(network((64, 20, 10)), "cross_entropy")
    samples = data((8, 8), "cross_entropy", num_classes=10)
    engine, loop = both(model, samples, optimizer)
    cohort = Cohort(num_steps=(12, 3, 7, 7), starts=(0, 1, 0, 2), batch_size=10)
    mine, reference = (in_order(one, cohort.jobs(model))[0] for one in (engine, loop))
    scale = torch.linalg.vector_norm(reference)
    assert torch.linalg.vector_norm(mine - reference) <= 1e-6 * scale


def test_images_are_augmented() -> None:
    with in_float64():
        model = flat(network((36, 3)), "cross_entropy")
        samples = data((1, 6, 6), "cross_entropy", num_classes=3)
        engine, loop = both(model, samples, SGD)
        cohort = Cohort(augmentation="shift")
        assert_trains_as_the_loop(engine, loop, cohort, model, tolerance=1e-9)
        plain = summed(engine, replace(cohort, augmentation="none"), model)
        assert not torch.allclose(summed(engine, cohort, model)[2], plain[2])


@pytest.mark.parametrize("optimizer", [SGD, OPTIMIZERS[3]])
@pytest.mark.parametrize("cache_bytes", [1, 1500, 2**22])
def test_chunks_of_any_size_learn_the_same_and_gather_no_sample_twice(
    optimizer: Optimizer, cache_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fused, "CACHE_BYTES", cache_bytes)
    with in_float64():
        model = flat(network((5, 4, 3)), "cross_entropy")
        samples = data((5,), "cross_entropy", num_classes=3)
        engine, loop = both(model, samples, optimizer)
        cohort = Cohort(num_steps=(1, 12, 2, 5, 1), starts=(0, 0, 1, 2, 0), batch_size=3)
        assert_trains_as_the_loop(engine, loop, cohort, model, tolerance=1e-9)
        samples.num_asked = 0
        in_order(engine, cohort.jobs(model))
    assert samples.num_asked == 63  # (1 + 12 + 2 + 5 + 1) steps × 3


@pytest.mark.parametrize(("cache_bytes", "jobs"), [(2**22, 66), (2**21, 33), (1, 1)])
def test_a_chunk_has_the_jobs_that_the_cache_holds(
    cache_bytes: int, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 784-10 and batches of 10: 7,850 + 10 × (784 + 10) = 15,790 numbers of 4 bytes are 63,160 bytes
    # a job; 4,194,304 / 63,160 = 66.4 and 2,097,152 / 63,160 = 33.2
    monkeypatch.setattr(fused, "CACHE_BYTES", cache_bytes)
    model = flat(network((784, 10)), "cross_entropy")
    samples = data((784,), "cross_entropy", num_classes=10)
    engine, _ = both(model, samples, SGD)
    cohort = Cohort(num_steps=(1,) * 70, starts=(0,) * 70, batch_size=10)
    sizes = [len(piece.numbers) for piece in engine.train(cohort.jobs(model), [0.1])]
    assert sum(sizes) == 70
    assert max(sizes) <= jobs
    assert len(sizes) == -(-70 // jobs)
