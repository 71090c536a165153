"""In every mode a run ends when an evaluation says so, cleanly, and is until then the run that goes
on.
"""

import itertools
from collections.abc import Sequence

import pytest

from sim.fault import Fault
from sim.fault.none import NoFault
from sim.learner import Evaluation, Model
from sim.learner.none import TimeOnly
from sim.outcome import Outcome
from sim.trace import Round
from tests.sim.breakdowns import breaks
from tests.sim.mode.small_worlds import MODES, NAMES, PARTNERS, WORLDS, worlds_of

LOSSES = (3.0, 2.0, 1.0, 1.5, 1.0, 0.5)
"""With a patience of two the fifth evaluation ends the run: 1.5 and 1 are not below 1."""

ACCURACIES = (0.1, 0.5, 0.8, 0.9, 0.95, 0.97)
"""The fourth reaches the target of 0.9."""


class Scripted(TimeOnly):
    """Learn nothing, and evaluate as the script has it."""

    def __init__(self) -> None:
        self._num_evaluations = 0

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation:
        number = min(self._num_evaluations, len(LOSSES) - 1)
        self._num_evaluations += 1
        return Evaluation(loss=LOSSES[number], accuracy=ACCURACIES[number])


def run(simulate, mode: str, fault: Fault, learner: TimeOnly, **budget) -> Outcome:
    groups = WORLDS[worlds_of(mode)[0]] | {"fault": fault, "learner": learner}
    world, outcome = simulate(
        MODES[mode], *PARTNERS, num_epochs=12, num_evaluations=6, **groups, **budget
    )
    assert world.is_spent
    return outcome


def facts(rounds: Sequence[Round]) -> list[tuple[float, float, int, int, int]]:
    """Return what is known of rounds when they end."""
    return [
        (
            one.start_sim_s,
            one.end_sim_s,
            one.num_samples,
            one.num_participants,
            one.num_dropped,
        )
        for one in rounds
    ]


FAULTS = {"quiet": NoFault(), "faulty": breaks(("b", 2.0, 9.0), ("a", 8.0, 8.5))}

WHOLE: dict[tuple[str, str], list[Round]] = {}


def run_to_the_end(simulate, mode: str, fault: str) -> list[Round]:
    """Return the rounds of a run that nothing stops."""
    if (mode, fault) not in WHOLE:
        WHOLE[mode, fault] = run(simulate, mode, FAULTS[fault], Scripted()).rounds
    return WHOLE[mode, fault]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize(
    ("budget", "num_evaluations"),
    [({"patience_evaluations": 2}, 5), ({"stops_at_target": True}, 4)],
    ids=["patience", "target"],
)
def test_a_run_ends_with_the_evaluation_that_says_so(
    simulate, mode: str, fault: str, budget: dict, num_evaluations: int
) -> None:
    stopped = run(simulate, mode, FAULTS[fault], Scripted(), **budget).rounds
    whole = run_to_the_end(simulate, mode, fault)
    last = [one.round for one in stopped if one.evaluation is not None][num_evaluations - 1]
    assert facts(stopped[: last + 1]) == facts(whole[: last + 1])
    # nobody trains after it; models that answer together are still sent to one place
    assert stopped[-1].num_samples == stopped[last].num_samples < whole[-1].num_samples


@pytest.mark.parametrize("mode", NAMES)
def test_nothing_is_stopped_where_nothing_is_learned(simulate, mode: str) -> None:
    plain = run(simulate, mode, NoFault(), TimeOnly())
    asked = run(simulate, mode, NoFault(), TimeOnly(), stops_at_target=True, patience_evaluations=1)
    assert facts(asked.rounds) == facts(plain.rounds)
    assert asked.spans == plain.spans


@pytest.mark.parametrize("mode", sorted(MODES))
def test_a_stopped_runs_spans_still_tile_the_partners_time(simulate, mode: str) -> None:
    outcome = run(simulate, mode, NoFault(), Scripted(), patience_evaluations=2)
    for one in PARTNERS:
        times = sorted(span[3:5] for span in outcome.spans if span[1] == one.name)
        assert times[0][0] == 0
        assert times[-1][1] == pytest.approx(outcome.rounds[-1].end_sim_s)
        assert all(before[1] == after[0] for before, after in itertools.pairwise(times))
