"""A run ends before a partner's data are trained on more often than privacy allows."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import inf, isnan, nan
from typing import Any, ClassVar

import numpy as np
import pytest

from sim.agent.static import Static
from sim.allowance import Allowance, Group, StepsSpent
from sim.decision import Decision
from sim.learner import Evaluation, Merged, Model, Stages, Work
from sim.learner.none import Version
from sim.ledger import NoProgress
from sim.mode.partner.allreduce import Allreduce
from sim.mode.pool import Pool
from sim.mode.solo import Solo
from sim.protection import Protection
from sim.view import View
from tests.sim.conftest import partner
from tests.sim.mode.settings import federated
from tests.sim.mode.small_worlds import MODES, PARTNERS, WORLDS, worlds_of
from tests.sim.recording import Recording


class Limits:
    """Allow each group the same number of steps, and twice that in steps with others; half is
    sure.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self.num_asked = 0

    def relative_noise(self, groups: Sequence[Group]) -> list[float]:
        return [2.0 if len(groups) > 1 else 1.0] * len(groups)

    def sure_steps(self, group: Group, relative_noise: float) -> float:
        return 0.5 * self._most * relative_noise

    def most_steps(self, group: Group, relative_noise: float) -> float:
        self.num_asked += 1
        return self._most * relative_noise


class Evaluated(Recording):
    """Keep works, and whether any was done by itself; answer when evaluated."""

    is_alone = False

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        self.is_alone = self.is_alone or len(works) == 1
        return super().step(model, works, stages)

    def merge(self, *args: Any, **more: Any) -> Merged:
        self.is_alone = True
        return super().merge(*args, **more)

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation:
        return Evaluation(loss=1.0, accuracy=0.5)


def works(num_steps: int, *partners: int) -> list[Work]:
    start = Version(version=0)
    return [Work(partner=p, start=start, num_steps=num_steps, data_of=(p,)) for p in partners]


def limited(most: float) -> Protection:
    return Protection(wire_bytes=400, step_limits=Limits(most))


def taken(learner: Recording) -> Counter[Group]:
    counts: Counter[Group] = Counter()
    for work in learner.works:
        counts[work.data_of] += work.num_steps
    return counts


def test_steps_are_taken_up_to_the_limit_and_all_or_none() -> None:
    allowance = Allowance(Limits(5))
    allowance.take(works(3, 0, 1), together=False)
    allowance.take(works(2, 0), together=False)
    with pytest.raises(StepsSpent) as caught:
        allowance.take(works(1, 1, 0), together=False)
    assert caught.value.num_partners == 2
    allowance.take(works(2, 1), together=False)  # what was refused does not count


def test_several_works_of_a_partner_add_up() -> None:
    with pytest.raises(StepsSpent):
        Allowance(Limits(5)).take(works(3, 0, 0), together=False)


def test_the_least_noise_that_a_step_was_behind_holds() -> None:
    """Together with others each may take 10, by itself 5: so with any step by itself."""
    allowance = Allowance(Limits(5))
    allowance.take(works(4, 0, 1), together=True)
    allowance.take(works(1, 0), together=False)
    with pytest.raises(StepsSpent):
        allowance.take(works(1, 0, 1), together=True)
    allowance.take(works(6, 1, 2), together=True)


def test_no_round_begins_that_would_go_over_if_it_is_as_large_as_the_largest() -> None:
    allowance = Allowance(Limits(10))
    ends = []
    for num_steps in (2, 4, 1, 1):
        allowance.take(works(num_steps, 0), together=False)
        allowance.end_round()
        ends.append(allowance.is_over)
    assert ends == [False, False, True, True]  # 7 + 4 is above 10


def test_the_part_of_the_steps_that_is_used_up() -> None:
    limits = Limits(20)
    allowance = Allowance(limits)
    assert allowance.spent_fraction(0.0) == 0
    allowance.take(works(4, 0), together=False)
    allowance.take(works(3, 1, 2), together=False)
    # 4 steps in half of the run will be 8, and 10 are sure: nobody asks for the most
    assert (allowance.spent_fraction(0.5), limits.num_asked) == (4 / 10, 0)
    assert (allowance.spent_fraction(0.1), limits.num_asked) == (4 / 20, 1)  # 40 of 20


def test_the_partner_nearest_its_limit_is_told_of() -> None:
    """Of 40 steps with others partner 0 has taken 12, of 20 by itself partner 1 has taken 8."""
    allowance = Allowance(Limits(20))
    for _ in range(12):
        allowance.take(works(1, 0, 2), together=True)
    allowance.take(works(8, 1), together=False)
    assert allowance.spent_fraction(0.1) == 8 / 20


class Seeing(Static):
    """Let everyone take part, and keep what part of a limited ε is shown to be used up."""

    seen: ClassVar[list[float]] = []

    def decider(self, num_partners: int, rng: np.random.Generator) -> "Seeing":
        self.seen.clear()
        return self

    def decide(self, view: View) -> Decision:
        self.seen.append(view.spent.privacy_fraction)
        return Decision(partners=view.available)


@pytest.mark.parametrize(
    ("protection", "seen"),
    [
        (limited(10), [0, 0.2, 0.4, 0.6, 0.8]),  # 2 steps a round
        (Protection(wire_bytes=400, max_merges=4), [0, 0.25, 0.5, 0.75]),
        (
            Protection(wire_bytes=400, step_limits=Limits(10), max_merges=4),
            [0, 0.25, 0.5, 0.75],
        ),
        (Protection(wire_bytes=400), [nan] * 3),
    ],
)
def test_an_agent_sees_the_part_that_is_used_up(
    simulate: Callable, protection: Protection, seen: list[float]
) -> None:
    setting = {"agent": Seeing(num_participants=None), "num_epochs": 100}
    if isnan(seen[0]):
        setting["num_epochs"] = 3
    simulate(federated(), partner("a"), partner("b"), protection=protection, **setting)
    assert Seeing.seen == pytest.approx(seen, nan_ok=True)


def test_a_plan_is_cut() -> None:
    allowance = Allowance(Limits(5))
    assert allowance.cut(4, (0,)) == 4 and not allowance.is_over
    assert allowance.cut(9, (1,)) == 5 and allowance.is_over
    with pytest.raises(StepsSpent):
        Allowance(Limits(0.5)).cut(1, (0,))


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_ends_within_the_limit(simulate: Callable, mode: str) -> None:
    """The curve has its end, and time has no gaps."""
    learner, free = Evaluated(), Evaluated()
    most = 7 * (len(PARTNERS) if mode in ("pool", "proxy/data_proxy") else 1)
    setting = {"num_epochs": 12, "num_evaluations": 8, **WORLDS[worlds_of(mode)[0]]}
    _, whole = simulate(MODES[mode], *PARTNERS, learner=free, **setting)
    _, outcome = simulate(
        MODES[mode], *PARTNERS, learner=learner, protection=limited(most), **setting
    )
    assert outcome.ended_by == "privacy" and whole.ended_by == "budget"
    limit = most if learner.is_alone else 2 * most
    assert 0 < max(taken(learner).values()) <= limit < max(taken(free).values())
    assert outcome.rounds[-1].evaluation is not None
    seconds = sum(sum(one.partner_sim_s.values()) for one in outcome.rounds)
    assert seconds == pytest.approx(len(PARTNERS) * outcome.rounds[-1].end_sim_s)


@pytest.mark.parametrize(
    ("mode", "most", "rounds"),
    [
        # 2 steps a round: 7 allow 3 rounds; a step a round, in which two steps together are allowed
        (federated(), 7, [0, 2, 4, 6]),
        (Allreduce(algorithm="ring", fusion=None), 2, [0, 1, 2, 3, 4]),
        # 3 evaluations: 7 steps of each alone are 2, 2 and 3; the 14 of the pool are 4, 5 and 5
        (Solo(), 7, [0, 2, 4, 7]),
        (Pool(), 14, [0, 0, 2, 4.5, 7]),
    ],
)
def test_the_last_round_by_hand(simulate: Callable, mode, most: float, rounds: list[float]) -> None:
    learner = Evaluated()
    _, outcome = simulate(
        mode,
        *(partner("north"), partner("south")),
        num_epochs=100,
        num_evaluations=3,
        learner=learner,
        protection=limited(most),
    )
    assert outcome.ended_by == "privacy"
    samples_of_a_step = 4 * 2  # both partners' batches
    assert [one.num_samples / samples_of_a_step for one in outcome.rounds] == rounds


def test_a_limit_that_is_not_reached_changes_nothing(simulate: Callable) -> None:
    outcomes = [
        simulate(federated(), *PARTNERS, num_epochs=5, protection=limited(most))[1]
        for most in (inf, 11)
    ]
    assert outcomes[0].spans == outcomes[1].spans
    assert outcomes[1].ended_by == "budget"


def test_a_run_of_which_not_a_round_is_allowed_fails_in_words(simulate: Callable) -> None:
    for mode in (federated(), Pool(), Solo()):
        with pytest.raises(NoProgress, match=r"try a larger privacy\.dp_sgd\.max_epsilon"):
            simulate(mode, partner("north"), num_epochs=5, protection=limited(0.5))


def test_a_round_that_turns_out_too_large_is_the_last_and_nothing_is_learned_from_it(
    simulate: Callable,
) -> None:
    """Epochs differ: south's first round is larger than any of north's before it."""
    learner = Evaluated()
    _, outcome = simulate(
        federated(local_steps=None, local_epochs=1.0),
        *(partner("north"), partner("south")),
        num_samples=(8, 40),
        num_participants=1,
        num_epochs=100,
        learner=learner,
        protection=limited(8),
    )
    last = outcome.rounds[-1]
    assert outcome.ended_by == "privacy"
    assert set(taken(learner)) == {(0,)} and (last.num_participants, last.num_dropped) == (0, 1)
    assert last.num_samples == outcome.rounds[-2].num_samples
    assert last.end_sim_s > last.start_sim_s and last.evaluation is not None
