"""Owns how whole numbers are added up over Horovod's ranks: its allreduce of integers wraps, so
sums modulo 2**32 or 2**64 cost nothing more.
"""

from typing import TYPE_CHECKING

import numpy as np

from runners.secure_sum.fixed_point import Words

if TYPE_CHECKING:
    import torch

    from runners.learner.horovod import Ranks


def rank_sum(words: Words, num_rows: int, expected_rows: int, ranks: "Ranks") -> Words:
    """Return the sum of all ranks' words, of any shape, to which they added `num_rows` updates.

    Raise RuntimeError where these are not all the `expected_rows`: masks would not cancel.
    """
    import torch

    sent = np.append(words.ravel(), words.dtype.type(num_rows))
    wire = torch.from_numpy(sent.view(f"<i{sent.itemsize}")).to(ranks.device)
    ranks.sum(wire, "secure sum")
    received = wire.cpu().numpy().view(words.dtype)
    if received[-1] != expected_rows:
        raise RuntimeError(f"a secure sum of {expected_rows} updates was given {received[-1]}")
    return received[:-1].reshape(words.shape)


def as_tensor(values: np.ndarray, ranks: "Ranks") -> "torch.Tensor":
    """Return values on the rank's device."""
    import torch

    return torch.from_numpy(values).to(ranks.device)
