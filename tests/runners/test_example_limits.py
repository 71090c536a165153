"""Limits of steps are those of what the ledger says afterwards."""

from typing import Any

import pytest

from runners.build import assemble, build
from runners.example_ledger import ExampleLedger
from runners.example_limits import Bounds, ExampleLimits
from runners.privacy.dp_sgd import DpSgd
from sim.learner import Merged, Model, Stages, Work
from sim.learner.none import TimeOnly
from sim.world import World
from tests.runners.compose import compose

HELD = (100, 400, 12)
BATCH = 20
LIMIT = 3.0


def test_examples_of_smaller_partners_are_behind_more_noise() -> None:
    """In a sum one of 400 weighs 400 / 20, one of 100 a quarter, and of 12 all are in: 1."""
    bounds = Bounds(sure=lambda *_: 0, most=lambda *_: 0)
    limits = ExampleLimits(bounds, HELD, BATCH)
    assert limits.relative_noise([(0,), (1,), (2,)]) == [4.0, 1.0, 20.0]
    assert limits.relative_noise([(0,)]) == limits.relative_noise([(0, 1)]) == [1.0]


def test_what_takes_long_is_computed_once() -> None:
    asked = []

    def most(num_held: int, batch_size: int, relative_noise: float) -> float:
        asked.append((num_held, batch_size, relative_noise))
        return 7

    limits = ExampleLimits(Bounds(sure=lambda *_: 5, most=most), HELD, BATCH)
    assert limits.sure_steps((0,), 2.0) == 5 and not asked
    assert [limits.most_steps((0, 1), 2.0) for _ in range(2)] == [7, 7]
    assert asked == [(500, 20, 2.0)]


class Noting(TimeOnly):
    """Put all works down on a ledger, as ranks do."""

    def __init__(self, ledger: ExampleLedger, held: tuple[int, ...], batch_size: int) -> None:
        self._ledger, self._held, self._batch_size = ledger, held, batch_size

    def step(self, model: Model, works: Any, stages: Stages | None = None) -> Merged:
        self._note(works, together=len(works) > 1)
        return super().step(model, works, stages)

    def merge(self, model: Model, works: Any, *rest: Any, **more: Any) -> Merged:
        self._note(works, together=False)
        return super().merge(model, works, *rest, **more)

    def _note(self, works: list[Work], *, together: bool) -> None:
        held = [sum(self._held[one] for one in work.data_of) for work in works]
        sizes = [max(self._batch_size, one) for one in held]
        for work, size in zip(works, sizes, strict=True):
            self._ledger.note(work.data_of, work.num_steps, max(sizes) / size if together else 1.0)


MODES = {
    "allreduce": ("mode=partner/allreduce",),
    "local SGD": ("mode=partner/local_sgd", "mode.inner_steps=3"),
    "DiLoCo": ("mode=partner/diloco", "mode.inner_steps=4"),
    "gossip": ("mode=partner/gossip", "mode.local_steps=3"),
    "pipeline": ("mode=partner/pipeline",),
    "asynchronous": ("mode=partner/parameter_server", "mode.consistency=asynchronous"),
    "federated": ("mode=proxy/federated", "mode.local_steps=3"),
    "fedbuff": ("mode=proxy/fedbuff", "mode.local_steps=3"),
    "solo": ("mode=solo",),
    "pool": ("mode=pool",),
}


@pytest.mark.parametrize("name", MODES)
def test_a_run_spends_no_more_than_it_may(name: str) -> None:
    """Data are held unequally, so that limits differ."""
    run = build(
        compose(
            *MODES[name],
            *("learner=none", "privacy=dp_sgd", f"privacy.dp_sgd.max_epsilon={LIMIT}"),
            *("task=digits_mlp", "budget.num_epochs=60", "task.batch_size=16"),
            *("partition=iid", "scenario.partners.west.data_share=3.0"),
        )
    )
    setting, _ = assemble(run)
    (mechanism,) = run.privacy.mechanisms
    assert isinstance(mechanism, DpSgd)
    held, batch_size = setting.workload.num_samples, setting.workload.batch_size
    ledger = ExampleLedger(mechanism.example_rule, held, batch_size)
    world = World(setting, Noting(ledger, held, batch_size), lambda fraction: None)
    assert world.run().ended_by == "privacy"
    assert 0.7 < world.privacy_fraction <= 1
    assert 0.7 * LIMIT < ledger.epsilon(mechanism.delta) <= LIMIT


def test_without_a_limit_no_steps_are_counted() -> None:
    run = build(compose("privacy=dp_sgd", "learner=none"))
    assert run.privacy.step_limits(HELD, BATCH) is None
    run = build(compose("privacy=dp_sgd", "learner=none", "privacy.dp_sgd.max_epsilon=0.001"))
    limits = run.privacy.step_limits(HELD, BATCH)
    assert limits is not None and limits.most_steps((0,), 1.0) == 0
