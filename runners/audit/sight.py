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
    there are rows if these are fewer, which shows more. Seeing raises ValueError where compressed
    numbers are added up as they are sent: each of these merges has other ones.
    """
    numbers = itertools.count()

    def see(updates: torch.Tensor) -> torch.Tensor:
        if chain.num_sent(updates.shape[1]) != updates.shape[1]:
            raise ValueError("not of updates that are added up as compression sends them")
        size = min(num_partners, len(updates))
        left = [_leave(chain, row, _merge(next(numbers), size, seed)) for row in updates]
        if attacker == "proxy" and chain.secure_sum is None:
            return torch.stack([one.update for one in left])
        cohorts = (
            [left[(first + one) % len(left)] for one in range(size)] for first in range(len(left))
        )
        return torch.stack([_sum_seen(chain, attacker, cohort) for cohort in cohorts])

    return see


def _merge(number: int, num_partners: int, seed: int) -> Merge:
    return Merge(
        number=number,
        partners=tuple(range(num_partners)),
        dropped=(),
        num_partners=num_partners,
        seed=seed,
        secret=secrets.randbits(63),
    )


def _leave(chain: Chain, update: torch.Tensor, merge: Merge) -> _Left:
    """Return an update of the merge's first partner as it leaves it."""
    memory = chain.new_memory()
    updates, figures = chain.protect(update[None].clone(), [0], merge, memory)
    return _Left(update=updates[0], figures=figures[0], merge=merge, memory=memory)


def _sum_seen(chain: Chain, attacker: str, cohort: Sequence[_Left]) -> torch.Tensor:
    """Return the mean of a cohort's updates, in the first one's merge; as published to a
    partner.
    """
    mean = torch.stack([one.update for one in cohort]).double().mean(dim=0)
    if attacker == "partner":
        figures = torch.stack([one.figures for one in cohort]).double().sum(dim=0)
        mean = chain.reveal(mean, figures, cohort[0].merge, cohort[0].memory)
    return mean.to(cohort[0].update.dtype)
