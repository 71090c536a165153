"""Runs on two real ranks end before an example's ε is above the limit, on both clocks alike."""

import pytest

from runners.build import assemble, build
from sim.learner.none import TimeOnly
from sim.world import World
from tests.parallel.conftest import FAST, Train
from tests.runners.compose import compose

LIMIT = 1.3
PRIVATE = (
    *("privacy=dp_sgd", f"privacy.dp_sgd.max_epsilon={LIMIT}", "budget.num_epochs=20"),
    *("partition=iid", "task.batch_size=8"),
)
MODES = {
    "allreduce": ("mode=partner/allreduce",),
    "gossip": ("mode=partner/gossip", "mode.local_steps=2"),
}


@pytest.mark.parametrize("name", MODES)
def test_the_record_says_what_was_spent_and_why_it_ended(train: Train, name: str) -> None:
    overrides = (*PRIVATE, *MODES[name])
    done = train(*overrides, "learner.num_ranks=2")
    (guarantee,) = done.record["privacy"]["guarantees"]
    assert 0.8 * LIMIT < guarantee["epsilon"] <= LIMIT
    assert done.record["virtual"]["ended_by"] == "privacy"
    assert done.rounds["test_accuracy"].notna().iloc[-1]
    setting, _ = assemble(build(compose(*FAST, *overrides, "learner=none")))
    simulated = World(setting, TimeOnly(), lambda fraction: None).run()
    assert simulated.ended_by == "privacy"
    assert done.rounds["end_sim_s"].tolist() == [one.end_sim_s for one in simulated.rounds]


def test_secure_sums_say_how_much_they_cut_off(train: Train) -> None:
    """With a range below the weights' changes nearly all values are cut off."""
    federated = ("mode=proxy/federated", "budget.num_epochs=1", "learner.num_ranks=2")
    fits = train(*federated, "privacy=secagg").record["privacy"]
    assert fits["num_clipped"] == 0
    tight = ("privacy.secagg.max_abs=1e-6", "privacy.secagg.step=1e-10")
    cut = train(*federated, "privacy=secagg", *tight)
    assert cut.record["privacy"]["num_clipped"] > 1000
    assert cut.rounds["train_loss"].isna().all()
