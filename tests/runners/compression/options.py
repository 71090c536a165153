"""One of each option, updates to compress, and merges to compress them in."""

from collections.abc import Sequence
from typing import Any

import torch

from runners.compression import Compression, Layout
from runners.compression.float16 import Float16
from runners.compression.int4 import Int4
from runners.compression.int8 import Int8
from runners.compression.none import Uncompressed
from runners.compression.powersgd import PowerSgd
from runners.compression.random_k import RandomK
from runners.compression.sign import Sign
from runners.compression.top_k import TopK
from runners.privacy import Merge

SPEEDS = {"encode_bytes_per_s": 4e8, "decode_bytes_per_s": 1e9}
LAYOUT = Layout(tensor_shapes=((12, 9), (12,), (4, 3, 2, 2), (5,)), num_statistics=7)
"""108 + 12 + 48 + 5 = 173 numbers that are trained, 180 in all."""


def top_k(fraction: float, *, error_feedback: bool = True) -> TopK:
    return TopK(fraction=fraction, error_feedback=error_feedback, **SPEEDS)


def random_k(
    fraction: float, *, error_feedback: bool = True, shared_support: bool = False
) -> RandomK:
    return RandomK(
        fraction=fraction, error_feedback=error_feedback, shared_support=shared_support, **SPEEDS
    )


def sign(*, error_feedback: bool = True) -> Sign:
    return Sign(error_feedback=error_feedback, **SPEEDS)


def powersgd(rank: int, *, error_feedback: bool = True) -> PowerSgd:
    return PowerSgd(rank=rank, error_feedback=error_feedback, **SPEEDS)


def int8(block_size: int = 64) -> Int8:
    return Int8(block_size=block_size, **SPEEDS)


def int4(block_size: int = 16) -> Int4:
    return Int4(block_size=block_size, **SPEEDS)


FLOAT16 = Float16(**SPEEDS)

WITH_MEMORY: dict[str, Compression] = {
    "few_of_top_k": top_k(0.02),
    "top_k": top_k(0.3),
    "random_k": random_k(0.1),
    "shared_random_k": random_k(0.1, shared_support=True),
    "sign": sign(),
    "powersgd": powersgd(2),
}
WITHOUT_MEMORY: dict[str, Compression] = {
    "none": Uncompressed(),
    "float16": FLOAT16,
    "int8": int8(),
    "int4": int4(),
    "top_k_alone": top_k(0.3, error_feedback=False),
    "unbiased_random_k": random_k(0.1, error_feedback=False),
    "unbiased_shared_random_k": random_k(0.1, error_feedback=False, shared_support=True),
    "sign_alone": sign(error_feedback=False),
    "powersgd_alone": powersgd(2, error_feedback=False),
}
ALL = WITH_MEMORY | WITHOUT_MEMORY


def vector(count: int) -> Layout:
    """Return the layout of one vector."""
    return Layout(tensor_shapes=((count,),))


def merge_of(
    partners: Sequence[int], *, number: int = 0, memory: dict[str, Any] | None = None
) -> Merge:
    return Merge(
        number=number,
        partners=tuple(partners),
        dropped=(),
        num_partners=1000,
        seed=3,
        secret=0,
        memory={} if memory is None else memory,
    )


def rows(num_rows: int, size: int = LAYOUT.size, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num_rows, size, generator=generator)


def compressed(
    option: Compression, updates: torch.Tensor, layout: Layout, merge: Merge
) -> torch.Tensor:
    """Return what is decoded of the updates of all partners of a merge, which stay as they are."""
    return option.compress(updates.clone(), merge.partners, merge, layout)
