"""Owns how a simulation comes to decisions on partners: what the proxy has seen goes to the agent,
and what it decides is checked before it is carried out.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sim.agent import Clairvoyant, Decider
from sim.agent.static import Static
from sim.asking import AskDecider, Asking, AskOutside
from sim.decision import Decision, check_decision
from sim.forecast import Forecast
from sim.forecaster import Forecaster
from sim.learner import Feedback, Merged
from sim.monitor import Monitor
from sim.neighbours import Groups, direct_groups
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.local_training import LocalTraining
from sim.streams import stream
from sim.view import Spent, View, Whole

if TYPE_CHECKING:
    from sim.world import World


class Deciding:
    """Show the agent of a world, or somebody outside, what can be seen, and get decisions."""

    def __init__(self, world: "World", *, asks_outside: bool) -> None:
        """Somebody outside takes the place of the setting's agent with `asks_outside`."""
        self.monitor = Monitor(world.workload.num_samples)
        self.questions = AskOutside(world.env) if asks_outside else None
        self._asking: Asking = self.questions or AskDecider(_decider(world))
        self.forecast: Forecast | None = None  # of the round that is under way
        self._forecaster = Forecaster()
        self._world = world
        self._num_steps: Whole | None = None  # of every partner, known when first asked for

    @cached_property
    def _direct_groups(self) -> Groups:
        setting = self._world.setting
        is_used = self.questions is not None or "direct" in setting.agent.actions
        is_open = "direct" in setting.mode.actions and setting.protection.needs_proxy is None
        if not is_used or not is_open:
            return ()
        names = [partner.name for partner in setting.consortium.partners]
        return direct_groups(self._world.traffic.router, names, self._world.sites)

    def decide(
        self,
        candidates: Sequence[Member],
        local: LocalTraining,
        num_wanted: int | None,
        num_missing: int | None,
    ) -> Steps:
        """Return a `Decision` on who of the candidates takes part now; where no round's end waits
        for them, it comes with the `num_missing`-th update from now on.
        """
        world = self._world
        self.monitor.saw_up([member.is_up for member in world.members])
        if self._num_steps is None:
            self._num_steps = local.all_num_steps(world.workload)
        view = self._view(candidates, self._num_steps, num_wanted)
        decision = yield from self._asking.ask(view)
        if not isinstance(world.setting.agent, Static):  # which looks at no float
            decision = world.learner.agree(decision)
        self._check_protection(decision)
        check_decision(decision, view, world.setting.mode.actions, len(world.proxies))
        self.monitor.saw_leaving(decision.partners)
        if num_missing is None:
            deadline_sim_s = decision.deadline_sim_s or local.round_deadline_sim_s
            self.forecast = self._forecaster.predict(view, decision, deadline_sim_s)
            world.trace.foretell(self.forecast)
        elif forecast := self._forecaster.see_leaving(view, decision, num_missing):
            world.trace.foretell(forecast)
        return decision

    def due_sim_s(self, decision: Decision, local: LocalTraining) -> float | None:
        """Return when the round of a decision is expected to end, or ends at the latest."""
        forecast = self.forecast
        assert forecast is not None, "a decision on a round comes first"
        known = [decision.deadline_sim_s or local.round_deadline_sim_s, forecast.took_sim_s]
        took_sim_s = [one for one in known if one is not None]
        return forecast.since_sim_s + min(took_sim_s) if took_sim_s else None

    def until_decided(self) -> Steps:
        """Wait until no question is open."""
        while self.questions is not None and self.questions.view is not None:
            yield self.questions.answered

    def learn(self, merged: Sequence[Merged]) -> None:
        """Let the monitor see a round's end, and the partners' losses, if the agent wants to know
        them.
        """
        told: list[Feedback] = []
        if self._world.setting.agent.needs_losses:
            for one in merged:
                told += one.feedback()
        self.monitor.saw_feedback(told)
        self._forecaster.learn(self._world.env.now, told)

    def _check_protection(self, decision: Decision) -> None:
        needing = self._world.setting.protection.needs_proxy
        if decision.direct and needing is not None:
            raise ValueError(
                f"an agent must send every update to the proxy, where {needing} acts on it, got "
                f"direct exchanges of {sorted(decision.direct)}; leave them out, or {needing}"
            )

    def _view(self, candidates: Sequence[Member], num_steps: Whole, num_wanted: int | None) -> View:
        world = self._world
        return View(
            round=world.trace.round,
            now_sim_s=world.env.now,
            available=tuple(member.index for member in candidates),
            num_wanted=num_wanted,
            progress=world.spent_fraction,
            sent_bytes=world.network.sent_bytes,
            cost_usd=world.spending.cost_usd,
            spent=Spent(
                time_fraction=world.spending.time_fraction,
                bytes_fraction=world.spending.bytes_fraction,
                cost_fraction=world.spending.cost_fraction,
                privacy_fraction=world.privacy_fraction,
            ),
            queue_length=sum(proxy.queue_length for proxy in world.proxies),
            num_steps=num_steps,
            down_bytes=world.workload.update_bytes,
            up_bytes=world.wire_bytes,
            up_bytes_at=world.setting.protection.bytes_at,
            num_replicas=len(world.proxies),
            direct_groups=self._direct_groups,
            partners=self.monitor.sight(world.trace.round),
        )


def _decider(world: "World") -> Decider:
    setting = world.setting
    rng = stream(setting.seed, "agent")
    decider = setting.agent.decider(len(setting.consortium.partners), rng)
    if isinstance(decider, Clairvoyant):
        decider.behold(world)
    return decider
