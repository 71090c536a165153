"""Compression: what of an update is sent, and what the receiver makes of it.

Each option is one frozen dataclass that is a `Compression`. It encodes the updates of a cohort into
tensors whose rows are, byte for byte, what partners send, and decodes these with nothing but what
the receiver knows: `wire_bytes` is what an encoding takes. `int8`, `int4`, and `random_k` without
error feedback, are unbiased. With error feedback a partner keeps what was not sent and adds it to
its next update (Stich et al. 2018, Karimireddy et al. 2019), so that it arrives late and is not
lost.

Tensors: updates are rows, float32 of shape (num_updates, size), on the rank's device: first what is
trained, then the running statistics of batch norms, which are sent as they are, since a variance
must not come out negative.

Memory: in `Merge.memory` under `errors`, and `bases` of `powersgd`, a dict from partner to tensors
on the device; only hosted partners have an entry, so that it differs between ranks, and a rank's
checkpoint saves its own. A partner whose update was lost on the way is not compressed here, and
keeps its memory. A model's vectors of another size (a part, a fragment) need a memory of their own.

Randomness: a partner draws from `merge.stream("compression", partner)`, whatever rank hosts it; two
updates of one partner in one merge draw the same.

Beside privacy (`runners.compression.placement` says where it goes): a factor that a mechanism
multiplies an update by goes into the encoding's scales or values and changes no size, since what is
decoded of c·u is c times what is decoded of u. What clipping takes away is not put into the memory,
where it would pile up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar

from runners.privacy import Cost, Load, Merge
from sim.bounds import positive

if TYPE_CHECKING:
    import torch

Wire = Sequence["torch.Tensor"]
"""What is sent: tensors of one row for each update, packed."""

FLOAT_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Say what an update consists of: tensors that are trained, of these shapes and in this order,
    and `num_statistics` numbers behind them.
    """

    tensor_shapes: tuple[tuple[int, ...], ...]
    num_statistics: int = 0

    @property
    def tensor_sizes(self) -> list[int]:
        """Numbers in each tensor."""
        return [prod(shape) for shape in self.tensor_shapes]

    @property
    def num_trained(self) -> int:
        """Numbers in all tensors."""
        return sum(self.tensor_sizes)

    @property
    def size(self) -> int:
        """Numbers in an update."""
        return self.num_trained + self.num_statistics


class Compression:
    """Send what is trained as `encode` and `decode` say, and statistics as they are.

    Options override `encode`, `decode` and `trained_bytes`. Seconds follow from bytes of float32
    updates that one core of speed 1 encodes and decodes in a second.
    """

    encode_bytes_per_s: float
    decode_bytes_per_s: float

    needs_shapes: ClassVar[bool] = False
    """Whether it is not enough to know how many numbers each tensor has."""
    needs_rows: bool = True
    """Whether single updates must exist."""

    @property
    def keeps_errors(self) -> bool:
        """Whether a partner adds to its next update what has not been sent."""
        return False

    @property
    def sum_obstacle(self) -> str | None:
        """Why encodings of several partners can't be added up by who may not look at them; None
        where they can: then `project` and `lift` are there.
        """
        return "decoding a sum of its codes does not give the sum of the updates"

    @property
    def num_levels(self) -> int:
        """Among how many levels an agent can choose."""
        return 1

    def at(self, level: int) -> "Compression":
        """Return what is done at a level; `wire_bytes` is that of level 0."""
        return self

    def check(self, layout: Layout) -> None:
        """Raise ValueError where updates of this layout can't be compressed."""

    def encode(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> Wire:
        """Return what partners send of what is trained, (num_updates, num_trained); each partner
        is there once. Does not change the updates.
        """
        raise NotImplementedError

    def decode(
        self, wire: Wire, partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return what the receiver makes of it, (num_updates, num_trained)."""
        raise NotImplementedError

    def trained_bytes(self, layout: Layout) -> int:
        """Return what an update's encoding weighs."""
        raise NotImplementedError

    def compress(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return the updates of hosted partners as the receiver decodes them; overwrites them."""
        from runners.compression.groups import groups

        for rows in groups(partners, updates):
            self._send(updates[rows, : layout.num_trained], partners[rows], merge, layout)
        return updates

    def project(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return the numbers that are sent, float32 of shape (num_updates, `num_sent`), where they
        can be added up; they have the norms of the decoded updates. May overwrite the updates.
        """
        import torch

        from runners.compression.groups import groups

        codes = updates.new_empty(len(partners), self.num_sent(layout))
        for rows in groups(partners, updates):
            trained, statistics = updates[rows].tensor_split([layout.num_trained], dim=1)
            wire = self._send(trained, partners[rows], merge, layout)
            torch.cat([*wire, statistics], dim=1, out=codes[rows])
        return codes

    def lift(self, total: "torch.Tensor", merge: Merge, layout: Layout) -> "torch.Tensor":
        """Return the update (size,) behind a sum of what `project` returns, (`num_sent`,)."""
        import torch

        num_values = len(total) - layout.num_statistics
        trained = self.decode([total[None, :num_values]], merge.partners[:1], merge, layout)
        return torch.cat([trained[0], total[num_values:]])

    def num_sent(self, layout: Layout) -> int:
        """Return how many numbers `project` makes of an update."""
        return self.wire_bytes(layout) // FLOAT_BYTES

    def wire_bytes(self, layout: Layout) -> int:
        """Return what an update weighs on the wire."""
        return self.trained_bytes(layout) + FLOAT_BYTES * layout.num_statistics

    def cost(self, load: Load) -> Cost:
        """Return what partners spend on encoding and the proxy on decoding all of them."""
        num_bytes = FLOAT_BYTES * load.num_parameters
        return Cost(
            partner_sim_s=num_bytes / self.encode_bytes_per_s,
            proxy_sim_s=load.num_partners * num_bytes / self.decode_bytes_per_s,
        )

    def _send(
        self, trained: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> Wire:
        """Return what is sent, and put what is decoded of it in the place of `trained`."""
        from runners.compression.feedback import add_errors, keep_errors

        if self.keeps_errors:
            add_errors(trained, partners, merge)
        wire = self.encode(trained, partners, merge, layout)
        decoded = self.decode(wire, partners, merge, layout)
        if self.keeps_errors:
            keep_errors(trained.sub_(decoded), partners, merge)
        trained.copy_(decoded)
        return wire


def check_speeds(option: Compression) -> None:
    """Raise ValueError unless an option's speeds are positive."""
    for name in ("encode_bytes_per_s", "decode_bytes_per_s"):
        positive(name, getattr(option, name), remedy="tests/benchmarks/test_compression.py says")
