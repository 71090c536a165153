"""Owns what options that send a scale for each block of numbers have in common. No tensor library
(`runners.compression.blocks` computes).
"""

from runners.compression import FLOAT_BYTES, Layout
from sim.bounds import at_least

SUM_OBSTACLE = "partners' scales differ, and it adds up its own fixed-point numbers"


def check_block_size(block_size: int) -> None:
    """Raise ValueError unless blocks have numbers."""
    at_least("block_size", block_size, 1, remedy="256 and 64 are usual")


def scale_bytes(layout: Layout, block_size: int) -> int:
    """Return what the scales of all blocks weigh."""
    return FLOAT_BYTES * -(-layout.num_trained // block_size)
