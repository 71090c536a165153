"""Equalities between systems that must agree, held on one, two and four real ranks."""

import pytest

from tests.parallel.conftest import Done, System, Train

COLUMNS = ("test_loss", "test_accuracy", "num_samples")
EQUAL = [
    ("server, synchronous", "allreduce"),
    ("pipeline, four stages", "allreduce"),  # with 4 ranks, a rank computes each stage
    ("pipeline, two stages", "allreduce"),  # likewise with 2
    ("local SGD, one step", "allreduce"),
    ("federated, one step", "allreduce"),
    ("DiLoCo, plain", "local SGD"),
    ("gossip, complete", "federated, equal shares"),
    ("submodel, whole", "federated"),
    ("federated, direct", "federated"),
    ("FedProx, weight 0", "federated"),
    ("FedNova, equal steps", "federated"),
    ("FedAvgM, momentum 0", "federated"),
    ("hierarchical, one round", "federated"),
    ("FedBuff, one", "federated, one"),
    ("data proxy", "pool"),
]
DIFFERENT = [
    ("FedProx", "federated"),
    ("SCAFFOLD", "federated"),
    ("FedNova", "federated, epochs"),
    ("FedAvgM", "federated"),
    ("hierarchical", "federated"),
    ("DiLoCo", "local SGD"),
    ("DiLoCo, fragments", "DiLoCo"),
    ("DiLoCo, overlap", "DiLoCo, fragments"),
    ("gossip, matching", "gossip, ring"),
    ("server, stale", "server, asynchronous"),
    ("submodel, distillation", "submodel, width"),
    ("submodel, independent", "submodel, width"),
    ("allreduce, schedule", "allreduce"),
    ("norm bound", "five"),
]
ROBUST = ["median", "trimmed mean", "Krum", "multi-Krum", "geometric median", "centred clipping"]

ALONE = (
    *("scenario=uniform", "scenario.num_partners=1", "learner.num_ranks=1"),
    "budget.num_evaluations=1",
)
ON_ONE_PARTNER = {  # rounds of 10 of the 90 steps that are two epochs of 1,437 samples
    "pool": ("mode=pool",),
    "data proxy": ("mode=proxy/data_proxy",),
    "allreduce": ("mode=partner/allreduce",),
    "server, synchronous": ("mode=partner/parameter_server",),
    "server, asynchronous": ("mode=partner/parameter_server", "mode.consistency=asynchronous"),
    "server, stale": ("mode=partner/parameter_server", "mode.consistency=stale"),
    "local SGD": ("mode=partner/local_sgd", "mode.inner_steps=10"),
    "DiLoCo": (
        *("mode=partner/diloco", "mode.inner_steps=10"),
        *("mode.outer_learning_rate=1.0", "mode.outer_momentum=0.0"),
    ),
    "gossip": ("mode=partner/gossip", "mode.local_steps=10"),
    "submodel": ("mode=partner/submodel", "mode.local_steps=10", "mode.fractions=[1.0]"),
    "submodel, independent": (
        *("mode=partner/submodel", "mode.local_steps=10", "mode.kind=independent"),
        *("mode.fractions=null", "mode.assign=null"),
    ),
    "submodel, ensemble": (
        *("mode=partner/submodel", "mode.local_steps=10", "mode.fractions=[1.0]"),
        "mode.fusion=ensemble",
    ),
    "pipeline": ("mode=partner/pipeline",),
    "federated": ("mode=proxy/federated", "mode.local_steps=10"),
    "SCAFFOLD": ("mode=proxy/federated", "mode.local_steps=10", "mode.algorithm=scaffold"),
    "FedNova": ("mode=proxy/federated", "mode.local_steps=10", "mode.algorithm=fednova"),
    "median": ("mode=proxy/federated", "mode.local_steps=10", "aggregation=median"),
    "FedBuff": (
        *("mode=proxy/fedbuff", "mode.local_steps=10"),
        *("mode.concurrency=1", "mode.buffer_size=1"),
    ),
    "hierarchical": (
        *("mode=proxy/hierarchical", "mode.local_steps=10"),
        *("mode.num_regions=1", "mode.regional_rounds=3"),
    ),
}


def assert_same(ours: Done, theirs: Done) -> None:
    for column in COLUMNS:
        assert ours.curve(column) == pytest.approx(theirs.curve(column), abs=1e-5), column


@pytest.mark.parametrize(("name", "other"), EQUAL)
@pytest.mark.parametrize("num_ranks", [2, 4, 1])
def test_two_systems_learn_the_same(system: System, name: str, other: str, num_ranks: int) -> None:
    assert_same(system(name, num_ranks), system(other, num_ranks))


@pytest.mark.parametrize("name", ON_ONE_PARTNER)
def test_every_mode_on_one_partner_is_solo(train: Train, name: str) -> None:
    solo, other = train("mode=solo", *ALONE), train(*ON_ONE_PARTNER[name], *ALONE)
    assert other.curve("test_loss") == pytest.approx(solo.curve("test_loss"), abs=1e-5)
    assert other.curve("test_accuracy") == pytest.approx(solo.curve("test_accuracy"), abs=1e-5)


@pytest.mark.parametrize("num_ranks", [1, 2, 4])
def test_whole_submodels_are_federated_averaging_exactly(system: System, num_ranks: int) -> None:
    submodel, federated = system("submodel, whole", num_ranks), system("federated", num_ranks)
    for column in (*COLUMNS, "train_loss"):
        assert submodel.curve(column)[1:] == federated.curve(column)[1:], column
    assert submodel.file("model.pt") == federated.file("model.pt")


@pytest.mark.parametrize(("name", "other"), DIFFERENT)
def test_two_systems_do_not_learn_the_same(system: System, name: str, other: str) -> None:
    ours, theirs = system(name, 1).curve("test_loss"), system(other, 1).curve("test_loss")
    assert ours[0] == theirs[0]
    assert ours[-1] != pytest.approx(theirs[-1], abs=1e-4)


@pytest.mark.parametrize("name", ROBUST)
def test_robust_rules_stay_near_the_mean_when_nobody_is_bad(system: System, name: str) -> None:
    """Within a tenth of what the mean gains on the test set."""
    robust, mean = system(name, 1).curve("test_loss"), system("five", 1).curve("test_loss")
    assert robust[-1] != mean[-1]
    assert robust[-1] == pytest.approx(mean[-1], abs=(mean[0] - mean[-1]) / 10)


def test_the_same_run_twice_is_the_same_run(system: System, train_anew: Train) -> None:
    first = system("federated, dropout", 1)
    second = train_anew(
        *("mode=proxy/federated", "mode.local_steps=5", "task.model.dropout=0.2"),
        "learner.num_ranks=1",
    )
    for name in ("trace.parquet", "rounds.parquet", "model.pt"):
        assert first.file(name) == second.file(name)
    assert first.record["config_hash"] == second.record["config_hash"]


def test_another_seed_is_another_run(system: System, train: Train) -> None:
    first = system("allreduce", 1)
    second = train("mode=partner/allreduce", "seed=1", "learner.num_ranks=1")
    assert first.curve("test_loss") != second.curve("test_loss")
