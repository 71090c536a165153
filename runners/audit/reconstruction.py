"""Owns gradient inversion: are a partner's samples in its updates?

Copies are made in closed form and by gradient matching. Is a copy nearer to its original than to
other samples that the same partner holds? Scores are minus the mean squared error: of a copy to its
original, and to decoys, each of which is held against one copy. Copies that say nothing of their
originals are as near to decoys: AUC 0.5.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from runners.audit.dense_layer import first_dense_layer, input_of
from runners.audit.gradients import gradients_at
from runners.audit.likeness import has_ssim, psnr_db, ssim
from runners.audit.matching import Seen, match_cosine, match_squares
from runners.audit.result import Copies, OnProgress, Result
from runners.audit.settings import Settings
from runners.audit.trials import judge, mean_of
from runners.audit.victims import Victims

QUESTION = "is a copy nearer to its original than to others?"

Attack = Callable[[OnProgress], torch.Tensor]
"""Returns copies, of the shape of the victims' inputs."""


def reconstruct(
    victims: Victims, settings: Settings, rng: np.random.Generator, on_progress: OnProgress
) -> Iterator[tuple[Result, Copies | None]]:
    """Yield what each attack on inputs of numbers comes to, and its copies of images."""
    attacks = _attacks(victims, settings, rng)
    for number, (name, attack) in enumerate(attacks.items()):

        def tell(fraction: float, number: int = number) -> None:
            on_progress((number + fraction) / len(attacks))

        try:
            made = attack(tell)
        except ValueError as error:
            yield _left_out(name, str(error)), None
            continue
        yield _judged(name, victims, _in_order(victims.inputs, made))


def _attacks(victims: Victims, settings: Settings, rng: np.random.Generator) -> dict[str, Attack]:
    shape = victims.inputs.shape
    low, high = _bounds(victims)
    noise = rng.uniform(low, high, size=tuple(shape)).astype(np.float32)
    guess = torch.from_numpy(noise).to(victims.inputs.device)

    def seen() -> Seen:
        model = victims.model
        return Seen(
            rows=victims.seen[:, : model.num_parameters],
            targets=victims.targets,
            gradients=gradients_at(model, model.initial),
            low=low,
            high=high,
        )

    def closed_form(_: OnProgress) -> torch.Tensor:
        layer = first_dense_layer(victims.model)
        if layer is None or shape[1] > 1:
            raise ValueError(
                f"needs a dense first layer with a bias, and single samples, got {layer} and "
                f"inputs of shape {tuple(shape)}"
            )
        return input_of(layer, victims.seen).clamp(low, high).view(shape)

    def cosine(on_progress: OnProgress) -> torch.Tensor:
        return match_cosine(
            seen(),
            guess,
            num_iterations=settings.num_iterations,
            total_variation=settings.total_variation,
            on_progress=on_progress,
        )

    def squares(on_progress: OnProgress) -> torch.Tensor:
        return match_squares(
            seen(), guess, num_iterations=settings.num_iterations, on_progress=on_progress
        )

    return {"dense_layer": closed_form, "cosine": cosine, "dlg": squares}


def _bounds(victims: Victims) -> tuple[float, float]:
    """Return the range of inputs, which an attacker knows of the kind of data."""
    known = torch.cat([victims.inputs.flatten(0, 1), victims.decoys])
    return float(known.min()), float(known.max())


def _in_order(originals: torch.Tensor, copies: torch.Tensor) -> torch.Tensor:
    """Return each batch's copies in the order of the originals they are nearest to: which is which
    is not told by a mean gradient.
    """
    from scipy.optimize import linear_sum_assignment

    ordered = []
    for batch, made in zip(originals, copies, strict=True):
        errors = torch.cdist(batch.flatten(1), made.flatten(1)).square()
        ordered.append(made[linear_sum_assignment(errors.cpu().numpy())[1]])
    return torch.stack(ordered)


def _judged(name: str, victims: Victims, copies: torch.Tensor) -> tuple[Result, Copies | None]:
    low, high = _bounds(victims)
    originals, made, decoys = (
        one.cpu().numpy()
        for one in (victims.inputs.flatten(0, 1), copies.flatten(0, 1), victims.decoys)
    )
    facing = made[np.arange(len(decoys)) % len(made)]
    result = Result(
        attack=name,
        kind="reconstruction",
        question=QUESTION,
        judgement=judge(_nearness(made, originals), _nearness(facing, decoys)),
        quality={
            name: mean_of(values)
            for name, values in _quality(originals, made, decoys.mean(axis=0), high - low).items()
        },
    )
    if originals.ndim != 4:
        return result, None
    ratios = [psnr_db(one, copy, high - low) for one, copy in zip(originals, made, strict=True)]
    return result, Copies(
        attack=name, originals=originals, copies=made, psnr_db=ratios, low=low, high=high
    )


def _nearness(copies: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return minus the mean squared error of each pair."""
    errors: np.ndarray = ((copies.astype(np.float64) - others) ** 2).reshape(len(copies), -1)
    return -errors.mean(axis=1)


def _quality(
    originals: np.ndarray, copies: np.ndarray, usual: np.ndarray, span: float
) -> dict[str, list[float]]:
    """Return the likeness of each copy; by chance is the likeness of the decoys' mean."""
    pairs = list(zip(originals, copies, strict=True))
    quality = {
        "psnr_db": [psnr_db(one, copy, span) for one, copy in pairs],
        "chance_psnr_db": [psnr_db(one, usual, span) for one in originals],
    }
    if has_ssim(originals.shape[1:]):
        quality["ssim"] = [ssim(one, copy, span) for one, copy in pairs]
        quality["chance_ssim"] = [ssim(one, usual, span) for one in originals]
    return quality


def _left_out(name: str, reason: str) -> Result:
    return Result(attack=name, kind="reconstruction", question=QUESTION, reason=reason)
