"""Owns flat sets of choices: a few ways to name partners, of which an agent takes one by number.

`subsets` are all sets of partners of a small consortium. `orders` serve any consortium: everyone,
or the first part of the available partners in some order. Where a number of participants is set,
they are subsets of at most so many, and the first so many in some order.
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


def choice_names(
    kind: str, num_partners: int, num_participants: int | None = None
) -> tuple[str, ...]:
    """Return what each choice is called; raises ValueError where there would be too many."""
    if kind == "orders":
        return ("everyone", *_ORDERS) if num_participants is None else tuple(_LIMITED_ORDERS)
    if num_partners > MAX_SUBSET_PARTNERS:
        raise ValueError(
            f"choices must be orders for more than {MAX_SUBSET_PARTNERS} partners, got subsets of "
            f"{num_partners}; try choices=orders"
        )
    return tuple(
        "+".join(f"p{one}" for one in members)
        for members in _subsets(num_partners, num_participants)
    )


def choices(kind: str, view: View, num_participants: int | None = None) -> list[Choice | None]:
    """Return the partners of each choice, None where it is not possible now."""
    if kind == "subsets":
        subsets = _subsets(len(view.num_steps), num_participants)
        return [one if _is_possible(one, view) else None for one in subsets]
    if num_participants is not None:
        number = view.num_wanted or num_participants
        return [take(view, number) for take in _LIMITED_ORDERS.values()]
    return [_limited(view, view.available), *(_first(view, *one) for one in _ORDERS.values())]


def _subsets(num_partners: int, num_participants: int | None) -> list[Choice]:
    largest = num_participants or num_partners
    found = [_members(number, num_partners) for number in range(1, 2**num_partners)]
    return [one for one in found if len(one) <= largest]


def _members(number: int, num_partners: int) -> Choice:
    return tuple(one for one in range(num_partners) if number >> one & 1)


def _is_possible(subset: Choice, view: View) -> bool:
    is_size = view.num_wanted is None or len(subset) == view.num_wanted
    return is_size and set(subset) <= set(view.available)


def _limited(view: View, ordered: Choice) -> Choice:
    return tuple(sorted(ordered[: view.num_wanted or len(ordered)]))


def _first(view: View, key: Key, fraction: float) -> Choice:
    """Return the part of the available partners whose keys are lowest."""
    num = view.num_wanted or max(1, round(fraction * len(view.available)))
    return tuple(sorted(_lowest(view, view.available, key, num)))


def _lowest(view: View, partners: Choice, key: Key, number: int) -> Choice:
    """Return the `number` of partners whose keys are lowest; what is unseen comes first, so that it
    is seen.
    """
    values = np.nan_to_num(key(view)[list(partners)], nan=-np.inf)
    order = np.argsort(values, kind="stable").tolist()
    return tuple(partners[one] for one in order[:number])


def _of_all(key: Key) -> Callable[[View, int], Choice]:
    return lambda view, number: tuple(sorted(_lowest(view, view.available, key, number)))


def _of_the_fast(key: Key) -> Callable[[View, int], Choice]:
    """Return what takes the first in an order from the fastest, of whom there are twice as many."""

    def take(view: View, number: int) -> Choice:
        fast = tuple(sorted(_lowest(view, view.available, durations_sim_s, 2 * number)))
        return tuple(sorted(_lowest(view, fast, key, number)))

    return take


def _fastest_half(view: View, number: int) -> Choice:
    """Return half as many as are allowed, unless the mode wants a number."""
    half = number if view.num_wanted else max(1, number // 2)
    return tuple(sorted(_lowest(view, view.available, durations_sim_s, half)))


def _falling_loss(view: View) -> Floats:
    return -view.partners.train_loss


def _falling_age(view: View) -> Floats:
    return -view.partners.age_rounds.astype(np.float64)


_ORDERS: Mapping[str, tuple[Key, float]] = {
    "fastest_half": (durations_sim_s, 0.5),
    "fastest_quarter": (durations_sim_s, 0.25),
    "highest_loss_half": (_falling_loss, 0.5),
    "highest_loss_quarter": (_falling_loss, 0.25),
    "longest_unused_half": (_falling_age, 0.5),
    "longest_unused_quarter": (_falling_age, 0.25),
}
_LIMITED_ORDERS: Mapping[str, Callable[[View, int], Choice]] = {
    "fastest": _of_all(durations_sim_s),
    "half_as_many_of_the_fastest": _fastest_half,
    "highest_loss": _of_all(_falling_loss),
    "highest_loss_of_the_fast": _of_the_fast(_falling_loss),
    "longest_unused": _of_all(_falling_age),
    "longest_unused_of_the_fast": _of_the_fast(_falling_age),
}
