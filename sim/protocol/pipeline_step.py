"""Owns one step of one pipeline: micro-batches that pass through stages, message by message.

A stage works on one pass at a time and sends in the background, so that it computes on while its
messages travel; messages under way on one link share it. A stage that waits for a message that is
under way is in `transfer`, before that in `wait`. Bytes, virtual seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import simpy

from sim.partner import Member
from sim.presence import Steps
from sim.protocol.fusion import BACKWARD_FRACTION
from sim.protocol.pipeline_schedule import Pass
from sim.transfer import Transfer

if TYPE_CHECKING:
    from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Say what each stage does in a step, and what its messages weigh.

    `compute_fractions` are the stages' parts of a pass through the whole model, `gradient_bytes`
    what their gradients weigh. The batch has `batch_size` samples of every stage's partner, those
    of stage 0 first; `micro_batches` are its parts. An activation and its gradient have one size.
    """

    compute_fractions: tuple[float, ...]
    gradient_bytes: tuple[float, ...]
    orders: tuple[tuple[Pass, ...], ...]
    micro_batches: tuple[range, ...]
    batch_size: int
    sample_bytes: float
    activation_bytes: float
    label_bytes: float

    @property
    def last_stage(self) -> int:
        """Return the number of the stage that has the loss."""
        return len(self.compute_fractions) - 1

    def num_steps(self, stage: int, one: Pass) -> float:
        """Return what a pass costs, in steps of one partner's batch through the whole model."""
        part = BACKWARD_FRACTION if not one.is_forward else 1 - BACKWARD_FRACTION
        num_batches = len(self.micro_batches[one.micro_batch]) / self.batch_size
        return part * num_batches * self.compute_fractions[stage]

    def inputs(self, stage: int, one: Pass) -> "list[Message]":
        """Return the messages that a pass waits for."""
        if one.is_forward and stage > 0:
            return [Message("activations", stage, one.micro_batch)]
        if not one.is_forward and stage < self.last_stage:
            return [Message("gradients", stage, one.micro_batch)]
        kind = "samples" if one.is_forward else "labels"
        owners = self._owners(self.micro_batches[one.micro_batch])
        return [Message(kind, stage, owner) for owner in owners if owner != stage]

    def outputs(self, stage: int, one: Pass) -> "list[Message]":
        """Return the messages that a pass sends."""
        if one.is_forward and stage < self.last_stage:
            return [Message("activations", stage + 1, one.micro_batch)]
        if not one.is_forward and stage > 0:
            return [Message("gradients", stage - 1, one.micro_batch)]
        return []

    def deliveries(self, owner: int) -> "list[Message]":
        """Return the messages with the data of a stage's partner, for the two ends of the
        pipeline.
        """
        first, last = Message("samples", 0, owner), Message("labels", self.last_stage, owner)
        return [one for one in (first, last) if one.stage != owner]

    def num_bytes(self, message: "Message") -> float:
        """Return what a message weighs."""
        if message.kind == "samples":
            return self.batch_size * self.sample_bytes
        if message.kind == "labels":
            return self.batch_size * self.label_bytes
        return len(self.micro_batches[message.number]) * self.activation_bytes

    def _owners(self, samples: range) -> Iterable[int]:
        return range(samples[0] // self.batch_size, samples[-1] // self.batch_size + 1)


class Message(NamedTuple):
    """Name a message by what it carries, the stage it goes to, and the micro-batch or owner."""

    kind: str
    stage: int
    number: int


class PipelineStep:
    """Let `members`, one per stage, pass one step's micro-batches through."""

    def __init__(self, world: "World", members: Sequence[Member], plan: Plan) -> None:
        self.members = members
        self._world = world
        self._plan = plan
        self._sent: dict[Message, simpy.Event] = {}
        self._open: dict[simpy.Event, tuple[Member, float, float]] = {}  # not yet traced

    def stage(self, number: int) -> Steps:
        """Send off the data of the stage's partner, then do the stage's passes.

        The pace of a partner is drawn once a step, so that it varies as it does in other modes.
        """
        member = self.members[number]
        pace_sim_s = member.draw_sim_s(1)
        self._send(number, self._plan.deliveries(number))
        for one in self._plan.orders[number]:
            yield from self._receive(member, self._plan.inputs(number, one))
            duration_sim_s = pace_sim_s * self._plan.num_steps(number, one)
            yield member.traced("compute", self._world.env.timeout(duration_sim_s), 0.0)
            self._send(number, self._plan.outputs(number, one))

    def abandon(self) -> None:
        """End the account of what is under way; what has left its sender arrives in vain."""
        for transfer in list(self._open):
            self._close(transfer)

    def _receive(self, member: Member, messages: Sequence[Message]) -> Steps:
        """Wait until the messages have been sent, and then until they have arrived."""
        for message in messages:
            transfer: Transfer = yield self._when_sent(message)
            if not transfer.processed:
                yield member.traced("transfer", transfer, 0.0)  # the sender's span has the bytes

    def _send(self, sender: int, messages: Sequence[Message]) -> None:
        world, member = self._world, self.members[sender]
        for message in messages:
            num_bytes = self._plan.num_bytes(message)
            transfer = world.transfer(member, self.members[message.stage], num_bytes)
            assert transfer.callbacks is not None, "a message takes at least one event"
            self._open[transfer] = (member, world.env.now, num_bytes)
            transfer.callbacks.append(self._close)
            self._when_sent(message).succeed(transfer)

    def _when_sent(self, message: Message) -> simpy.Event:
        """Return the event of a message being sent; its value is the transfer."""
        return self._sent.setdefault(message, self._world.env.event())

    def _close(self, transfer: simpy.Event) -> None:
        """Trace a message that has arrived or was lost, unless that has been done."""
        if transfer in self._open:
            member, start_sim_s, num_bytes = self._open.pop(transfer)
            self._world.trace.other_span(
                f"{member.name}/background", "transfer", start_sim_s, self._world.env.now, num_bytes
            )
