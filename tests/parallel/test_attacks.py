"""Malicious partners reach what they are after, and no more, in whole runs on real ranks."""

import pytest

from tests.parallel.conftest import Train

TWELVE = ("scenario=uniform", "scenario.num_partners=12", "partition=iid", "budget.num_epochs=60")
FEDERATED = ("mode=proxy/federated", *TWELVE)


def accuracy(train: Train, *overrides: str) -> float:
    return train(*FEDERATED, *overrides).record["metrics"]["overall"]["accuracy"]


def test_malicious_partners_are_on_record(train: Train) -> None:
    honest, flipped = train(*FEDERATED), train(*FEDERATED, "attack=label_flip")
    assert honest.record["metrics"]["malicious"] == []
    assert len(flipped.record["metrics"]["malicious"]) == 3
    assert flipped.record["names"]["attack"] == "label_flip"
    assert flipped.record["metrics"]["backdoor"] is None


def test_a_backdoor_opens_to_its_trigger_only(train: Train) -> None:
    """Three of twelve partners, boosted to outweigh the others."""
    record = train(*FEDERATED, "attack=backdoor", "attack.boost=4.0").record
    backdoor = record["metrics"]["backdoor"]
    assert backdoor["success"] > 0.9
    assert backdoor["success_without_trigger"] < 0.2
    assert record["metrics"]["overall"]["accuracy"] > 0.7


def test_nobody_opens_it_without_malicious_partners(train: Train) -> None:
    honest = train(*FEDERATED, "attack=backdoor", "attack.fraction=0.0").record
    assert honest["metrics"]["malicious"] == []
    assert honest["metrics"]["backdoor"]["success"] < 0.2
    plain = train(*FEDERATED).record
    assert honest["metrics"]["overall"] == plain["metrics"]["overall"]


def test_the_median_withstands_what_turns_a_mean_round(train: Train) -> None:
    attack = ("attack=sign_flip", "attack.scale=4.0")
    honest = accuracy(train)
    assert accuracy(train, *attack) < 0.5 * honest
    assert accuracy(train, *attack, "aggregation=median") > honest - 0.1


@pytest.mark.parametrize("mode", ["proxy/fedbuff", "proxy/hierarchical", "partner/local_sgd"])
def test_modes_that_merge_updates_have_malicious_partners(train: Train, mode: str) -> None:
    """Half of the partners that send their update ten times backwards end all learning."""
    steps = ("mode.inner_steps=5",) if mode == "partner/local_sgd" else ("mode.local_steps=5",)
    bad = ("attack=sign_flip", "attack.fraction=0.5", "attack.scale=10.0")
    common = (f"mode={mode}", *steps, "budget.num_epochs=20")
    honest = train(*common).record["metrics"]["overall"]
    attacked = train(*common, *bad).record["metrics"]["overall"]
    assert honest["accuracy"] > 0.5
    assert attacked["accuracy"] < 0.3
