"""Dense networks are recognised, found in vectors, and have autograd's gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from runners.learner.engine.dense import DenseLayers, dense_layers, output_gradient
from runners.loss import sample_losses
from tests.runners.learner.engine.cohorts import flat, in_float64


def recognised(*layers: nn.Module) -> DenseLayers | None:
    return dense_layers(flat(nn.Sequential(*layers), "cross_entropy"))


def test_layers_lie_one_behind_the_other() -> None:
    dense = recognised(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    assert dense is not None
    # 4 × 3 = 12 weights, 3 biases to 15, 3 × 2 = 6 weights to 21, 2 biases to 23
    first, second = dense.layers
    assert (first.weight, first.bias, first.has_relu) == (slice(0, 12), slice(12, 15), True)
    assert (second.weight, second.bias, second.has_relu) == (slice(15, 21), slice(21, 23), False)
    assert (second.num_inputs, second.num_outputs) == (3, 2)
    weights, biases = second.views(torch.arange(46.0).view(2, 23))
    assert weights.tolist() == [[[15, 16, 17], [18, 19, 20]], [[38, 39, 40], [41, 42, 43]]]
    assert biases.tolist() == [[21, 22], [44, 45]]


def test_views_are_not_copies() -> None:
    dense = recognised(nn.Linear(2, 1))
    assert dense is not None
    rows = torch.zeros(1, 3)
    weights, biases = dense.layers[0].views(rows)
    weights += 1
    biases += 2
    assert rows.tolist() == [[1, 1, 2]]


@pytest.mark.parametrize(
    "layers",
    [
        (nn.Linear(4, 2),),
        (nn.Linear(4, 2), nn.Linear(2, 4)),
        (nn.Flatten(), nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 4), nn.ReLU()),
    ],
)
def test_with_and_without_relu_it_is_dense(layers: tuple[nn.Module, ...]) -> None:
    assert recognised(*layers) is not None


@pytest.mark.parametrize(
    "layers",
    [
        (nn.Linear(4, 2), nn.BatchNorm1d(2), nn.ReLU(), nn.Linear(2, 2)),
        (nn.Linear(4, 2), nn.ReLU(), nn.Dropout(0.5), nn.Linear(2, 2)),
        (nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)),
        (nn.Linear(4, 2, bias=False),),
        (nn.Linear(4, 2), nn.Tanh(), nn.Linear(2, 2)),
        (nn.ReLU(), nn.Linear(4, 2)),
        (nn.Flatten(2), nn.Linear(4, 2)),
    ],
)
def test_what_is_not_dense_is_refused(layers: tuple[nn.Module, ...]) -> None:
    assert recognised(*layers) is None


def test_a_layer_that_is_used_twice_is_refused() -> None:
    shared = nn.Linear(2, 2)
    assert recognised(shared, nn.ReLU(), shared) is None


@settings(max_examples=30, deadline=None)
@given(
    loss=st.sampled_from(["cross_entropy", "binary_cross_entropy", "squared_error"]),
    k=st.integers(1, 3),
    batch_size=st.integers(1, 4),
    num_outputs=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_output_gradients_are_autograds(
    loss: str, k: int, batch_size: int, num_outputs: int, seed: int
) -> None:
    with in_float64():
        generator = torch.Generator().manual_seed(seed)
        num_outputs = 1 if loss == "binary_cross_entropy" else num_outputs
        outputs = 5 * torch.randn(k, batch_size, num_outputs, generator=generator)
        outputs.requires_grad_()
        targets = torch.randint(max(2, num_outputs), (k, batch_size), generator=generator)
        if loss == "cross_entropy":
            targets %= num_outputs
        if loss == "squared_error":
            targets = torch.randn(k, batch_size, num_outputs, generator=generator)
        wanted = sample_losses(loss, outputs.flatten(0, 1), targets.flatten(0, 1)).view(k, -1)
        (gradient,) = torch.autograd.grad(wanted.mean(dim=1).sum(), outputs)
        gradients, losses = output_gradient(loss, outputs.detach().clone(), targets)
    torch.testing.assert_close(gradients, gradient)
    torch.testing.assert_close(losses, wanted.detach())


def test_output_gradients_by_hand() -> None:
    # logit 0 is probability 1/2: loss ln 2, gradient 1/2 - 1 and 1/2 - 0, over a batch of 2
    gradients, losses = output_gradient(
        "binary_cross_entropy", torch.zeros(1, 2, 1), torch.tensor([[1, 0]])
    )
    assert gradients.flatten().tolist() == [-0.25, 0.25]
    assert losses.flatten().tolist() == pytest.approx([0.693147, 0.693147], abs=1e-6)
    # errors 1 and 3: loss (1 + 9) / 2, gradient 2 × error / 2
    gradients, losses = output_gradient(
        "squared_error", torch.tensor([[[2.0, 4.0]]]), torch.tensor([[[1.0, 1.0]]])
    )
    assert gradients.flatten().tolist() == [1.0, 3.0]
    assert losses.flatten().tolist() == [5.0]
    # logits ln 1, ln 3: probabilities 1/4 and 3/4, the first is right: loss ln 4
    gradients, losses = output_gradient(
        "cross_entropy", torch.tensor([[[1.0, 3.0]]]).log(), torch.tensor([[0]])
    )
    assert gradients.flatten().tolist() == pytest.approx([-0.75, 0.75])
    assert losses.flatten().tolist() == pytest.approx([1.386294], abs=1e-6)


def test_factors_multiply_to_gradients_by_hand() -> None:
    # z = w a + b, 2-1-1 with a ReLU: a = (1, 2), w = (1, 1), b = 0: hidden 3; then z = 2 × 3 = 6.
    # Target 5, squared error: dz = 2 × (6 - 5) = 2. Second layer: dw = 2 × 3, db = 2.
    # First layer: δ = 2 × 2 = 4, dw = 4 × (1, 2), db = 4.
    model = flat(nn.Sequential(nn.Linear(2, 1), nn.ReLU(), nn.Linear(1, 1)), "squared_error")
    dense = dense_layers(model)
    assert dense is not None
    rows = torch.tensor([[1.0, 1.0, 0.0, 2.0, 0.0]])
    stacks = [layer.views(rows) for layer in dense.layers]
    factors, losses = dense.gradient_factors(
        stacks, torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[5.0]]])
    )
    assert losses.tolist() == [[1.0]]
    assert [one.weight_gradients().flatten().tolist() for one in factors] == [[4, 8], [6]]
    assert [one.bias_gradients().flatten().tolist() for one in factors] == [[4], [2]]
