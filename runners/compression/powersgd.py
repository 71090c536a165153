"""Compression `powersgd`: every tensor that is a matrix as the product of two thin ones (Vogels et
al. 2019, algorithm 1), found by one step of subspace iteration from where the partner's last update
ended.

M ≈ P Qᵀ with P = orth(M Q₀) of shape (rows, rank) and Q = Mᵀ P of (columns, rank): the projection
of M on the range of M Q₀, and so a contraction, and exact where that is the range of M. A tensor of
more axes is a matrix of its first axis by the others. Vectors, and matrices that two factors would
not make smaller, are sent as they are.

In the paper workers average P and Q on the way and share Q₀. Here each partner sends its own P and
Q, as a proxy that merges updates of different weight and age needs them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar

from runners.compression import FLOAT_BYTES, Compression, Layout, Wire, check_speeds
from runners.privacy import Merge
from sim.bounds import at_least

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class PowerSgd(Compression):
    """Send matrices in two factors of `rank` columns."""

    rank: int
    error_feedback: bool
    encode_bytes_per_s: float
    decode_bytes_per_s: float
    needs_shapes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        at_least("rank", self.rank, 1, remedy="2 and 4 are usual")
        check_speeds(self)

    @property
    def keeps_errors(self) -> bool:
        """Whether what is not sent is kept for the next update."""
        return self.error_feedback

    @property
    def sum_obstacle(self) -> str:
        """Factors differ."""
        return "the sum of partners' factors is not made of the factors of their sum"

    def check(self, layout: Layout) -> None:
        """Raise ValueError where no tensor becomes smaller."""
        if not any(self._is_factored(shape) for shape in layout.tensor_shapes):
            raise ValueError(
                "compression.rank must make at least one of the model's tensors smaller, got "
                f"{self.rank} for shapes {layout.tensor_shapes}; try a lower rank, "
                "or compression=int8"
            )

    def encode(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> Wire:
        """Return each tensor's factors, or the tensor."""
        from runners.compression.factors import bases, factors, keep_bases

        wire: list[torch.Tensor] = []
        tensors = updates.split(layout.tensor_sizes, dim=1)
        for number, (shape, tensor) in enumerate(zip(layout.tensor_shapes, tensors, strict=True)):
            if not self._is_factored(shape):
                wire.append(tensor)
                continue
            matrices = tensor.reshape(len(tensor), *_matrix(shape))
            starts = bases(number, matrices, self.rank, partners, merge)
            columns, rows = factors(matrices, starts)
            keep_bases(number, rows, partners, merge)
            wire += [columns.flatten(1), rows.flatten(1)]
        return wire

    def decode(
        self, wire: Wire, partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return the factors' products."""
        import torch

        received = iter(wire)
        tensors = []
        for shape in layout.tensor_shapes:
            tensor = next(received)
            if self._is_factored(shape):
                columns = tensor.unflatten(1, (-1, self.rank))
                rows = next(received).unflatten(1, (-1, self.rank))
                tensor = (columns @ rows.mT).flatten(1)
            tensors.append(tensor)
        return torch.cat(tensors, dim=1)

    def trained_bytes(self, layout: Layout) -> int:
        """Return four bytes for each number of the factors, and of other tensors."""
        return FLOAT_BYTES * sum(self._num_numbers(shape) for shape in layout.tensor_shapes)

    def _num_numbers(self, shape: tuple[int, ...]) -> int:
        return self.rank * sum(_matrix(shape)) if self._is_factored(shape) else prod(shape)

    def _is_factored(self, shape: tuple[int, ...]) -> bool:
        return len(shape) > 1 and self.rank * sum(_matrix(shape)) < prod(shape)


def _matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    return shape[0], prod(shape[1:])
