"""Owns targets, and the minimal sets of candidates that meet them: none could do without anyone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from runners.select.candidates import Candidate
from sim.bounds import at_least, not_negative

MAX_CANDIDATES = 20
"""With more, sets are too many to look through (2^20 is a million)."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Say what a consortium must have together: samples, classes, speed (the sum over its members,
    relative to the hardware profile), and at most so many USD to pay to so many members; None asks
    for nothing.
    """

    num_samples: int | None
    classes: tuple[str, ...] | None
    speed: float | None
    max_price_usd: float | None
    max_members: int | None

    def __post_init__(self) -> None:
        if self.num_samples is not None:
            at_least("num_samples", self.num_samples, 1, remedy="null asks for none")
        if self.speed is not None:
            not_negative("speed", self.speed, remedy="null asks for none")
        if self.max_price_usd is not None:
            not_negative("max_price_usd", self.max_price_usd, remedy="null sets no limit")
        if self.max_members is not None:
            at_least("max_members", self.max_members, 1, remedy="null sets no limit")

    def lacks(self, members: Sequence[Candidate]) -> list[str]:
        """Return what these members don't have enough of, in words with what they have."""
        lacking = []
        num_samples = sum(one.num_samples for one in members)
        if self.num_samples is not None and num_samples < self.num_samples:
            lacking.append(f"num_samples={self.num_samples} (they have {num_samples})")
        held = frozenset[str]().union(*(one.classes for one in members))
        missing = [name for name in self.classes or () if name not in held]
        if missing:
            lacking.append(f"classes (nobody of them has {', '.join(missing)})")
        speed = sum(one.site.speed for one in members)
        if self.speed is not None and speed < self.speed - 1e-9:
            lacking.append(f"speed={self.speed:g} (they have {speed:g})")
        return lacking

    def is_within_limits(self, members: Sequence[Candidate]) -> bool:
        """Whether these members are few and cheap enough."""
        price_usd = sum(one.price_usd for one in members)
        is_cheap = self.max_price_usd is None or price_usd <= self.max_price_usd + 1e-9
        return is_cheap and (self.max_members is None or len(members) <= self.max_members)


def minimal_sets(candidates: Sequence[Candidate], target: Target) -> list[tuple[int, ...]]:
    """Return the sets, by numbers, that meet a target while no part of them does; small ones first,
    of these the cheap ones. Raises ValueError where there is none, with the reason.
    """
    if len(candidates) > MAX_CANDIDATES:
        raise ValueError(
            f"select.file must have at most {MAX_CANDIDATES} candidates for minimal sets, got "
            f"{len(candidates)}; leave out those with the lowest scores"
        )
    lacking = target.lacks(candidates)
    if lacking:
        raise ValueError(
            f"select.target can't be met even by all {len(candidates)} candidates together: "
            f"{'; '.join(lacking)}; ask for less, or find more candidates"
        )
    enough = list(_enough(candidates, target))
    within = [some for some in enough if target.is_within_limits([candidates[one] for one in some])]
    if not within:
        raise ValueError(
            "select.target can't be met within its limits: "
            f"{_least(candidates, enough)}; raise max_price_usd or max_members, or ask for less"
        )
    price_of = [one.price_usd for one in candidates]
    return sorted(within, key=lambda some: (len(some), sum(price_of[one] for one in some), some))


def _enough(candidates: Sequence[Candidate], target: Target) -> Iterator[tuple[int, ...]]:
    """Yield the minimal sets that have enough, whatever they cost, small ones first."""
    found: list[frozenset[int]] = []
    for size in range(1, len(candidates) + 1):
        for some in combinations(range(len(candidates)), size):
            if any(smaller <= set(some) for smaller in found):
                continue
            if not target.lacks([candidates[one] for one in some]):
                found.append(frozenset(some))
                yield some


def _least(candidates: Sequence[Candidate], enough: Sequence[tuple[int, ...]]) -> str:
    least = min(sum(candidates[one].price_usd for one in some) for some in enough)
    fewest = min(map(len, enough))
    return f"the cheapest set that has enough costs {least:,.2f} USD, the smallest has {fewest}"


def by_score(
    candidates: Sequence[Candidate], target: Target, scores: Sequence[float]
) -> tuple[int, ...] | None:
    """Return the set that who goes by scores alone would take: the best in turn until there is
    enough, without those who turn out not to be needed, the lowest first. None where it breaks a
    limit.
    """
    order = sorted(range(len(candidates)), key=lambda one: (-scores[one], one))
    chosen: list[int] = []
    for one in order:
        chosen.append(one)
        if not target.lacks([candidates[each] for each in chosen]):
            break
    for one in reversed(tuple(chosen)):
        rest = [each for each in chosen if each != one]
        if rest and not target.lacks([candidates[each] for each in rest]):
            chosen = rest
    members = [candidates[one] for one in chosen]
    return tuple(sorted(chosen)) if target.is_within_limits(members) else None
