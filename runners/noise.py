"""Owns noise: uniform words from a source that is named, and Gaussian and Laplace numbers made of
them.

Sources: `seeded` repeats a run exactly; whoever knows the run's seed can take the noise off again,
so it is for experiments. `system` is the key stream of a cipher (ChaCha20) whose key comes from the
operating system's randomness by way of the run's secret: different in each run.

Both give the same numbers on all ranks and hosts, whatever partners they host. Numbers are float64,
made on `device`. Floating point is not the real line: which numbers can come out depends on what
the noise is added to (Mironov 2012), which no accountant counts. `runners.discrete_gaussian` draws
whole numbers instead, to which that does not apply.
"""

import hashlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from runners.privacy import Merge

if TYPE_CHECKING:
    import torch

SOURCES = ("seeded", "system")
BITS = 53  # of a float64's fraction

Words = Callable[[int], NDArray[np.uint64]]
"""Returns so many uniform words of 64 bits, other ones in each call."""


def words_of(source: str, merge: Merge, *names: str | int) -> Words:
    """Return the words of a merge under a name, such as that of a mechanism and a partner."""
    if source == "seeded":
        return seeded_words(merge.stream(*names))
    text = "\x1f".join(str(name) for name in (merge.secret, "noise", *names, merge.number))
    return secret_words(hashlib.sha256(text.encode()).digest())


def seeded_words(rng: np.random.Generator) -> Words:
    """Return the words of a generator."""
    return lambda size: rng.bit_generator.random_raw(size)


def secret_words(key: bytes) -> Words:
    """Return ChaCha20's key stream (RFC 8439) under a key of 32 bytes that is used only here."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

    stream = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor()
    return lambda size: np.frombuffer(stream.update(bytes(8 * size)), dtype="<u8")


def gaussian(words: Words, size: int, device: "torch.device") -> "torch.Tensor":
    """Return standard normal numbers, of shape (size,): r cos φ and r sin φ, with r² = −2 ln u
    (Box and Muller 1958). None is beyond 8.6, as u is a whole number of 2^−53.
    """
    import torch

    half = (size + 1) // 2
    radius = uniform(words, half, device).log_().mul_(-2).sqrt_()
    angle = uniform(words, half, device).mul_(2 * math.pi)
    numbers = torch.empty(2 * half, dtype=torch.float64, device=device)
    torch.cos(angle, out=numbers[:half]).mul_(radius)
    torch.sin(angle, out=numbers[half:]).mul_(radius)
    return numbers[:size]


def laplace(words: Words, size: int, device: "torch.device") -> "torch.Tensor":
    """Return Laplace numbers of scale 1, so of variance 2: −ln u with a sign at random."""
    import torch

    drawn = words(size)
    sign = torch.from_numpy((drawn & np.uint64(1)).astype(np.int8)).to(device)
    return _uniform(drawn, device).log_().mul_(2 * sign - 1)


def uniform(words: Words, size: int, device: "torch.device") -> "torch.Tensor":
    """Return numbers from 2^−53 to 1, of shape (size,)."""
    return _uniform(words(size), device)


def _uniform(drawn: NDArray[np.uint64], device: "torch.device") -> "torch.Tensor":
    import torch

    counts = (drawn >> np.uint64(64 - BITS)).view(np.int64)
    return torch.from_numpy(counts).to(device).double().add_(1).mul_(2.0**-BITS)
