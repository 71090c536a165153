"""Owns the factors of a dense layer's gradients, for many jobs that begin at the same weights.

The gradient of step s is G_sᵀ X_s: the gradients of the layer's outputs by its inputs, a row for
each sample. So the weights before step t are W_t = c_t W_0 + Σ_s A[t, s] G_sᵀ X_s (`combination`),
and nothing needs them, since with G = G_t and X = X_t

    X W_tᵀ = c_t X W_0ᵀ + Σ_s A[t, s] (X X_sᵀ) G_s
    G W_t  = c_t G W_0  + Σ_s A[t, s] (G G_sᵀ) X_s

A bias is the weight of an input that is always 1, which adds 1 to X X_sᵀ. The same products give
the norm of an update U = Σ_s a_s G_sᵀ X_s: |U|² is the sum of a_s a_r (X_s X_rᵀ) (G_s G_rᵀ), number
by number, over all pairs of samples. Factors are of shape (num_jobs, num_steps × batch_size,
units), the jobs with most steps first.
"""

from dataclasses import dataclass

import torch

from runners.learner.engine.dense import Layer


@dataclass(frozen=True, kw_only=True, eq=False)
class Now:
    """Say where a step stands: it is taken by the first `num_jobs` jobs and writes `rows`.

    `base` is c_t, `past` A[t, s] for each row before, (rows.start,); `final` is how much of each
    row, up to this step's last, is in a job's last weights, (num_jobs, rows.stop). `keeps_start`
    says that all c are 1.
    """

    num_jobs: int
    rows: slice
    base: float
    keeps_start: bool
    past: torch.Tensor
    final: torch.Tensor

    def pair_weights(self) -> torch.Tensor:
        """Return what a pair of samples, one of this step, counts in |U|², (num_jobs, rows.stop).

        Pairs with earlier steps count twice, since they come in both orders.
        """
        weights = self.final * self.final[:, self.rows.start, None]
        weights[:, : self.rows.start] *= 2.0
        return weights


class History:
    """Hold one layer's factors, and pass samples through it as each job's weights are.

    `squares` are the |U|² of the steps so far, (num_jobs,); `with_start` are the ⟨W_0, U⟩, which
    stay 0 where nothing is lost of the start and so nobody needs them.
    """

    def __init__(self, layer: Layer, start: torch.Tensor, inputs: torch.Tensor) -> None:
        self.layer = layer
        self.inputs = inputs
        self.gradients = start.new_zeros(*inputs.shape[:2], layer.num_outputs)
        self.squares = start.new_zeros(len(inputs))
        self.with_start = start.new_zeros(len(inputs))
        weights, biases = layer.views(start[None])
        self._weight, self._bias = weights[0], biases[0]

    def forward(self, now: Now, inputs: torch.Tensor) -> torch.Tensor:
        """Return a step's outputs behind the ReLU, (num_jobs, batch_size, num_outputs); its inputs
        are in `self.inputs` already.
        """
        jobs, before = now.num_jobs, now.rows.start
        self._alike = (inputs @ self.inputs[:jobs, : now.rows.stop].mT).add_(1.0)
        outputs = torch.addmm(self._bias, inputs.flatten(0, 1), self._weight.mT)
        outputs = outputs.view(jobs, -1, self.layer.num_outputs)
        if not now.keeps_start:
            self._plain = outputs
            outputs = outputs * now.base
        if before:
            shares = self._alike[:, :, :before] * now.past
            outputs.baddbmm_(shares, self.gradients[:jobs, :before])
        return outputs.relu_() if self.layer.has_relu else outputs

    def backward(self, now: Now, gradients: torch.Tensor) -> torch.Tensor:
        """Keep the gradients of a step's outputs before the ReLU, add the step to the norms, and
        return the products G G_sᵀ up to this step, which `input_gradients` needs.
        """
        jobs = now.num_jobs
        self.gradients[:jobs, now.rows] = gradients
        alike = gradients @ self.gradients[:jobs, : now.rows.stop].mT
        pairs = self._alike.mul_(alike).sum(dim=1)
        self.squares[:jobs] += (pairs * now.pair_weights()).sum(dim=1)
        if not now.keeps_start:
            with_start = (self._plain * gradients).sum(dim=(1, 2))
            self.with_start[:jobs] += with_start * now.final[:, now.rows.start]
        return alike

    def input_gradients(
        self, now: Now, gradients: torch.Tensor, alike: torch.Tensor
    ) -> torch.Tensor:
        """Return the gradients of a step's inputs, (num_jobs, batch_size, num_inputs)."""
        jobs, before = now.num_jobs, now.rows.start
        passed = (gradients.flatten(0, 1) @ self._weight).view(jobs, -1, self.layer.num_inputs)
        if not now.keeps_start:
            passed *= now.base
        if before:
            passed.baddbmm_(alike[:, :, :before] * now.past, self.inputs[:jobs, :before])
        return passed
