"""Mode `partner/submodel`: every partner trains a part of the model, and the parts are fused.

There is no proxy: the partner with the best link, its slower direction counted, keeps the whole
model (systems.md P4). In a round it sends everyone else their part, all train `local_steps` batches
on their own data and send their part back; a weight that several hold moves by the mean of their
changes, weighted by the data held. The keeper trains its own part meanwhile. It sends, and gets
back, the sum of the others' parts; adding up costs no time.

`width`: the first fraction r of every hidden layer, r² of the bytes and FLOPs (HeteroFL, Diao et
al. 2021); with all fractions 1 this is federated averaging without a proxy. `independent`: disjoint
sets of hidden units, 1/n of the bytes and FLOPs for n partners (independent subnet training, Yuan
et al. 2022). A sample counts to the budget whatever the size of the part that trains on it.

Faults: the part of a partner that breaks down is not updated in that round. When the keeper breaks
down, what has not come back is lost, and all wait for its return. A cut link holds up the round.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sim.bounds import at_least, one_of
from sim.learner import Merged, Model, Work
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.submodels import SubModel, check_widths, disjoint, nested, widths_by_speed
from sim.world import World

KINDS = ("width", "independent")
ASSIGNMENTS = ("speed", "in_turn")


@dataclass(frozen=True, kw_only=True)
class Submodel:
    """Train one model in parts that partners hold."""

    kind: str
    fractions: tuple[float, ...] | None
    assign: str | None
    local_steps: int

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

    def run(self, world: World) -> Steps:
        """Run rounds until the budget is spent."""
        keeper = max(
            world.members, key=lambda one: min(one.uplink.bytes_per_s, one.downlink.bytes_per_s)
        )
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        while not world.is_spent:
            yield from world.until_up([keeper])
            parts = self._deal(world, model.version)
            attempts = {
                member: world.attempt(
                    [keeper] if member is keeper else [member, keeper],
                    self._take_part(world, keeper, member, part),
                )
                for member, part in parts.items()
            }
            yield world.env.all_of(attempts.values())
            done = {one: part for one, part in parts.items() if attempts[one].value}
            merged = [self._fuse(world, model, done)] if done else []
            model = merged[0].model if merged else model
            world.end_round(
                [model],
                merged=merged,
                num_participants=len(done),
                num_dropped=len(parts) - len(done),
                num_samples=len(done) * self.local_steps * world.workload.batch_size,
                evaluates=None,
            )

    def _deal(self, world: World, turn: int) -> dict[Member, SubModel]:
        """Return what each of those who are up trains."""
        present = world.up(world.members)
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
        num_steps = self.local_steps * part.cost_fraction
        if member is keeper:
            yield member.compute(num_steps)
            return
        down_bytes = world.workload.update_bytes * part.cost_fraction
        up_bytes = world.setting.wire_bytes * part.cost_fraction
        yield member.traced("transfer", world.transfer(keeper, member, down_bytes), down_bytes)
        yield member.compute(num_steps)
        yield world.send_direct(member, keeper, up_bytes)

    def _fuse(self, world: World, model: Model, done: Mapping[Member, SubModel]) -> Merged:
        works = [
            Work(
                partner=member.index,
                start=model,
                num_steps=self.local_steps,
                data_of=(member.index,),
                part=one.part,
            )
            for member, one in done.items()
        ]
        held = [world.workload.num_samples[member.index] for member in done]
        return world.learner.merge(model, works, [samples / sum(held) for samples in held])

    def _check_width(self) -> None:
        if not self.fractions or self.assign is None:
            raise ValueError(
                f"fractions and assign must be given for kind=width, got {self.fractions} and "
                f"{self.assign}; try mode.fractions=[1.0,0.5] mode.assign=speed"
            )
        check_widths(self.fractions)
        one_of("assign", self.assign, ASSIGNMENTS)
