"""Mode `partner/allreduce`: synchronous data-parallel SGD between equals, gradients summed in a
ring.

Every partner computes the gradient of one batch of its own data at the same weights; the ring
averages the gradients, weighted by the data held; everyone takes the same optimizer step
(systems.md P2; Horovod, Sergeev & Del Balso 2018). One machine with the union batch would take the
same steps.
"""

from dataclasses import dataclass

from sim.collective import ring_allreduce
from sim.learner import Work
from sim.world import Steps, World


@dataclass(frozen=True, kw_only=True)
class Allreduce:
    """Train one model that all partners hold, one allreduce a step."""

    def run(self, world: World) -> Steps:
        """Take steps until the budget is spent; the slowest partner and the slowest link set the
        pace.
        """
        everyone = world.members
        update_bytes = world.setting.wire_bytes
        sent_bytes = 2 * (len(everyone) - 1) / len(everyone) * update_bytes
        num_samples = len(everyone) * world.workload.batch_size
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        while not world.is_spent:
            yield world.env.all_of([member.compute(1) for member in everyone])
            ring = ring_allreduce(world.env, world.network, everyone, update_bytes)
            yield world.collective(everyone, ring, sent_bytes)
            works = [
                Work(partner=m.index, start=model, num_steps=1, data_of=(m.index,))
                for m in everyone
            ]
            merged = world.learner.step(model, works)
            model = merged.model
            world.end_round(
                [model],
                merged=[merged],
                num_participants=len(everyone),
                num_samples=num_samples,
                evaluates=None,
            )
