"""Owns the rounding of updates to what is sent: float32, bfloat16, an 8-bit or a 4-bit float.

The two smallest have one scale per vector, its largest size, which is sent with it (4 bytes, not
counted). What comes out are the numbers that the receiver has, in the type that came in; sums of
them are not rounded again (as Streaming DiLoCo sums, Douillard et al. 2025).
"""

from collections.abc import Callable

import torch

LARGEST_E4M3 = 448.0
LEVELS_E3M0 = (0.0, *(2.0**exponent for exponent in range(-6, 1)))
"""What a sign, three bits of exponent and none of mantissa can say: 0 and seven powers of 2."""


def rounded(update: torch.Tensor, bytes_per_parameter: float) -> torch.Tensor:
    """Return an update of shape (size,), or updates as rows (k, size), in a precision of 4, 2, 1 or
    0.5 bytes; rounds to nearest.
    """
    if bytes_per_parameter not in ROUNDINGS:
        allowed = ", ".join(f"{one:g}" for one in ROUNDINGS)
        raise ValueError(
            f"mode.wire_bytes_per_parameter must be one of {allowed} where training is real, got "
            f"{bytes_per_parameter}; try mode.wire_bytes_per_parameter=2.0, or learner=none"
        )
    return ROUNDINGS[bytes_per_parameter](update)


def _float32(update: torch.Tensor) -> torch.Tensor:
    return update.to(torch.float32).to(update.dtype)


def _bfloat16(update: torch.Tensor) -> torch.Tensor:
    return update.to(torch.bfloat16).to(update.dtype)


def _e4m3(update: torch.Tensor) -> torch.Tensor:
    """Scale the largest size to 448, the largest that a sign, four bits of exponent and three of
    mantissa can say (Micikevicius et al. 2022).
    """
    scale = _scale(update)
    codes = (update / scale * LARGEST_E4M3).to(torch.float8_e4m3fn)
    return codes.to(update.dtype) / LARGEST_E4M3 * scale


def _e3m0(update: torch.Tensor) -> torch.Tensor:
    """Scale the largest size to the largest level, and take the nearest level; the smaller of two
    that are as near.
    """
    scale = _scale(update)
    levels = torch.tensor(LEVELS_E3M0, dtype=update.dtype, device=update.device)
    middles = (levels[1:] + levels[:-1]) / 2
    nearest = levels[torch.bucketize(update.abs() / scale, middles, out_int32=True)]
    return nearest * update.sign() * scale


def _scale(update: torch.Tensor) -> torch.Tensor:
    """Return the largest size of each vector, 1 for zeros; (1,) or (k, 1).

    What is not finite makes the whole vector NaN, and so it shows.
    """
    largest = update.abs().amax(dim=-1, keepdim=True)
    return torch.where(largest == 0, 1, largest)


ROUNDINGS: dict[float, Callable[[torch.Tensor], torch.Tensor]] = {
    4.0: _float32,
    2.0: _bfloat16,
    1.0: _e4m3,
    0.5: _e3m0,
}
