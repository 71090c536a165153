"""Every way to compute clipped sums gives what the definition gives, example by example."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from runners.learner.clipping import ClippedSum
from runners.learner.clipping.choice import clipped_sum
from runners.learner.clipping.factors import ClippedFactors
from runners.learner.clipping.layers import ClippedLayers, is_layered
from runners.learner.clipping.mapped import ClippedMapped
from runners.learner.clipping.one_by_one import ClippedOneByOne
from runners.learner.engine.dense import dense_layers
from runners.learner.flat_model import FlatModel
from runners.loss import sample_losses
from runners.model.layers import LastState, WordsLast
from tests.runners.learner.engine.cohorts import flat, in_float64

WORDS, BATCH = 7, 5


def dense() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(9, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 3), nn.ReLU()
    )


def tanh() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(9, 4, bias=False), nn.Tanh(), nn.Linear(4, 3))


def text() -> nn.Sequential:
    """Return a text CNN; of 6 words from 7 some are the same, and word 0 is not trained."""
    return nn.Sequential(
        nn.Embedding(WORDS, 4, padding_idx=0),
        nn.Linear(4, 4),
        WordsLast(),
        nn.Conv1d(4, 5, 2, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Linear(5, 3),
    )


def images() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 3, (1, 3), padding="same", dilation=(1, 2)),
        nn.ReLU(),
        nn.Conv2d(3, 3, 2, padding=(1, 0), bias=False),
        nn.MaxPool2d(2),
        nn.Conv2d(3, 4, (2, 1), stride=(2, 1), padding="valid"),
        nn.Flatten(),
        nn.Linear(32, 3),
    )


def recurrent() -> nn.Sequential:
    return nn.Sequential(nn.Embedding(WORDS, 4), LastState(4, 3), nn.Linear(3, 3))


def normed() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(9, 4), nn.LayerNorm(4), nn.Linear(4, 3))


CASES = {
    "dense": (dense, (3, 3), 0, ClippedFactors),
    "tanh": (tanh, (3, 3), 0, ClippedLayers),
    "text": (text, (6,), WORDS, ClippedLayers),
    "images": (images, (2, 9, 9), 0, ClippedLayers),
    "normed": (normed, (3, 3), 0, ClippedMapped),
    "recurrent": (recurrent, (6,), WORDS, ClippedOneByOne),
}
WAYS = [(case, "chosen") for case in CASES] + [
    (case, way) for case in ("dense", "tanh", "text", "images") for way in ("mapped", "one by one")
]
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def way(name: str, model: FlatModel, clipping_norm: float) -> ClippedSum:
    if name == "mapped":
        return ClippedMapped(model, clipping_norm)
    if name == "one by one":
        return ClippedOneByOne(model, clipping_norm)
    return clipped_sum(model, clipping_norm)


def model_of(case: str, loss: str = "cross_entropy") -> FlatModel:
    torch.manual_seed(0)
    return flat(CASES[case][0](), loss)


def batch_of(case: str, num_models: int, seed: int = 0) -> Batch:
    """Return inputs, targets and weights, of which the last is 0."""
    rng = np.random.default_rng(seed)
    _, shape, vocabulary, _ = CASES[case]
    shape = (num_models, BATCH, *shape)
    inputs = rng.integers(0, vocabulary, shape) if vocabulary else rng.standard_normal(shape)
    targets = rng.integers(0, 3, shape[:2])
    weights = rng.uniform(0.5, 2, shape[:2])
    weights[:, -1] = 0
    dtype = torch.get_default_dtype()
    number = torch.from_numpy(inputs)
    return (
        number if vocabulary else number.to(dtype),
        torch.from_numpy(targets),
        torch.from_numpy(weights).to(dtype),
    )


def gradients(model: FlatModel, row: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, ...]:
    """Return each example's gradient, (batch, num_parameters), and loss, by autograd alone."""
    model.at(row)
    rows, losses = [], []
    for one, target in zip(batch[0], batch[1], strict=True):
        loss = sample_losses(model.loss, model.module(one[None]), target[None])[0]
        found = torch.autograd.grad(loss, model.parameters)
        rows.append(torch.cat([piece.flatten() for piece in found]))
        losses.append(loss.detach())
    return torch.stack(rows), torch.stack(losses)


def defined(model: FlatModel, row: torch.Tensor, batch: Batch, clipping_norm: float) -> Batch:
    """Return Σ w min(1, C / |g|) g, the losses, and the norms, by the definition."""
    each, losses = gradients(model, row, batch)
    norms = each.norm(dim=1)
    kept = [min(1.0, clipping_norm / float(norm)) if norm else 1.0 for norm in norms]
    return (batch[2] * torch.tensor(kept)) @ each, losses, norms


@pytest.mark.parametrize(("case", "name"), WAYS)
@pytest.mark.parametrize("quantile", [0.0, 0.5, 1.0])
def test_sums_are_as_defined(case: str, name: str, quantile: float) -> None:
    """Two models, different weights; some gradients are longer than the norm, all or none."""
    with in_float64():
        model = model_of(case)
        rows = torch.stack([model.initial, model.initial * 0.7])
        inputs, targets, weights = batch_of(case, num_models=2)
        batches = list(zip(inputs, targets, weights, strict=True))
        norms = [
            defined(model, row, batch, 1.0)[2] for row, batch in zip(rows, batches, strict=True)
        ]
        clipping_norm = float(torch.cat(norms).quantile(quantile)) * (0.9 + 0.2 * quantile)
        total = torch.ones(2, model.num_parameters)
        losses = way(name, model, clipping_norm).add(rows, inputs, targets, weights, total)
        for number, (row, batch) in enumerate(zip(rows, batches, strict=True)):
            wanted, each, _ = defined(model, row, batch, clipping_norm)
            torch.testing.assert_close(total[number] - 1, wanted, rtol=1e-9, atol=1e-12)
            torch.testing.assert_close(losses[number], each)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_what_same_padding_cannot_halve_is_behind() -> None:
    with in_float64():
        torch.manual_seed(0)
        layers = nn.Conv2d(2, 2, (2, 4), padding="same"), nn.Flatten(), nn.Linear(162, 3)
        model = flat(nn.Sequential(*layers), "cross_entropy")
        inputs, targets, weights = batch_of("images", num_models=1)
        total = torch.zeros(1, model.num_parameters)
        clipped_sum(model, 0.5).add(model.initial[None], inputs, targets, weights, total)
        batch = inputs[0], targets[0], weights[0]
        torch.testing.assert_close(total[0], defined(model, model.initial, batch, 0.5)[0])


@pytest.mark.parametrize(("case", "name"), WAYS)
def test_nothing_is_clipped_by_an_infinite_norm(case: str, name: str) -> None:
    with in_float64():
        model = model_of(case)
        inputs, targets, weights = batch_of(case, num_models=1)
        each, _ = gradients(model, model.initial, (inputs[0], targets[0], weights[0]))
        total = torch.zeros(1, model.num_parameters)
        rows = model.initial[None]
        way(name, model, math.inf).add(rows, inputs, targets, weights, total)
        torch.testing.assert_close(total[0], weights[0] @ each)


@pytest.mark.parametrize(("case", "name"), [one for one in WAYS if not CASES[one[0]][2]])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_an_example_without_a_finite_gradient_counts_nothing(
    case: str, name: str, bad: float
) -> None:
    with in_float64():
        model = model_of(case)
        inputs, targets, weights = batch_of(case, num_models=2)
        rows = model.initial.expand(2, -1)
        spoiled, without = inputs.clone(), weights.clone()
        spoiled[1, 2] = bad
        without[1, 2] = 0
        totals = [torch.zeros(2, model.num_parameters) for _ in range(2)]
        clipped = way(name, model, 0.1)
        clipped.add(rows, spoiled, targets, weights, totals[0])
        clipped.add(rows, inputs, targets, without, totals[1])
        torch.testing.assert_close(*totals)


def test_a_norm_beyond_what_floats_hold_counts_nothing() -> None:
    # (1e200)² is beyond float64
    with in_float64():
        model = flat(nn.Sequential(nn.Linear(1, 1)), "squared_error")
        total = torch.zeros(1, 2)
        clipped = clipped_sum(model, 1.0)
        values = torch.tensor([[[1e200]]])
        clipped.add(model.initial[None], values, values * 0, torch.ones(1, 1), total)
    assert total.tolist() == [[0, 0]]


@settings(max_examples=30, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 5), max_size=2),
    loss=st.sampled_from(["cross_entropy", "binary_cross_entropy", "squared_error"]),
    clipping_norm=st.floats(0.01, 10),
    seed=st.integers(0, 99),
)
def test_no_example_moves_the_sum_by_more_than_the_norm(
    hidden: list[int], loss: str, clipping_norm: float, seed: int
) -> None:
    outputs = {"cross_entropy": 3, "binary_cross_entropy": 1, "squared_error": 4}[loss]
    rng = np.random.default_rng(seed)
    with in_float64():
        torch.manual_seed(seed)
        units = itertools.pairwise([4, *hidden, outputs])
        model = flat(nn.Sequential(*[nn.Linear(ins, outs) for ins, outs in units]), loss)
        inputs = torch.from_numpy(rng.standard_normal((1, 6, 4)) * 10)
        targets = torch.from_numpy(rng.integers(0, max(2, outputs), (1, 6)))
        targets = inputs if loss == "squared_error" else targets % max(2, outputs)
        sums = []
        for left_out in (0.0, 1.0):
            total = torch.zeros(1, model.num_parameters)
            weights = torch.ones(1, 6)
            weights[0, 0] = left_out
            clipped = clipped_sum(model, clipping_norm)
            clipped.add(model.initial[None], inputs, targets, weights, total)
            sums.append(total[0])
        moved = float((sums[1] - sums[0]).norm())
        assert moved <= clipping_norm * (1 + 1e-9)


def test_a_clipped_sum_by_hand() -> None:
    # z = w a + b with a = (3, 0), w = (1, 1), b = 0: z = 3. Target 2, squared error: δ = 2 (3 - 2)
    # = 2, gradient (6, 0, 2) of norm √40. Clipped to √10, it is half: (3, 0, 1).
    # Example a = (0, 1), target 0: z = 1, δ = 2, gradient (0, 2, 2) of norm √8, which is less.
    # The sum with weights 1 and 2: (3, 0, 1) + (0, 4, 4).
    model = flat(nn.Sequential(nn.Linear(2, 1)), "squared_error")
    total = torch.zeros(1, 3)
    losses = clipped_sum(model, math.sqrt(10)).add(
        torch.tensor([[1.0, 1.0, 0.0]]),
        torch.tensor([[[3.0, 0.0], [0.0, 1.0]]]),
        torch.tensor([[[2.0], [0.0]]]),
        torch.tensor([[1.0, 2.0]]),
        total,
    )
    assert total[0].tolist() == pytest.approx([3, 4, 5])
    assert losses.tolist() == [[1, 1]]


@pytest.mark.parametrize("case", CASES)
def test_every_model_gets_its_way(case: str) -> None:
    assert type(clipped_sum(model_of(case), 1.0)) is CASES[case][3]


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(4), nn.Dropout(0.5)])
def test_what_mixes_samples_is_refused(layer: nn.Module) -> None:
    model = flat(nn.Sequential(nn.Flatten(), nn.Linear(9, 4), layer), "cross_entropy")
    with pytest.raises(ValueError, match="batch norm or dropout"):
        clipped_sum(model, 1.0)


def test_layers_that_are_not_what_they_seem_are_not_layered() -> None:
    shared = nn.Linear(3, 3)
    for layers in (
        (shared, nn.Tanh(), shared),
        (nn.Linear(3, 3), nn.ReLU(inplace=True), nn.Linear(3, 3)),
        (nn.Conv2d(2, 2, 3, groups=2), nn.Flatten(), nn.Linear(2, 2)),
        (nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), nn.Flatten()),
        (nn.Embedding(4, 2, max_norm=1.0), nn.Flatten()),
        (nn.Embedding(4, 2, scale_grad_by_freq=True), nn.Flatten()),
    ):
        assert not is_layered(flat(nn.Sequential(*layers), "cross_entropy"))
    assert not is_layered(flat(nn.Sequential(nn.Sequential(nn.Linear(2, 2))), "cross_entropy"))
    assert is_layered(flat(nn.Sequential(nn.Linear(2, 2), nn.Tanh()), "cross_entropy"))


@pytest.mark.parametrize("case", ["tanh", "images", "normed"])
def test_pieces_of_a_batch_add_up(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with in_float64():
        model = model_of(case)
        totals = []
        for bytes_, examples in ((2**25, 64), (8 * model.num_parameters, 2)):
            monkeypatch.setattr("runners.learner.clipping.mapped.GRADIENT_BYTES", bytes_)
            monkeypatch.setattr("runners.learner.clipping.layers.CPU_EXAMPLES", examples)
            total = torch.zeros(1, model.num_parameters)
            inputs, targets, weights = batch_of(case, num_models=1)
            rows = model.initial[None]
            losses = clipped_sum(model, 0.1).add(rows, inputs, targets, weights, total)
            totals.append(torch.cat([total[0], losses[0]]))
        torch.testing.assert_close(*totals)


def test_dense_networks_of_float32_agree_to_a_millionth() -> None:
    model = model_of("dense")
    assert dense_layers(model) is not None
    inputs, targets, weights = batch_of("dense", num_models=1)
    total = torch.zeros(1, model.num_parameters)
    clipped_sum(model, 0.5).add(model.initial[None], inputs, targets, weights, total)
    wanted, _, _ = defined(model, model.initial, (inputs[0], targets[0], weights[0]), 0.5)
    assert (total[0] - wanted).norm() <= 1e-6 * wanted.norm()
