"""Mode `partner/submodel`: every partner trains a part of the model, and the parts are fused.

There is no proxy: the partner with the best link, its slower direction counted, keeps the whole
model (systems.md P4). In a round it sends everyone else their part, all train `local_steps` batches
on their own data and send their part back; a weight that several hold moves by the mean of their
changes, weighted by the data held. The keeper trains its own part meanwhile. It sends, and gets
back, the sum of the others' parts; adding up costs no time.

`width`: the first fraction r of every hidden layer, r² of the bytes and FLOPs (HeteroFL, Diao et
al. 2021); with all fractions 1 this is federated averaging without a proxy. `independent`: disjoint
sets of hidden units, drawn anew each round, 1/n of the bytes and FLOPs for n partners (independent
subnet training, Yuan et al. 2022). A sample counts to the budget whatever the size of the part that
trains on it.

With `distillation`, the keeper goes on from the mean: it takes `distillation_steps` batches of its
own data, without labels, towards the mean of what the round's parts predict (FedDF, Lin et al.
2020). Each batch is a step of the whole model and a forward pass of each part; it does not count to
the budget. With `ensemble`, nothing is sent in training: everyone trains a model of its own, its
part the same in all rounds. At the end all send theirs to the keeper, which answers with the mean
of what they predict. Evaluations before that tell what the keeper would say if it had them.

Faults: the part of a partner that breaks down is not updated in that round. When the keeper breaks
down, what has not come back is lost, and all wait for its return; it then begins to distil again,
and is sent again what it is to keep. A cut link holds up the round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import simpy

from sim.bounds import at_least, one_of
from sim.learner import Distillation, Merged, Model, Work
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.fusion import BACKWARD_FRACTION
from sim.protocol.insist import insist
from sim.protocol.outer_step import data_weights
from sim.protocol.submodels import SubModel, check_widths, disjoint, nested, widths_by_speed
from sim.world import World

KINDS = ("width", "independent")
ASSIGNMENTS = ("speed", "in_turn")
FUSIONS = ("average", "ensemble", "distillation")

Parts = Mapping[Member, SubModel]


@dataclass(frozen=True, kw_only=True)
class Submodel:
    """Train one model in parts that partners hold."""

    merges_in_one_place: ClassVar[bool] = False
    merges_updates: ClassVar[bool] = False
    actions: ClassVar[frozenset[str]] = frozenset()
    merges_single_updates: ClassVar[bool] = False

    kind: str
    fractions: tuple[float, ...] | None
    assign: str | None
    local_steps: int
    fusion: str
    distillation_steps: int | None

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)
        at_least("local_steps", self.local_steps, 1, remedy="try mode.local_steps=20")
        if self.kind == "width":
            self._check_width()
        elif self.fractions is not None or self.assign is not None:
            raise ValueError(
                "fractions and assign must be null for kind=independent, whose parts are equal, "
                f"got {self.fractions} and {self.assign}; "
                "add mode.fractions=null mode.assign=null"
            )
        self._check_fusion()

    def run(self, world: World) -> Steps:
        """Run rounds until the budget is spent."""
        keeper = max(
            world.members, key=lambda one: min(one.uplink.bytes_per_s, one.downlink.bytes_per_s)
        )
        if self.fusion == "ensemble":
            yield from self._train_apart(world, keeper)
        else:
            yield from self._train_together(world, keeper)

    def _train_together(self, world: World, keeper: Member) -> Steps:
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        while not world.is_spent:
            yield from world.until_up([keeper])
            parts = self._deal(world, world.up(world.members), model.version)
            attempts = {
                member: world.attempt(
                    [keeper] if member is keeper else [member, keeper],
                    self._take_part(world, keeper, member, part),
                )
                for member, part in parts.items()
            }
            done = yield from _done(world, parts, attempts)
            if done and self.distillation_steps is not None:
                yield from insist(world, [keeper], partial(self._distil, keeper, done))
            merged = [self._fuse(world, keeper, model, done)] if done else []
            model = merged[0].model if merged else model
            self._end_round(world, [model], parts, done, merged)

    def _train_apart(self, world: World, keeper: Member) -> Steps:
        models = [world.learner.initial_model(owner=member.index) for member in world.members]
        world.begin(models, jointly=True)
        mine = self._deal(world, world.members, turn=0)
        while not world.is_spent:
            yield from world.until_up(world.members)
            parts = {member: mine[member] for member in world.up(world.members)}
            attempts = {
                member: world.attempt([member], self._train(member, part))
                for member, part in parts.items()
            }
            done = yield from _done(world, parts, attempts)
            merged = []
            for member, part in done.items():
                start = models[member.index]
                merged.append(world.learner.step(start, [self._work(start, member, part)]))
                models[member.index] = merged[-1].model
            self._end_round(world, models, parts, done, merged)
        yield from _gather(world, keeper, models, mine)

    def _deal(self, world: World, present: Sequence[Member], turn: int) -> Parts:
        """Return what each of those who are present trains."""
        if self.kind == "independent":
            return dict(zip(present, disjoint(len(present), turn), strict=True))
        assert self.fractions is not None, "checked when the mode was built"
        if self.assign == "speed":
            widths = widths_by_speed(self.fractions, [member.speed for member in world.members])
        else:
            widths = [self.fractions[one.index % len(self.fractions)] for one in world.members]
        parts = nested(widths)
        return {member: parts[member.index] for member in present}

    def _take_part(self, world: World, keeper: Member, member: Member, part: SubModel) -> Steps:
        if member is keeper:
            yield from self._train(member, part)
            return
        down_bytes = world.workload.update_bytes * part.cost_fraction
        yield member.traced("transfer", world.transfer(keeper, member, down_bytes), down_bytes)
        yield from self._train(member, part)
        yield from _send(world, keeper, member, part)

    def _train(self, member: Member, part: SubModel) -> Steps:
        yield member.compute(self.local_steps * part.cost_fraction)

    def _distil(self, keeper: Member, done: Parts) -> Steps:
        """Let the keeper compute the parts' predictions, and its own steps."""
        assert self.distillation_steps is not None, "else nothing is distilled"
        forward_passes = sum(part.cost_fraction for part in done.values())
        num_steps = 1 + (1 - BACKWARD_FRACTION) * forward_passes
        yield keeper.compute(self.distillation_steps * num_steps)

    def _fuse(self, world: World, keeper: Member, model: Model, done: Parts) -> Merged:
        works = [self._work(model, member, part) for member, part in done.items()]
        distillation = None
        if self.distillation_steps is not None:
            distillation = Distillation(num_steps=self.distillation_steps, data_of=(keeper.index,))
        weights = data_weights(world, list(done))
        return world.learner.merge(model, works, weights, distillation=distillation)

    def _work(self, start: Model, member: Member, part: SubModel) -> Work:
        return Work(
            partner=member.index,
            start=start,
            num_steps=self.local_steps,
            data_of=(member.index,),
            part=part.part,
        )

    def _end_round(
        self,
        world: World,
        models: Sequence[Model],
        parts: Parts,
        done: Parts,
        merged: Sequence[Merged],
    ) -> None:
        world.end_round(
            models,
            merged=merged,
            num_participants=len(done),
            num_dropped=len(parts) - len(done),
            num_samples=len(done) * self.local_steps * world.workload.batch_size,
            evaluates=None,
        )

    def _check_width(self) -> None:
        if not self.fractions or self.assign is None:
            raise ValueError(
                f"fractions and assign must be given for kind=width, got {self.fractions} and "
                f"{self.assign}; try mode.fractions=[1.0,0.5] mode.assign=speed"
            )
        check_widths(self.fractions)
        one_of("assign", self.assign, ASSIGNMENTS)

    def _check_fusion(self) -> None:
        one_of("fusion", self.fusion, FUSIONS)
        if self.fusion != "distillation":
            if self.distillation_steps is not None:
                raise ValueError(
                    f"distillation_steps must be null for fusion={self.fusion}, got "
                    f"{self.distillation_steps}; add mode.fusion=distillation"
                )
        elif self.distillation_steps is None:
            raise ValueError(
                "distillation_steps must be given for fusion=distillation, got None; "
                "try mode.distillation_steps=10"
            )
        else:
            at_least(
                "distillation_steps",
                self.distillation_steps,
                1,
                remedy="mode.fusion=average takes none",
            )


def _done(world: World, parts: Parts, attempts: Mapping[Member, simpy.Process]) -> Steps:
    """Wait for all attempts, and return the parts of those that came to their end."""
    yield world.env.all_of(attempts.values())
    return {member: part for member, part in parts.items() if attempts[member].value}


def _gather(world: World, keeper: Member, models: Sequence[Model], parts: Parts) -> Steps:
    """Let everyone send their part to the keeper; that is the last round, without training."""
    sending = [
        world.env.process(
            insist(world, [member, keeper], partial(_send, world, keeper, member, part))
        )
        for member, part in parts.items()
        if member is not keeper
    ]
    if not sending:
        return
    yield world.env.all_of(sending)
    world.end_round(models, merged=[], num_participants=len(models), num_samples=0, evaluates=True)


def _send(world: World, keeper: Member, member: Member, part: SubModel) -> Steps:
    yield world.send_direct(member, keeper, world.wire_bytes * part.cost_fraction)
