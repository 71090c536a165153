"""Owns one simulation: builds its parts, lets a mode run, and keeps the account of rounds and
samples.

A `Setting` comes in, an `Outcome` goes out. This is the only place that runs the clock.
"""

import math
from collections.abc import Callable, Sequence

import simpy

from sim.allowance import Allowance, StepsSpent
from sim.collective import Phase
from sim.consortium import Proxy
from sim.deciding import Deciding
from sim.decision import Decision
from sim.ending import Ending
from sim.learner import Learner, Merged, Model
from sim.ledger import Ledger
from sim.limited_learner import LimitedLearner
from sim.machine import Machine
from sim.monitor import Monitor
from sim.network import Network
from sim.outages import Outages
from sim.outcome import Outcome, ServerUse
from sim.partner import Member
from sim.presence import Presence, Steps
from sim.protocol.local_training import LocalTraining
from sim.proxy import ProxyServer
from sim.routing import Router
from sim.setting import Setting
from sim.spending import Spending
from sim.streams import stream
from sim.surroundings import start_surroundings
from sim.trace import PROXY, Trace
from sim.traffic import Traffic
from sim.transfer import Transfer
from sim.view import View


class World:
    """The parts of one simulation, as its mode sees them."""

    def __init__(
        self,
        setting: Setting,
        learner: Learner,
        on_round: Callable[[float], None],
        *,
        asks_outside: bool = False,
    ) -> None:
        """Build the parts; `on_round` is told the budget's spent fraction after every round. A
        world that `asks_outside` has no use for the setting's agent: it stands still at questions.
        """
        self.env = simpy.Environment()
        self.setting = setting
        self.workload = setting.workload
        self.budget = setting.budget
        limits = setting.protection.step_limits
        allowance = None if limits is None else Allowance(limits)
        self.learner = learner if allowance is None else LimitedLearner(learner, allowance)
        self.trace = Trace(level=setting.trace_level)
        self.network = Network(self.env, stream(setting.seed, "network", "jitter"))
        self.outages = Outages(self.network)
        self.presence = Presence(self.env, self.network)
        wiring = setting.topology.wire(setting.consortium)
        self.sites = wiring.sites
        self.traffic = Traffic(self.network, Router(wiring), setting.transport)
        self.members = self._build_members()
        self.servers: list[ProxyServer] = []
        self.proxies = self._build_proxies()
        self._deciding = Deciding(self, asks_outside=asks_outside)
        self._process: simpy.Process | None = None
        self._ledger = Ledger(
            budget=setting.budget,
            workload=setting.workload,
            learner=learner,
            network=self.network,
            trace=self.trace,
            on_round=on_round,
        )
        self.spending = Spending(
            setting.budget, setting.tariff, self.env, self.network, self.trace, self.servers
        )
        self._ending = Ending(self._ledger, self.spending, setting.protection, allowance)

    def run(self) -> Outcome:
        """Run the mode to its end; raises NoProgress when it can't get there."""
        self.start()
        self._run_until(self._process)
        return self.end()

    def start(self) -> None:
        """Let what surrounds the mode begin, and the mode."""
        start_surroundings(self)
        self._process = self.env.process(self.setting.mode.run(self))

    def next_question(self) -> View | None:
        """Run until somebody outside has to decide, and return what can be seen then; None at the
        run's end.
        """
        questions = self._deciding.questions
        assert questions is not None, "the world asks its own agent"
        assert self._process is not None, "start comes first"
        self._run_until(self._process | questions.asked)
        return questions.view

    def answer(self, decision: Decision) -> None:
        """Decide from outside; `next_question` then goes on."""
        assert self._deciding.questions is not None, "the world asks its own agent"
        self._deciding.questions.answer(decision)

    def _run_until(self, event: simpy.Event | None) -> None:
        try:
            self.env.run(until=event)
        except StepsSpent as spent:
            self._give_up_round(spent)

    def end(self) -> Outcome:
        """Stop what is still under way, and return what the run leaves behind."""
        self._close()
        return Outcome(
            rounds=self.trace.rounds,
            spans=self.trace.spans,
            models=self._ledger.models,
            answers_jointly=self._ledger.answers_jointly,
            servers=tuple(self._use(server) for server in self.servers),
            ended_by=self._ending.reason,
        )

    def try_start(self) -> None:
        """Let happen what happens at time 0; raises ValueError where settings don't fit each other.

        The world is used up by that.
        """
        self.start()
        self.env.run(until=math.nextafter(0.0, 1.0))

    def _build_members(self) -> list[Member]:
        setting = self.setting
        step_sim_s = setting.hardware.steps_sim_s(setting.workload, 1)
        step_sim_s *= setting.protection.step_factor
        return [
            Member(
                self.env,
                index,
                partner,
                trace=self.trace,
                efficiency=setting.transport.efficiency,
                step_sim_s=step_sim_s,
                variability=setting.variability,
                rng=stream(setting.seed, "compute", partner.name),
            )
            for index, partner in enumerate(setting.consortium.partners)
        ]

    def _build_proxies(self) -> tuple[ProxyServer, ...]:
        spec = self.setting.consortium.proxy
        if spec.num_replicas == 1:
            server = ProxyServer(
                self.env, PROXY, spec, trace=self.trace, efficiency=self._efficiency
            )
            self.servers.append(server)
            return (server,)
        return tuple(
            self.add_server(f"{PROXY}-{number}", spec, like=PROXY)
            for number in range(spec.num_replicas)
        )

    def add_server(self, name: str, spec: Proxy, *, like: str) -> ProxyServer:
        """Put up one more server, plugged in where the machine named `like` is."""
        self.traffic.plug(name, like=like)
        server = ProxyServer(self.env, name, spec, trace=self.trace, efficiency=self._efficiency)
        self.servers.append(server)
        return server

    @property
    def _efficiency(self) -> float:
        return self.setting.transport.efficiency

    def _give_up_round(self, spent: StepsSpent) -> None:
        """Close a round from which nothing may be learned, as the last one."""
        self._ending.give_up(spent)
        for member in self.members:
            member.close()
        self.end_round(
            self._ledger.models,
            merged=(),
            num_participants=0,
            num_dropped=spent.num_partners,
            num_samples=0,
            evaluates=True,
        )

    def _close(self) -> None:
        """Stop what is still under way at the end, and count its time and bytes to the last
        round.
        """
        self.trace.round -= 1
        for member in self.members:
            member.close()
            member.rest()
        for machine in (*self.members, *self.servers):
            self.network.clear(machine.links)
        self.trace.amend_last_round(self.network.sent_bytes)

    def _use(self, server: ProxyServer) -> ServerUse:
        capacity_sim_s = server.num_workers * self.env.now
        return ServerUse(
            name=server.name,
            num_bytes=server.carried_bytes,
            num_merged=server.num_jobs,
            mean_queue_sim_s=server.queued_sim_s / server.num_jobs if server.num_jobs else 0.0,
            utilisation=server.busy_sim_s / capacity_sim_s if capacity_sim_s else 0.0,
        )

    @property
    def proxy(self) -> ProxyServer:
        """The proxy, or the first of its replicas."""
        return self.proxies[0]

    def proxy_of(self, member: Member, decision: Decision | None = None) -> ProxyServer:
        """Return the replica that serves a partner, which an agent may decide."""
        number = member.index
        if decision is not None:
            number = decision.routes.get(number, number % (decision.num_replicas or number + 1))
        return self.proxies[number % len(self.proxies)]

    def members_of(self, decision: Decision) -> list[Member]:
        """Return those who take part."""
        return [self.members[partner] for partner in decision.partners]

    def up(self, members: Sequence[Member]) -> list[Member]:
        """Return those that are up."""
        return [member for member in members if member.is_up]

    def until_up(self, machines: Sequence[Machine], num_up: int = 1) -> Steps:
        """Wait until enough of the machines are up."""
        return self.presence.until(machines, num_up)

    def decide(
        self,
        candidates: Sequence[Member],
        local: LocalTraining,
        num_wanted: int | None = None,
        num_missing: int | None = None,
    ) -> Steps:
        """Return the agent's `Decision`: who of the candidates takes part now, and how. At least
        one must be there; `num_wanted` None leaves to the agent how many. `num_missing` is how many
        updates the next merge still waits for, None where it waits for those who are chosen.
        """
        return self._deciding.decide(candidates, local, num_wanted, num_missing)

    def due_sim_s(self, decision: Decision, local: LocalTraining) -> float | None:
        """Return when the proxy expects the round of a decision to end, or it ends at the latest;
        None where neither is known.
        """
        return self._deciding.due_sim_s(decision, local)

    def until_decided(self) -> Steps:
        """Wait until nothing is to be decided: somebody outside takes one question at a time."""
        return self._deciding.until_decided()

    def attempt(self, machines: Sequence[Machine], steps: Steps) -> simpy.Process:
        """Run `steps` as a process that needs `machines`; its value says if it came to its end."""
        return self.presence.attempt(machines, steps)

    def transfer(self, source: Machine, target: Machine, num_bytes: float) -> Transfer:
        """Send a message that is on nobody's timeline."""
        return self.traffic.send(source, target, num_bytes)

    def send(self, member: Member, server: ProxyServer, num_bytes: float) -> simpy.Event:
        """Send from a partner to a server; the partner is busy until all has arrived."""
        return member.traced("transfer", self.transfer(member, server, num_bytes), num_bytes)

    def receive(self, member: Member, server: ProxyServer, num_bytes: float) -> simpy.Event:
        """Send from a server to a partner; the partner is busy until all has arrived."""
        return member.traced("transfer", self.transfer(server, member, num_bytes), num_bytes)

    def protect(self, member: Member, server: ProxyServer | None) -> Steps:
        """Let a partner make its update fit to be sent, with what it has to ask of a server for
        that; None where the partners are among themselves.
        """
        protection = self.setting.protection
        if server is not None:
            for _ in range(protection.num_round_trips):
                yield member.traced("protect", self.transfer(member, server, 0.0), 0.0)
                yield member.traced("protect", self.transfer(server, member, 0.0), 0.0)
        if protection.partner_sim_s:
            yield member.traced("protect", self.env.timeout(self.protect_sim_s(member)), 0.0)

    def protect_sim_s(self, member: Member) -> float:
        """Return how long a partner itself is at making its update fit to be sent."""
        return self.setting.protection.partner_sim_s / member.speed * member.slowdown

    def reveal(self, server: ProxyServer) -> Steps:
        """Let a server make the sum of protected updates fit to be used."""
        took_sim_s = self.setting.protection.proxy_sim_s
        if took_sim_s:
            start_sim_s = self.env.now
            yield self.env.timeout(took_sim_s)
            self.trace.other_span(server.name, "protect", start_sim_s, self.env.now, 0.0)

    def send_direct(self, sender: Member, receiver: Member, num_bytes: float) -> simpy.Event:
        """Send from a partner to another; the sender is busy until all has arrived."""
        return sender.traced("transfer", self.transfer(sender, receiver, num_bytes), num_bytes)

    def compute_together(self, members: Sequence[Member], num_steps: float) -> simpy.Event:
        """Let all train for `num_steps` batches; the event comes when the slowest has ended."""
        now_sim_s = self.env.now
        slowest_sim_s = 0.0
        for member in members:
            seconds = member.draw_sim_s(num_steps)
            member.begin(0.0, (("compute", now_sim_s + seconds),))
            slowest_sim_s = max(slowest_sim_s, seconds)
        return self.env.timeout(slowest_sim_s)

    def collective(self, members: Sequence[Member], phases: Sequence[Phase]) -> Steps:
        """Run a collective; its members are busy until it ends."""
        sent_bytes = self.traffic.compiled(members, phases).sent_bytes
        for member, num_bytes in zip(members, sent_bytes, strict=True):
            member.begin(num_bytes, (("transfer", math.inf),))
        yield from self.traffic.collective(members, phases)
        for member in members:
            member.close()

    def merge_at(self, server: ProxyServer, member: Member, num_bytes: float) -> simpy.Event:
        """Queue a partner's update at a server; the partner knows when it has been merged."""
        job = server.merge(num_bytes * self.setting.merge_passes)
        return member.traced_parts(
            job.end, num_bytes, (("queue", job.start_sim_s), ("merge", math.inf))
        )

    @property
    def monitor(self) -> Monitor:
        """What the proxy sees."""
        return self._deciding.monitor

    def saw_returning(self, member: Member, *, is_merged: bool) -> None:
        """Let the proxy see that a partner is free again, and if anything has come of its work."""
        self.monitor.saw_returning(member.index, self.trace.round, is_merged=is_merged)

    @property
    def spent_fraction(self) -> float:
        """The part of the budget's samples that has been trained on."""
        return self._ledger.spent_fraction

    @property
    def is_spent(self) -> bool:
        """Whether the budget's samples have been trained on, another round would overspend an
        example's privacy, or the run is stopped.
        """
        return self._ending.is_spent

    @property
    def privacy_fraction(self) -> float:
        """The part of the merges or steps that privacy allows; NaN where it limits neither."""
        return self._ending.privacy_fraction

    @property
    def is_stopped(self) -> bool:
        """Whether an evaluation, or a budget other than that of samples, has ended the run before
        its time.
        """
        return self._ending.is_stopped

    @property
    def wire_bytes(self) -> int:
        """What an update weighs on the wire."""
        return self.setting.protection.wire_bytes

    def bytes_at(self, level: int | None) -> int:
        """Return what an update weighs at a level of compression, None being the first."""
        return self.setting.protection.bytes_at[level or 0]

    def cut_steps(self, num_steps: int, data_of: tuple[int, ...]) -> int:
        """Return as many of a plan's steps, which all draw from these data, as privacy allows."""
        return self._ending.cut_steps(num_steps, data_of)

    def tensor_bytes(self, num_bytes: float) -> list[float]:
        """Divide an update's bytes among the gradient tensors, in forward order."""
        sizes = self.workload.tensor_parameters
        return [num_bytes * size / self.workload.num_parameters for size in sizes]

    def begin(self, models: Sequence[Model], jointly: bool = False) -> None:
        """Put down round 0: the untrained models, on no clock. Models that answer `jointly` are
        used as one, by the mean of what they predict.
        """
        self._ledger.begin(models, jointly)

    def end_round(
        self,
        models: Sequence[Model],
        *,
        merged: Sequence[Merged],
        num_participants: int,
        num_samples: int,
        evaluates: bool | None,
        num_dropped: int = 0,
    ) -> None:
        """Close the round at the present time, after `num_samples` more training samples.

        `num_dropped` partners took part in vain. `evaluates=None` evaluates when the budget's next
        evaluation is due.
        """
        for member in self.members:
            member.rest()
        self._deciding.learn(merged)
        has_to = self._ending.evaluates(len(merged))
        self._ledger.end_round(
            self.env.now,
            models,
            merged=merged,
            num_participants=num_participants,
            num_dropped=num_dropped,
            num_samples=num_samples,
            evaluates=has_to if evaluates is None else evaluates,
        )
