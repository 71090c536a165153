"""Owns what an agent can decide; a mode says which of it it understands (`Mode.actions`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from sim.bounds import at_least, positive
from sim.view import View


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Hold who takes part, in rising order, and how; what is empty or None is left to the mode.

    `num_steps` are the local steps of some of the partners, `compression` the level of what all of
    them send (0 is the finest of the levels that are set), `deadline_sim_s` when the round ends at
    the latest, from its start on; `routes` are the replicas of the proxy that serve some of the
    partners, and `num_replicas` how many of these are in use. `direct` are the partners that
    exchange model and update directly with another one instead, their head (`sim.protocol.party`).
    """

    partners: tuple[int, ...]
    num_steps: Mapping[int, int] = field(default_factory=dict)
    compression: int | None = None
    deadline_sim_s: float | None = None
    routes: Mapping[int, int] = field(default_factory=dict)
    num_replicas: int | None = None
    direct: Mapping[int, int] = field(default_factory=dict)

    @property
    def parties(self) -> dict[int, tuple[int, ...]]:
        """The heads, each with those who exchange with it, in rising order."""
        found: dict[int, list[int]] = {head: [] for head in sorted(set(self.direct.values()))}
        for one in self.partners:
            if one in self.direct:
                found[self.direct[one]].append(one)
        return {head: tuple(followers) for head, followers in found.items()}


ACTIONS = tuple(one.name for one in fields(Decision) if one.name != "partners")


def check_decision(
    decision: Decision, view: View, actions: frozenset[str], num_replicas: int
) -> None:
    """Raise ValueError unless the decision can be carried out by a mode that understands `actions`,
    where the proxy has `num_replicas`.
    """
    partners = decision.partners
    if not partners or sorted(set(partners)) != list(partners):
        raise ValueError(
            f"an agent must choose at least one partner, each once and in rising order, "
            f"got {partners}"
        )
    if absent := set(partners) - set(view.available):
        raise ValueError(
            f"an agent must choose available partners, which are {view.available}, "
            f"got {sorted(absent)} too"
        )
    if view.num_wanted is not None and len(partners) != view.num_wanted:
        raise ValueError(
            f"an agent must choose {view.num_wanted} partners here, got {len(partners)}"
        )
    if odd := set(_used(decision)) - actions:
        raise ValueError(
            f"the mode understands the decisions {sorted(actions) or 'on partners'} of an agent, "
            f"got {sorted(odd)} too; try mode=proxy/federated"
        )
    _check_numbers(decision, view, num_replicas)
    if decision.direct:
        _check_direct(decision, view)


def _used(decision: Decision) -> list[str]:
    """Return what is decided besides the partners."""
    return [name for name in ACTIONS if getattr(decision, name) not in ({}, None)]


def _check_numbers(decision: Decision, view: View, num_replicas: int) -> None:
    for partner, num_steps in decision.num_steps.items():
        at_least(f"num_steps of partner {partner}", num_steps, 1, remedy="a step is one batch")
    num_levels = len(view.up_bytes_at)
    if decision.compression is not None and not 0 <= decision.compression < num_levels:
        raise ValueError(
            f"an agent must choose one of the {num_levels} levels of compression, from 0 on, got "
            f"{decision.compression}; try compression=adaptive"
        )
    if decision.deadline_sim_s is not None:
        positive("deadline_sim_s", decision.deadline_sim_s, remedy="None is no deadline")
    num_used = num_replicas if decision.num_replicas is None else decision.num_replicas
    is_routed = all(0 <= one < num_used for one in decision.routes.values())
    if not 1 <= num_used <= num_replicas or not is_routed:
        raise ValueError(
            f"an agent must keep to the proxy's {num_replicas} replicas, got routes "
            f"{dict(decision.routes)} and num_replicas {decision.num_replicas}; "
            "try a larger scenario.proxy.num_replicas"
        )


def _check_direct(decision: Decision, view: View) -> None:
    """Raise ValueError unless everyone who does not go to the proxy goes to a head that does."""
    heads = set(decision.partners) - set(decision.direct)
    group_of = {one: number for number, those in enumerate(view.direct_groups) for one in those}
    for partner, head in decision.direct.items():
        if partner not in decision.partners or head not in heads or partner in decision.routes:
            raise ValueError(
                f"direct must send partners that take part, and have no route, to others that take "
                f"part and go to the proxy themselves, got {partner} by way of {head}; decide on "
                f"heads among {sorted(heads)}"
            )
        if partner not in group_of or group_of[partner] != group_of.get(head):
            raise ValueError(
                f"direct must keep to partners with a way to each other past the proxy, which are "
                f"{view.direct_groups or 'none'}, got {partner} by way of {head}; send it through "
                "the proxy, or add a link to the topology"
            )
