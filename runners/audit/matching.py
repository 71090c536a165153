"""Owns gradient matching: inputs are changed until their gradient is the one that was seen.

DLG lowers the squared distance of the gradients by L-BFGS (Zhu et al. 2019). Geiping et al. (2020)
lower one minus their cosine, plus total variation, by Adam on the signs of slopes. The attacker
knows the targets: of single samples they follow from the gradient (Zhao et al. 2020). All victims
are attacked at once; shapes as in `runners.audit.gradients`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from runners.audit.gradients import Gradients

RATE = 0.1
DROPS = (3 / 8, 5 / 8, 7 / 8)
"""Of all iterations; at each the rate falls to a tenth, as Geiping et al. have it."""

OnProgress = Callable[[float], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """Hold what an attacker has: gradients that were seen, (num_victims, num_parameters), the
    victims' targets, how gradients come about, and between what values inputs lie.
    """

    rows: torch.Tensor
    targets: torch.Tensor
    gradients: Gradients
    low: float
    high: float


def match_cosine(
    seen: Seen,
    guess: torch.Tensor,
    *,
    num_iterations: int,
    total_variation: float,
    on_progress: OnProgress,
) -> torch.Tensor:
    """Return the inputs after so many steps from a guess (Geiping et al. 2020)."""
    inputs = guess.clone().requires_grad_()
    adam = torch.optim.Adam([inputs], lr=RATE)
    drops = [round(part * num_iterations) for part in DROPS]
    schedule = torch.optim.lr_scheduler.MultiStepLR(adam, drops, gamma=0.1)
    for iteration in range(num_iterations):
        rows = seen.gradients(inputs, seen.targets)
        distance = 1 - torch.cosine_similarity(rows, seen.rows, dim=1)
        cost = distance.sum() + total_variation * variation(inputs).sum()
        (slope,) = torch.autograd.grad(cost, inputs)
        inputs.grad = slope.sign()
        adam.step()
        schedule.step()
        with torch.no_grad():
            inputs.clamp_(seen.low, seen.high)
        on_progress((iteration + 1) / num_iterations)
    return inputs.detach()


def match_squares(
    seen: Seen, guess: torch.Tensor, *, num_iterations: int, on_progress: OnProgress
) -> torch.Tensor:
    """Return the inputs after so many steps of L-BFGS from a guess (Zhu et al. 2019), each victim's
    distance divided by the square of what was seen.
    """
    inputs = guess.clone().requires_grad_()
    search = torch.optim.LBFGS([inputs], lr=1.0, max_iter=1, line_search_fn="strong_wolfe")
    sizes = seen.rows.square().sum(dim=1).clamp(min=torch.finfo(seen.rows.dtype).tiny)

    def cost() -> float:
        rows = seen.gradients(inputs, seen.targets)
        distance = ((rows - seen.rows).square().sum(dim=1) / sizes).sum()
        (inputs.grad,) = torch.autograd.grad(distance, inputs)
        return float(distance.detach())

    for iteration in range(num_iterations):
        search.step(cost)
        on_progress((iteration + 1) / num_iterations)
    return torch.nan_to_num(inputs.detach()).clamp(seen.low, seen.high)


def variation(inputs: torch.Tensor) -> torch.Tensor:
    """Return the total variation of each victim's images, the mean difference of neighbours (Rudin
    et al. 1992); 0 for inputs without rows and columns.
    """
    if inputs.dim() != 5:
        return inputs.new_zeros(len(inputs))
    down = (inputs[..., 1:, :] - inputs[..., :-1, :]).abs()
    across = (inputs[..., 1:] - inputs[..., :-1]).abs()
    return down.flatten(1).mean(dim=1) + across.flatten(1).mean(dim=1)
