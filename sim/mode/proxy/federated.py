"""Mode `proxy/federated`: federated averaging through a proxy.

The proxy sends the model to the partners that the agent chose; each takes some steps on its own
data and sends its update back; the proxy averages the updates, weighted by the data held (McMahan
et al. 2017, algorithm 1), and steps with the mean (`sim.protocol.server`). Data never leave their
owner. The round ends when `keep_fraction` of the chosen have been merged (over-selection, Bonawitz
et al. 2019) or at the deadline, if there is one; what is late is dropped, and the rest of its bytes
is not sent. With `heeds_forecast` the proxy tells partners when it expects the round to end
(`sim.forecaster`), and who foresees to be late takes fewer steps. Replicas of the proxy share the
partners, and exchange their sums at the end of the round. Partners that an agent sends past the
proxy exchange model and update with one of them, which brings their sum (`sim.protocol.party`).

`algorithm` says how: `fedavg` plainly; `fedprox` holds local steps near the model (Li et al. 2020);
`scaffold` corrects them with control variates, which go with the model and with the update and are
merged like these, so that twice the bytes move (Karimireddy et al. 2020); `fednova` weighs updates
so that partners who take more steps don't count for more (Wang et al. 2020).

Faults: a partner that breaks down is dropped from the round. A proxy or replica that breaks down
loses its queue and what it has added up, so all of its partners are dropped; the next round waits
for its return. A cut link holds up the round unless there is a deadline, or enough partners
elsewhere.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain, compress
from typing import ClassVar

import simpy

from sim.bounds import one_of, positive
from sim.decision import Decision
from sim.learner import LocalRule, Merged, Model
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.averaging import merge_by_data
from sim.protocol.local_training import LocalTraining
from sim.protocol.party import parties_of
from sim.protocol.replicas import exchange, sum_at
from sim.protocol.server import Server
from sim.protocol.visit import Visit
from sim.proxy import ProxyServer
from sim.world import World

ALGORITHMS = ("fedavg", "fedprox", "scaffold", "fednova")


@dataclass(frozen=True, kw_only=True)
class Federated(LocalTraining):
    """Train one model that the proxy holds, with local training at every partner in every round."""

    merges_in_one_place: ClassVar[bool] = True
    merges_updates: ClassVar[bool] = True
    actions: ClassVar[frozenset[str]] = frozenset(
        {"num_steps", "compression", "deadline_sim_s", "routes", "num_replicas", "direct"}
    )
    merges_single_updates: ClassVar[bool] = False

    algorithm: str
    server: Server
    keep_fraction: float
    deadline_sim_s: float | None
    heeds_forecast: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("algorithm", self.algorithm, ALGORITHMS)
        if (self.algorithm == "fedprox") != (self.proximal_weight > 0):
            raise ValueError(
                "proximal_weight must be above 0 with algorithm=fedprox and 0 with any other, "
                f"got {self.proximal_weight} with {self.algorithm}; "
                "try mode.algorithm=fedprox mode.proximal_weight=0.01"
            )
        if not 0 < self.keep_fraction <= 1:
            raise ValueError(
                f"keep_fraction must be above 0 and at most 1, got {self.keep_fraction}; "
                "mode.keep_fraction=0.75 drops the slowest quarter, 1 drops nobody"
            )
        if self.deadline_sim_s is not None:
            positive("deadline_sim_s", self.deadline_sim_s, remedy="null is no deadline")

    @cached_property
    def rule(self) -> LocalRule:
        """Return how the local steps differ from plain ones."""
        return replace(super().rule, uses_controls=self.algorithm == "scaffold")

    @property
    def round_deadline_sim_s(self) -> float | None:
        """When a round ends at the latest, from its start on; None where that is not set."""
        return self.deadline_sim_s

    @property
    def _num_vectors(self) -> int:
        """How many vectors of the model's size go each way: SCAFFOLD has the controls too."""
        return 2 if self.algorithm == "scaffold" else 1

    def run(self, world: World) -> Steps:
        """Run rounds until the budget is spent."""
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        while not world.is_spent:
            yield from world.until_up(world.proxies, len(world.proxies))
            yield from world.until_up(world.members)
            decision = yield from world.decide(world.up(world.members), self)
            chosen = world.members_of(decision)
            steps = {member.index: self._steps_of(world, member, decision) for member in chosen}
            summed = yield from self._collect(world, decision, steps)
            returned = frozenset(summed)
            for member in chosen:
                world.saw_returning(member, is_merged=member in returned)
            merged = []
            if summed:
                taken = replace(decision, num_steps=steps)
                merged = [self._merge(world, model, summed, taken)]
                model = merged[0].model
            num_steps = sum(steps[one.index] for one in summed)
            world.end_round(
                [model],
                merged=merged,
                num_participants=len(summed),
                num_dropped=len(chosen) - len(summed),
                num_samples=num_steps * world.workload.batch_size,
                evaluates=None,
            )

    def _steps_of(self, world: World, member: Member, decision: Decision) -> int:
        usual = self.num_steps(world.workload, member.index)
        return decision.num_steps.get(member.index, usual)

    def _collect(self, world: World, decision: Decision, steps: dict[int, int]) -> Steps:
        """Let the chosen take part with so many `steps`, which some may change; return those whose
        updates are in the total.
        """
        parties = parties_of(world, decision)
        servers = [world.proxy_of(party.head, decision) for party in parties]
        sums = {server: sum_at(server) for server in world.proxies[: decision.num_replicas]}
        plans = [partial(self._plan, world, server, decision, steps) for server in servers]
        attempts = [party.set_out(plan, steps) for party, plan in zip(parties, plans, strict=True)]
        num_wanted = math.ceil(self.keep_fraction * len(decision.partners))
        leading = [one[0] for one in attempts]
        enough = world.presence.first_of(leading, num_wanted, [one.size for one in parties])
        yield self._over(world, enough, decision)
        is_done = [attempt.triggered and attempt.value for attempt in leading]
        for attempt in chain.from_iterable(attempts):
            world.presence.abandon(attempt)
        # What they had under way stops before the round does.
        yield world.env.all_of(list(chain.from_iterable(attempts)))
        in_time = {
            member: server
            for party, server in compress(zip(parties, servers, strict=True), is_done)
            for member in party.members
        }
        if in_time:
            num_bytes = self._num_vectors * world.bytes_at(decision.compression)
            yield from exchange(world, sums.values(), num_bytes)
            yield from world.reveal(world.proxy)
        kept = [
            one
            for one in world.members_of(decision)
            if one in in_time and sums[in_time[one]].is_kept
        ]
        return kept if decision.direct else kept[:num_wanted]  # two workers may end at one instant

    def _over(self, world: World, enough: simpy.Event, decision: Decision) -> simpy.Event:
        """Return the event that ends the round."""
        deadline_sim_s = decision.deadline_sim_s or self.deadline_sim_s
        if deadline_sim_s is None:
            return enough
        return world.env.any_of([enough, world.env.timeout(deadline_sim_s)])

    def _plan(
        self,
        world: World,
        server: ProxyServer,
        decision: Decision,
        steps: Mapping[int, int],
        member: Member,
    ) -> Visit:
        return Visit(
            server=server,
            num_steps=steps[member.index],
            down_bytes=self._num_vectors * world.workload.update_bytes,
            up_bytes=self._num_vectors * world.bytes_at(decision.compression),
            due_sim_s=world.due_sim_s(decision, self) if self.heeds_forecast else None,
        )

    def _merge(
        self, world: World, model: Model, members: Sequence[Member], decision: Decision
    ) -> Merged:
        steps, level = decision.num_steps, decision.compression or 0
        kept = frozenset(members)
        return merge_by_data(
            world,
            model,
            [self.work(world, one, model, steps[one.index], level) for one in members],
            self.server.outer(),
            normalises=self.algorithm == "fednova",
            dropped=[one for one in world.members_of(decision) if one not in kept],
        )
