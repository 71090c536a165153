"""Mechanisms compose in order: what each does to norms, rows, sums, bytes and seconds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch

from runners.privacy import Cost, Guarantee, Load, Mechanism, Merge, Sampling
from runners.privacy.chain import Chain
from runners.privacy.none import Plain

MERGE = Merge(number=3, partners=(0, 2), dropped=(), num_partners=3, seed=1, secret=2)
LOAD = Load(num_parameters=5, num_partners=2)
EVERYONE = Sampling(kind="everyone", num_partners=3, num_chosen=3)


@dataclass(frozen=True, kw_only=True)
class Scale(Mechanism):
    """Multiply by a factor where the norm is above 1, and count those where it is."""

    factor: float
    num_figures = 1

    def scales(self, norms: torch.Tensor, merge: Merge) -> torch.Tensor:
        return torch.where(norms > 1, self.factor, 1.0)

    def figures(self, norms: torch.Tensor, merge: Merge) -> torch.Tensor:
        return (norms > 1).to(norms.dtype)[:, None]

    def cost(self, load: Load) -> Cost:
        return Cost(partner_sim_s=self.factor * load.num_parameters, num_round_trips=1)


@dataclass(frozen=True, kw_only=True)
class Shift(Mechanism):
    """Add a number to every update at its partner, and what is remembered to the sum."""

    number: float
    needs_rows = True
    has_equal_weights = True
    step_factor = 2.0

    def protect(self, updates: torch.Tensor, partners: Sequence[int], merge: Merge) -> torch.Tensor:
        merge.memory["count"] = merge.memory.get("count", 0) + len(partners)
        return updates + self.number

    def reveal(self, total: torch.Tensor, figures: torch.Tensor, merge: Merge) -> torch.Tensor:
        return total + merge.memory["count"] + len(figures)

    def wire_bytes(self, num_bytes: int, load: Load) -> int:
        return num_bytes + load.num_partners

    def max_merges(self, sampling: Sampling) -> float:
        return 10 * sampling.num_partners

    def guarantee(self, sampling: Sampling, num_merges: int) -> Guarantee | None:
        return Guarantee(
            mechanism="shift", unit="update", hidden_from="no one", assumptions=f"{num_merges}"
        )


@dataclass(frozen=True, kw_only=True)
class Sealed(Mechanism):
    """Add up in secret, in name."""

    is_secure_sum = True


def test_scales_follow_the_norms_that_are_left() -> None:
    chain = Chain([Scale(factor=0.5), Scale(factor=0.25)])
    norms = torch.tensor([1.0, 2.0, 4.0])
    memory = chain.new_memory()
    # 1 stays; 2 becomes 1 and stays; 4 becomes 2, and then 0.5
    assert chain.scales(norms, MERGE, memory).tolist() == [1.0, 0.5, 0.125]
    assert chain.figures(norms, MERGE, memory).tolist() == [[0, 0], [1, 0], [1, 1]]
    assert chain.num_figures == 2 and not chain.needs_rows


def test_rows_pass_through_all_mechanisms_in_order() -> None:
    rows = torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    first, last = Chain([Scale(factor=0.5), Shift(number=1.0)]), None
    memory = first.new_memory()
    protected, figures = first.protect(rows.clone(), (0, 2), MERGE, memory)
    assert protected.tolist() == [[2.5, 3.0], [1.0, 2.0]]
    assert figures.tolist() == [[1.0], [0.0]]
    last = Chain([Shift(number=1.0), Scale(factor=0.5)])
    protected, figures = last.protect(rows.clone(), (0, 2), MERGE, last.new_memory())
    assert protected.tolist() == [[2.0, 2.5], [0.5, 1.0]]
    assert memory == [{}, {"count": 2}]
    revealed = first.reveal(torch.zeros(2), torch.tensor([7.0]), MERGE, memory)
    assert revealed.tolist() == [2.0, 2.0]  # 2 remembered, and no figures of its own


def test_bytes_seconds_and_merges_add_up() -> None:
    chain = Chain([Scale(factor=2.0), Shift(number=0.0), Scale(factor=3.0)])
    assert chain.wire_bytes(20, LOAD) == 22
    assert chain.cost(LOAD) == Cost(partner_sim_s=25.0, num_round_trips=2)
    assert chain.step_factor == 2.0
    assert chain.max_merges(EVERYONE) == 30
    assert [one.mechanism for one in chain.guarantees(EVERYONE, 4, None)] == ["shift"]
    assert chain.weights([0.9, 0.1]) == [0.5, 0.5]


def test_none_changes_nothing() -> None:
    chain = Chain([Plain()])
    rows = torch.tensor([[3.0, 4.0]])
    assert chain.protect(rows.clone(), (0,), MERGE, chain.new_memory())[0].equal(rows)
    assert chain.wire_bytes(20, LOAD) == 20 and chain.cost(LOAD) == Cost()
    assert chain.max_merges(EVERYONE) == math.inf and chain.guarantees(EVERYONE, 1, None) == []
    assert chain.weights([0.9, 0.1]) == [0.9, 0.1]
    assert not (chain.needs_rows or chain.needs_sum or chain.secure_sum)


def test_updates_are_added_up_in_one_way() -> None:
    with pytest.raises(ValueError, match="at most one secure sum"):
        Chain([Sealed(), Plain(), Sealed()])


def test_a_mechanism_sees_what_stands_before_and_behind_it() -> None:
    class Choosy(Mechanism):
        def check(self, before: Sequence[Mechanism], after: Sequence[Mechanism]) -> None:
            raise ValueError(f"{len(before)} before, {len(after)} behind")

    with pytest.raises(ValueError, match="1 before, 2 behind"):
        Chain([Plain(), Choosy(), Plain(), Plain()])
