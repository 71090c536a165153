"""Mode `pool`: all data move to one partner, which then trains. The ceiling of accuracy, and the
end of privacy.

The fastest partner trains. Everyone else sends it their samples once, as they are, and then waits
for the result.
"""

from dataclasses import dataclass

from sim.learner import Work
from sim.world import Steps, World


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Train one model on the union of the data, on one machine."""

    def run(self, world: World) -> Steps:
        """Move the data, then pass `num_epochs` times over all of them."""
        workload = world.workload
        trainer = max(world.members, key=lambda member: member.speed)
        model = world.learner.initial_model(owner=trainer.index)
        world.begin([model])

        others = [member for member in world.members if member is not trainer]
        shipments = [
            workload.num_samples[member.index] * workload.sample_bytes for member in others
        ]
        yield world.env.all_of(
            [
                world.send_direct(member, trainer, size)
                for member, size in zip(others, shipments, strict=True)
            ]
        )
        world.end_round(
            [model], merged=(), num_participants=len(others), num_samples=0, evaluates=False
        )

        everyone = tuple(member.index for member in world.members)
        total_steps = world.budget.num_steps(workload.total_samples, workload.batch_size)
        for num_steps in world.budget.split_steps(total_steps):
            yield trainer.compute(num_steps)
            work = Work(partner=trainer.index, start=model, num_steps=num_steps, data_of=everyone)
            merged = world.learner.step(model, [work])
            model = merged.model
            world.end_round(
                [model],
                merged=[merged],
                num_participants=1,
                num_samples=num_steps * workload.batch_size,
                evaluates=True,
            )
