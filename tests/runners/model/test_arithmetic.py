"""Sizes, FLOPs and shapes of every model are those of the real module."""

import pytest
import torch
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from runners.learner.flat_model import FlatModel
from tests.runners.model.cases import CASES, new_module, some_inputs, statistics

each_model = pytest.mark.parametrize("name", list(CASES))

NOT_NEEDED = {"text_lstm": 2 * (4 * 8) * 8}
"""FLOPs that are in the arithmetic only: the gradient of an LSTM's first state, which is 0."""

# Attention is SDPBackend.MATH, matrix products: torch can neither count nor stack the CPU's fused
# kernel.


@each_model
def test_the_tensors_are_the_modules_in_forward_order(name: str) -> None:
    model, form = CASES[name]
    module = new_module(CASES[name])
    tensors = [*module.parameters(), *statistics(module)]
    assert model.tensor_parameters(form) == tuple(one.numel() for one in tensors)


@each_model
def test_a_flat_model_has_the_tensors_one_after_the_other(name: str) -> None:
    model, form = CASES[name]
    flat = FlatModel(new_module(CASES[name]), "cross_entropy", torch.device("cpu"), tail=0)
    assert flat.size == sum(model.tensor_parameters(form))


@each_model
def test_outputs_have_the_forms_shape(name: str) -> None:
    _, form = CASES[name]
    outputs = new_module(CASES[name])(some_inputs(form, 4))
    places = form.inputs if form.per_token else ()
    assert outputs.shape == (4, *places, form.num_outputs)
    assert outputs.dtype == torch.float32 and outputs.isfinite().all()


@each_model
def test_the_flops_are_those_that_torch_counts(name: str) -> None:
    model, form = CASES[name]
    module = new_module(CASES[name]).double()  # torch does not count the float32 LSTM
    inputs = some_inputs(form, 4)
    if form.vocabulary is None:
        inputs = inputs.double()
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        module(inputs).sum().backward()
    counted = counter.get_total_flops() / 4
    assert model.train_flops_per_sample(form) == counted + NOT_NEEDED.get(name, 0)


@each_model
def test_only_batch_norm_keeps_statistics(name: str) -> None:
    module = new_module(CASES[name])
    assert bool(statistics(module)) == (name in ("mlp_batch_norm", "resnet"))


@pytest.mark.parametrize(
    "name",
    [
        *("logistic", "mlp", "cnn", "cnn_unpadded", "resnet_group_norm"),
        *("text_cnn", "autoencoder_relu", "gpt", "gpt_tied"),
    ],
)
def test_partners_models_can_be_stacked(name: str) -> None:
    """An LSTM can't: torch has no batching rule for its CPU kernel."""
    _, form = CASES[name]
    module, inputs = new_module(CASES[name]), some_inputs(form, 6).view(2, 3, *form.inputs)
    stacked = {
        key: torch.stack([one.detach(), 1.5 * one.detach()])
        for key, one in module.named_parameters()
    }

    def loss(weights: dict[str, torch.Tensor], some: torch.Tensor) -> torch.Tensor:
        return functional_call(module, weights, (some,)).square().mean()

    with sdpa_kernel(SDPBackend.MATH):
        together = vmap(grad(loss))(stacked, inputs)
    for row in range(2):
        alone = grad(loss)({key: one[row] for key, one in stacked.items()}, inputs[row])
        for key, gradient in alone.items():
            torch.testing.assert_close(together[key][row], gradient, rtol=1e-4, atol=1e-6)
