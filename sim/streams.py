"""Owns randomness: one seed, and a named stream for each thing that draws.

Adding a stream never shifts the draws of another, and a rank needs no other rank's draws.
"""

import hashlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the generator that belongs to `names` under `seed`.

    `stream(3, "batches", 7)` is the same on every machine, rank and call; its position is the
    caller's.
    """
    digest = hashlib.sha256("\x1f".join(str(name) for name in names).encode()).digest()
    words = np.frombuffer(digest[:16], dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence([seed, *words.tolist()]))
