"""Owns dense networks, many at once: which modules are such, and their gradients as factors.

A dense network is layers z = W a + b, some with a ReLU behind (perceptrons without batch norm and
dropout, logistic regression, autoencoders). k of them are stacked: weights of shape
(k, num_outputs, num_inputs), biases (k, num_outputs), activations (k, batch, units). The gradient
of W is δᵀ a, where δ = ∂loss/∂z is of shape (k, batch, num_outputs): the pair (δ, a) is far smaller
than the gradient, and engines use it as it is (Rumelhart et al. 1986 for δ from layer to layer).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn import functional as F

from runners.learner.flat_model import FlatModel

Stack = tuple[torch.Tensor, torch.Tensor]
"""A layer's weights and biases in k networks."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Say where a layer's numbers are in a vector of the model, and what it does with them."""

    num_inputs: int
    num_outputs: int
    weight: slice
    bias: slice
    has_relu: bool

    def views(self, rows: torch.Tensor) -> Stack:
        """Return the layer's weights and biases in `rows`, of shape (k, size), without copying."""
        weights = rows[:, self.weight].unflatten(1, (self.num_outputs, self.num_inputs))
        return weights, rows[:, self.bias]


@dataclass(frozen=True, kw_only=True, eq=False)
class Factors:
    """Hold a layer's gradient of the batch's mean loss: δ and the layer's inputs a."""

    delta: torch.Tensor
    inputs: torch.Tensor

    def weight_gradients(self) -> torch.Tensor:
        """Return δᵀ a, of the weights' shape."""
        return torch.bmm(self.delta.transpose(1, 2), self.inputs)

    def bias_gradients(self) -> torch.Tensor:
        """Return the sum of δ over the batch, of the biases' shape."""
        return self.delta.sum(dim=1)


@dataclass(frozen=True, kw_only=True)
class DenseLayers:
    """Hold the layers of a dense network in forward order, and its loss, one of `runners.loss`."""

    layers: tuple[Layer, ...]
    loss: str

    def gradient_factors(
        self,
        stacks: Sequence[Stack],
        inputs: torch.Tensor,
        targets: torch.Tensor,
        offsets: torch.Tensor | None = None,
    ) -> tuple[list[Factors], torch.Tensor]:
        """Return each layer's factors, and the losses of shape (k, batch).

        `stacks` has the layers' weights; inputs and targets are of shape (k, batch, ...), `offsets`
        are added to what the first layer puts out, (k, batch, num_outputs).
        """
        activations = self._activations(stacks, inputs, offsets)
        outputs = activations.pop()
        delta, losses = output_gradient(self.loss, outputs, targets)
        if self.layers[-1].has_relu:
            delta = _behind_relu(delta, outputs)
        factors = [Factors(delta=delta, inputs=activations[-1])]
        for number in range(len(self.layers) - 1, 0, -1):
            delta = torch.bmm(delta, stacks[number][0])
            if self.layers[number - 1].has_relu:
                delta = _behind_relu(delta, activations[number])
            factors.insert(0, Factors(delta=delta, inputs=activations[number - 1]))
        return factors, losses

    def _activations(
        self, stacks: Sequence[Stack], inputs: torch.Tensor, offsets: torch.Tensor | None
    ) -> list[torch.Tensor]:
        """Return what goes into each layer, and what comes out of the last."""
        activations = [inputs.flatten(2)]
        for layer, (weights, biases) in zip(self.layers, stacks, strict=True):
            added = biases[:, None] if offsets is None else biases[:, None] + offsets
            outputs = torch.baddbmm(added, activations[-1], weights.transpose(1, 2))
            activations.append(outputs.relu_() if layer.has_relu else outputs)
            offsets = None
        return activations


def _behind_relu(gradient: torch.Tensor, activations: torch.Tensor) -> torch.Tensor:
    """Return the gradient where there was activation, 0 elsewhere."""
    return torch.ops.aten.threshold_backward(gradient, activations, 0)


def dense_layers(model: FlatModel) -> DenseLayers | None:
    """Return the layers of a model that is a dense network of vectors, or of what it flattens
    first; None for others.
    """
    children = list(model.module) if isinstance(model.module, nn.Sequential) else []
    if children and isinstance(children[0], nn.Flatten) and children[0].start_dim == 1:
        children = children[1:]
    layers: list[Layer] = []
    for child, before in zip(children, [None, *children], strict=False):
        if isinstance(child, nn.Linear) and child.bias is not None:
            layers.append(_layer(child, layers[-1].bias.stop if layers else 0))
        elif isinstance(child, nn.ReLU) and isinstance(before, nn.Linear):
            layers[-1] = replace(layers[-1], has_relu=True)
        else:
            return None
    is_whole = bool(layers) and layers[-1].bias.stop == model.size
    return DenseLayers(layers=tuple(layers), loss=model.loss) if is_whole else None


def _layer(linear: nn.Linear, position: int) -> Layer:
    """Return a layer whose numbers begin at `position`."""
    middle = position + linear.out_features * linear.in_features
    return Layer(
        num_inputs=linear.in_features,
        num_outputs=linear.out_features,
        weight=slice(position, middle),
        bias=slice(middle, middle + linear.out_features),
        has_relu=False,
    )


def output_gradient(
    loss: str, outputs: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gradient of each network's mean loss with respect to `outputs`, of their shape
    (k, batch, num_outputs), and the losses of shape (k, batch); those of `runners.loss`.

    Cross entropy of softmax p has p − y, binary cross entropy of the logistic function σ has σ − y
    (Bishop 2006, 4.3), the mean of n squared errors has 2 (z − y) / n; all over the batch size.
    Written out, since torch's softmax over a few classes takes twice as long.
    """
    batch_size, num_outputs = outputs.shape[1:]
    if loss == "squared_error":
        errors = outputs - targets.reshape(outputs.shape)
        losses = errors.square().mean(dim=2)
        return errors.mul_(2 / (num_outputs * batch_size)), losses
    if loss == "binary_cross_entropy":
        wanted = targets.unsqueeze(2).to(outputs.dtype)
        losses = F.softplus(outputs) - outputs * wanted
        return (outputs.sigmoid() - wanted).div_(batch_size), losses[..., 0]
    targets = targets.unsqueeze(2)
    outputs = outputs - outputs.amax(dim=2, keepdim=True)
    wanted = outputs.gather(2, targets)
    exponentials = outputs.exp_()
    sums = exponentials.sum(dim=2, keepdim=True)
    losses = sums.log().sub_(wanted)[..., 0]
    gradients = exponentials.div_(sums.mul_(batch_size))
    return gradients.scatter_add_(2, targets, torch.full_like(wanted, -1 / batch_size)), losses
