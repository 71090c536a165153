"""Owns flat sets of choices: a few ways to name partners, of which an agent takes one by number.

`subsets` are all sets of partners of a small consortium. `orders` serve any consortium: everyone,
or the first part of the available partners in some order.
"""

from collections.abc import Callable, Mapping

import numpy as np

from sim.features import Floats, durations_sim_s
from sim.view import View

MAX_SUBSET_PARTNERS = 6
"""2⁶ − 1 choices are as many as a table can learn within thousands of episodes."""

KINDS = ("subsets", "orders")
Choice = tuple[int, ...]
Key = Callable[[View], Floats]


def choice_names(kind: str, num_partners: int) -> tuple[str, ...]:
    """Return what each choice is called; raises ValueError where there would be too many."""
    if kind == "orders":
        return ("everyone", *_ORDERS)
    if num_partners > MAX_SUBSET_PARTNERS:
        raise ValueError(
            f"choices must be orders for more than {MAX_SUBSET_PARTNERS} partners, got subsets of "
            f"{num_partners}; try choices=orders"
        )
    return tuple(
        "+".join(f"p{one}" for one in _members(number, num_partners))
        for number in range(1, 2**num_partners)
    )


def choices(kind: str, view: View) -> list[Choice | None]:
    """Return the partners of each choice, None where it is not possible now."""
    if kind == "orders":
        return [_limited(view, view.available), *(_first(view, *one) for one in _ORDERS.values())]
    num_partners = len(view.num_steps)
    subsets = (_members(number, num_partners) for number in range(1, 2**num_partners))
    return [one if _is_possible(one, view) else None for one in subsets]


def _members(number: int, num_partners: int) -> Choice:
    return tuple(one for one in range(num_partners) if number >> one & 1)


def _is_possible(subset: Choice, view: View) -> bool:
    is_size = view.num_wanted is None or len(subset) == view.num_wanted
    return is_size and set(subset) <= set(view.available)


def _limited(view: View, ordered: Choice) -> Choice:
    return tuple(sorted(ordered[: view.num_wanted or len(ordered)]))


def _first(view: View, key: Key, fraction: float) -> Choice:
    """Return the part of the available partners whose keys are lowest; what is unseen comes first,
    so that it is seen.
    """
    values = np.nan_to_num(key(view)[list(view.available)], nan=-np.inf)
    order = np.argsort(values, kind="stable").tolist()
    num = view.num_wanted or max(1, round(fraction * len(order)))
    return tuple(sorted(view.available[one] for one in order[:num]))


_ORDERS: Mapping[str, tuple[Key, float]] = {
    "fastest_half": (durations_sim_s, 0.5),
    "fastest_quarter": (durations_sim_s, 0.25),
    "highest_loss_half": (lambda view: -view.partners.train_loss, 0.5),
    "highest_loss_quarter": (lambda view: -view.partners.train_loss, 0.25),
    "longest_unused_half": (lambda view: -view.partners.age_rounds.astype(np.float64), 0.5),
    "longest_unused_quarter": (lambda view: -view.partners.age_rounds.astype(np.float64), 0.25),
}
