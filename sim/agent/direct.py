"""Agent `direct`: partners drawn at random, who exchange among themselves where that is faster than
through the proxy.

The chosen among those who reach each other directly (of a site, where the topology has sites) are
a party (`sim.protocol.party`): one of them is its head, the one with the fastest uplink to the
proxy, and the others exchange model and update with it. First they go to the proxy, each by itself;
when that has been seen, they go as a party once; from then on they go the way whose slowest is
expected to be done sooner, by what was seen of messages, steps, and the proxy's queue. Who has not
been seen counts as the mean of those of the same site who have.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from sim.agent.choosing import check_consortium
from sim.agent.static import Static, StaticDecider
from sim.bounds import at_least
from sim.decision import Decision
from sim.forecast import expected_direct_sim_s, expected_sim_s
from sim.view import Floats, View


@dataclass(frozen=True, kw_only=True)
class Direct:
    """Choose `num_participants` partners uniformly without replacement, None being everyone. A
    party has at most `max_party` partners, None being no limit; 1 sends everyone to the proxy.
    """

    actions: ClassVar[frozenset[str]] = frozenset({"direct"})
    needs_losses: ClassVar[bool] = False

    num_participants: int | None
    max_party: int | None

    def __post_init__(self) -> None:
        Static(num_participants=self.num_participants)
        if self.max_party is not None:
            at_least("max_party", self.max_party, 1, remedy="1 sends everyone to the proxy")

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "DirectDecider":
        """Return who decides in one run."""
        return DirectDecider(StaticDecider(self.num_participants, rng), self.max_party)


class DirectDecider:
    """Find the faster way for those that a static agent would draw."""

    def __init__(self, drawing: StaticDecider, max_party: int | None) -> None:
        self._drawing = drawing
        self._max_party = max_party
        self._tried: set[tuple[int, ...]] = set()  # groups of whom some have gone as a party

    def decide(self, view: View) -> Decision:
        """Return partners, and who of them goes by way of whom."""
        chosen = self._drawing.decide(view).partners
        among = set(chosen)
        direct: dict[int, int] = {}
        for group in view.direct_groups:
            guessed = _with_guesses(view, group)
            proxy_sim_s = expected_sim_s(guessed) + _merge_sim_s(guessed)
            present = [partner for partner in group if partner in among]
            size = self._max_party or len(view.available)
            heads = [
                _heads(guessed, present[start : start + size], proxy_sim_s, group in self._tried)
                for start in range(0, len(present), size)
            ]
            if any(heads):
                self._tried.add(group)
            for those in heads:
                direct |= those
        return Decision(partners=chosen, direct=direct)


def _heads(view: View, party: list[int], proxy_sim_s: Floats, is_tried: bool) -> dict[int, int]:
    """Return the head of each follower; nothing where all should go to the proxy, which takes each
    partner `proxy_sim_s`.
    """
    if len(party) < 2 or np.isnan(proxy_sim_s[party]).any():
        return {}
    rates = np.nan_to_num(view.partners.up_bytes_per_s[party], nan=0.0)
    head = party[int(np.argmax(rates))]
    followers = [one for one in party if one != head]
    direct_sim_s = expected_direct_sim_s(view, head, followers)
    direct_sim_s += float(np.nan_to_num(view.partners.merge_sim_s[head], nan=0.0))
    is_faster = direct_sim_s < proxy_sim_s[party].max() or (np.isnan(direct_sim_s) and not is_tried)
    return dict.fromkeys(followers, head) if is_faster else {}


def _merge_sim_s(view: View) -> Floats:
    waited: Floats = np.nan_to_num(view.partners.merge_sim_s, nan=0.0)
    return waited


def _with_guesses(view: View, group: Sequence[int]) -> View:
    """Return a view in which what is not known of a partner is as of the others of its group."""
    names = (
        *("step_sim_s", "down_bytes_per_s", "up_bytes_per_s", "merge_sim_s"),
        *("direct_down_bytes_per_s", "direct_up_bytes_per_s"),
    )
    known: dict[str, Any] = {name: _filled(getattr(view.partners, name), group) for name in names}
    return replace(view, partners=replace(view.partners, **known))


def _filled(values: Floats, group: Sequence[int]) -> Floats:
    those = values[list(group)]
    if np.isnan(those).all():
        return values
    filled = values.copy()
    filled[list(group)] = np.where(np.isnan(those), np.nanmean(those), those)
    return filled
