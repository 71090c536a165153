"""Mode `partner/gossip`: everyone has a model of their own, and averages it with their neighbours'.

In a round each partner takes `local_steps` steps on its own data, sends its model to its neighbours
and takes a weighted mean of theirs and its own, with Metropolis-Hastings weights (D-PSGD, Lian et
al., NIPS 2017, with the steps before the mean). Nobody waits for anyone but neighbours, so partners
may be in different rounds (`sim.protocol.peers`). Neighbours stay the same, or are paired anew by
chance in every round (`matching`; Boyd et al. 2006). An optimizer's state is not averaged.

Faults: a partner that breaks down is out of its round; its neighbours average without it, and on
its return it goes on with the model that it had, in a round that nobody has begun yet. If it has
trained and exchanged, that counts. There is no server. A cut link holds up those who exchange over
it, and by and by their neighbours.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from sim.bounds import at_least, one_of
from sim.learner import Merged, Model, Work
from sim.presence import Steps
from sim.protocol.mixing import (
    GRAPHS,
    Graph,
    check_graph,
    fixed_graph,
    metropolis_hastings,
    random_matching,
)
from sim.protocol.peers import PeerRound, Peers
from sim.streams import stream
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Gossip:
    """Train one model per partner; `num_neighbours` is for the graph `random`."""

    merges_in_one_place: ClassVar[bool] = False
    merges_updates: ClassVar[bool] = False
    actions: ClassVar[frozenset[str]] = frozenset()
    merges_single_updates: ClassVar[bool] = False

    graph: str
    num_neighbours: int
    local_steps: int

    def __post_init__(self) -> None:
        one_of("graph", self.graph, GRAPHS)
        at_least("num_neighbours", self.num_neighbours, 1, remedy="try mode.num_neighbours=2")
        at_least("local_steps", self.local_steps, 1, remedy="try mode.local_steps=1")

    def run(self, world: World) -> Steps:
        """Close round after round until the budget is spent."""
        check_graph(self.graph, len(world.members), self.num_neighbours)
        models: list[Model] = [
            world.learner.initial_model(owner=member.index) for member in world.members
        ]
        world.begin(models)
        peers = Peers(world, graph_in=self._graphs(world), local_steps=self.local_steps)
        round_samples = self.local_steps * world.workload.batch_size
        left_samples = world.budget.num_epochs * world.workload.total_samples
        round_ = 0
        while not world.is_spent:
            round_ += 1
            full_rounds = math.ceil(left_samples / (round_samples * len(models)))
            peers.plan_until(round_ - 1 + full_rounds)
            done = yield from peers.finish(round_)
            num_samples = round_samples * len(done.trained)
            left_samples -= num_samples
            merged = self._train(world, models, done)
            if any(done.graph):
                models = world.learner.mix(models, metropolis_hastings(done.graph).tolist())
            world.end_round(
                models,
                merged=merged,
                num_participants=len(done.trained),
                num_dropped=done.num_lost,
                num_samples=num_samples,
                evaluates=None,
            )

    def _graphs(self, world: World) -> Callable[[int], Graph]:
        """Return who are neighbours in a round."""
        num_partners, seed = len(world.members), world.setting.seed
        if self.graph == "matching":
            return lambda round_: random_matching(num_partners, stream(seed, "matching", round_))
        rng = stream(seed, "neighbours")
        graph = fixed_graph(self.graph, num_partners, self.num_neighbours, rng)
        return lambda round_: graph

    def _train(self, world: World, models: list[Model], done: PeerRound) -> list[Merged]:
        """Let those who trained learn; replaces their models."""
        merged = []
        for index in done.trained:
            work = Work(
                partner=index, start=models[index], num_steps=self.local_steps, data_of=(index,)
            )
            merged.append(world.learner.step(models[index], [work]))
            models[index] = merged[-1].model
        return merged
