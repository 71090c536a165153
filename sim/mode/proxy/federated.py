"""Mode `proxy/federated`: federated averaging through a proxy.

The proxy sends the model to the partners that the agent chose; each takes some steps on its own
data and sends its update back; the proxy averages the updates, weighted by the data held (McMahan
et al. 2017, algorithm 1). Data never leave their owner.
"""

from dataclasses import dataclass

from sim.bounds import at_least
from sim.learner import Work
from sim.partner import Member
from sim.world import Steps, World


@dataclass(frozen=True, kw_only=True)
class Federated:
    """Train one model that the proxy holds, `local_steps` batches per partner and round."""

    local_steps: int

    def __post_init__(self) -> None:
        at_least("local_steps", self.local_steps, 1, remedy="try mode.local_steps=20")

    def run(self, world: World) -> Steps:
        """Run rounds until the budget is spent; a round lasts until the last update has been
        merged.
        """
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        while not world.is_spent:
            chosen = world.choose()
            yield world.env.all_of(
                [world.env.process(self._take_part(world, member)) for member in chosen]
            )
            works = [
                Work(partner=m.index, start=model, num_steps=self.local_steps, data_of=(m.index,))
                for m in chosen
            ]
            held = [world.workload.num_samples[member.index] for member in chosen]
            total = sum(held)
            merged = world.learner.merge(model, works, [samples / total for samples in held])
            model = merged.model
            num_samples = len(chosen) * self.local_steps * world.workload.batch_size
            world.end_round(
                [model],
                merged=[merged],
                num_participants=len(chosen),
                num_samples=num_samples,
                evaluates=None,
            )

    def _take_part(self, world: World, member: Member) -> Steps:
        yield world.receive(member, world.workload.update_bytes)
        yield member.compute(self.local_steps)
        yield world.send(member, world.setting.wire_bytes)
        yield world.merge_at_proxy(member, world.setting.wire_bytes)
