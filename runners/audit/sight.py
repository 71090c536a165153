"""Owns what attackers see of updates under a run's privacy.

In: the run's mechanisms and rows of updates, each the update of another victim, in a merge of its
own. Out: rows as the attacker sees them. The `proxy` (whoever adds up) sees an update as it left
its partner. Where updates are added up securely (masked, shared among proxies or encrypted) it sees
the mean of all partners that take part, which is the most that such a sum shows. A `partner` sees
what is published: that mean, after what the proxy does to it. The others in a victim's merge are
the victims behind it in the rows.
"""

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from runners.audit.result import Protect
from runners.privacy import Merge
from runners.privacy.chain import Chain


@dataclass(frozen=True, kw_only=True, eq=False)
class _Left:
    """Hold an update as it left its partner, its figures, and the merge that it is in."""

    update: torch.Tensor
    figures: torch.Tensor
    merge: Merge
    memory: list[dict[str, Any]]


def sight(chain: Chain, attacker: str, *, num_partners: int, seed: int) -> Protect:
    """Return what this attacker sees where so many partners take part in a merge, or as many as
    there are rows if these are fewer, which shows more. Numbers that are not sent are seen as 0.
    """
    numbers = itertools.count()

    def see(updates: torch.Tensor) -> torch.Tensor:
        size = min(num_partners, len(updates))
        left = [_leave(chain, row, 0, _merge(next(numbers), size, seed)) for row in updates]
        if attacker == "proxy" and chain.secure_sum is None:
            return torch.stack([chain.lift(one.update, one.merge, one.memory) for one in left])
        cohorts = (_cohort(chain, left, updates, first, size) for first in range(len(left)))
        return torch.stack([_sum_seen(chain, attacker, cohort) for cohort in cohorts])

    return see


def _cohort(
    chain: Chain, left: Sequence[_Left], updates: torch.Tensor, first: int, size: int
) -> list[_Left]:
    """Return what the first one's merge adds up. Numbers that stand for others in each merge must
    come from this one; else what left in merges of their own will do.
    """
    members = [(first + one) % len(left) for one in range(size)]
    if chain.num_sent(updates.shape[1]) == updates.shape[1]:
        return [left[member] for member in members]
    merge = left[first].merge
    return [_leave(chain, updates[member], one, merge) for one, member in enumerate(members)]


def _merge(number: int, num_partners: int, seed: int) -> Merge:
    return Merge(
        number=number,
        partners=tuple(range(num_partners)),
        dropped=(),
        num_partners=num_partners,
        seed=seed,
        secret=secrets.randbits(63),
    )


def _leave(chain: Chain, update: torch.Tensor, partner: int, merge: Merge) -> _Left:
    """Return a partner's update as it leaves it."""
    memory = chain.new_memory()
    updates, figures = chain.protect(update[None].clone(), [partner], merge, memory)
    return _Left(update=updates[0], figures=figures[0], merge=merge, memory=memory)


def _sum_seen(chain: Chain, attacker: str, cohort: Sequence[_Left]) -> torch.Tensor:
    """Return the mean of a cohort's updates, in the first one's merge; as published to a
    partner.
    """
    mean = torch.stack([one.update for one in cohort]).double().mean(dim=0)
    if attacker == "partner":
        figures = torch.stack([one.figures for one in cohort]).double().sum(dim=0)
        mean = chain.reveal(mean, figures, cohort[0].merge, cohort[0].memory)
    else:
        mean = chain.lift(mean, cohort[0].merge, cohort[0].memory)
    return mean.to(cohort[0].update.dtype)
