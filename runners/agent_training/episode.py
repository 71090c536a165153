"""Owns one episode: a simulation that stands still at every decision, and what a decision earns.

The reward of a decision is the way it has gone to the goal, worth `goal_reward` in all, less the
virtual time that it took, in units of time. So the sum of a whole episode that gets to its goal is
a constant less its length: the shortest is the best.
"""

from dataclasses import replace

from runners.agent_training.cases import Case
from sim.decision import Decision
from sim.learner.curve import CurveLearner
from sim.view import View
from sim.world import World


class Episode:
    """Simulate one run of a case; `view` is what has to be decided on, None at the end."""

    def __init__(self, case: Case, seed: int) -> None:
        """Begin; `seed` draws all that varies, but not who the partners are."""
        self.case = case
        setting = replace(case.setting, seed=seed)
        self._world = World(setting, case.learner, lambda fraction: None, asks_outside=True)
        self._world.start()
        self._done_fraction = 0.0
        self._now_sim_s = 0.0
        self.view: View | None = self._world.next_question()

    def decide(self, decision: Decision) -> float:
        """Carry a decision out, go on to the next one, and return its reward."""
        self._world.answer(decision)
        self.view = self._world.next_question()
        if self.view is None:
            self._world.end()
        before_sim_s, self._now_sim_s = self._now_sim_s, self.now_sim_s
        before, self._done_fraction = self._done_fraction, self.done_fraction
        took = (self._now_sim_s - before_sim_s) / self.case.time_unit_sim_s
        return self.case.goal_reward * (self._done_fraction - before) - took

    @property
    def now_sim_s(self) -> float:
        """Return the virtual time of the last decision, or of the end of the last round."""
        return self._world.trace.rounds[-1].end_sim_s if self.view is None else self.view.now_sim_s

    @property
    def accuracy(self) -> float | None:
        """Return the newest evaluation's accuracy; None where nothing is learned."""
        found = [one.evaluation for one in self._world.trace.rounds if one.evaluation is not None]
        return found[-1].accuracy if found else None

    @property
    def done_fraction(self) -> float:
        """Return the part of the way to the goal that is done, 0 to 1."""
        goal_samples, learner = self.case.goal_samples, self.case.learner
        if goal_samples is None:
            return min(1.0, self._world.spent_fraction)
        assert isinstance(learner, CurveLearner)
        evaluation = self._world.trace.rounds[-1].evaluation
        if evaluation is None:
            return self._done_fraction
        return min(1.0, learner.curve.samples_for(evaluation.accuracy) / goal_samples)

    @property
    def is_at_goal(self) -> bool:
        """Return whether the episode has ended where it should."""
        return self.view is None and self.done_fraction >= 1.0
