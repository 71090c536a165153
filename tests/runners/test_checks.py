"""Options that don't fit each other are refused with the reason and what to do."""

import pytest

from runners.build import assemble, build
from runners.compression.sparse import num_kept
from runners.options import ConfigError
from runners.privacy import Load
from tests.runners.compose import compose

MANY = ("scenario=uniform", "scenario.num_partners=20", "task=digits_mlp", "partition=iid")
SECURE = (
    "privacy=secagg",
    "privacy=secret_sharing",
    "privacy=ckks",
    "privacy=[clip,dp_distributed,secagg]",
)
CHAINED = ("privacy.dp_distributed.min_partners=2",)


def refusal(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        assemble(build(compose(*overrides, "learner=none")))
    return str(caught.value)


@pytest.mark.parametrize("privacy", SECURE)
def test_a_secure_sum_of_one_update_is_refused(privacy: str) -> None:
    """A buffer of two is enough."""
    message = refusal(*MANY, privacy, "mode=proxy/fedbuff", "mode.buffer_size=1")
    assert "privacy must have no secure sum where updates are merged one at a time" in message
    assert "a sum of one is the update itself; try mode.buffer_size=10" in message
    if "dp_distributed" not in privacy:
        rest = ("mode=proxy/fedbuff", "mode.buffer_size=2", "learner=none")
        assemble(build(compose(*MANY, privacy, *rest)))


@pytest.mark.parametrize("privacy", SECURE[:3])
def test_a_secure_sum_of_one_partner_is_refused(privacy: str) -> None:
    message = refusal(*MANY, privacy, "mode=proxy/federated", "agent.num_participants=1")
    assert "privacy must have no secure sum where 1 of 1 partners is summed" in message


def test_a_secure_sum_of_the_only_partner_that_is_kept_is_refused() -> None:
    few = (*MANY, "privacy=secagg", "mode=proxy/federated", "agent.num_participants=3")
    message = refusal(*few, "mode.keep_fraction=0.3")
    assert "privacy must have no secure sum where 1 of 3 partners is summed" in message
    assemble(build(compose(*few, "mode.keep_fraction=0.34", "learner=none")))


@pytest.mark.parametrize("attack", ["alie", "min_max"])
def test_who_sees_all_updates_is_not_hidden_from(attack: str) -> None:
    message = refusal(*MANY, "mode=proxy/federated", f"attack={attack}", "privacy=secagg")
    assert "attack must be none or one that sees its own updates only" in message


@pytest.mark.parametrize("mode", ["pool", "partner/parameter_server", "partner/gossip"])
def test_modes_without_updates_have_no_secure_sum(mode: str) -> None:
    message = refusal(*MANY, f"mode={mode}", "privacy=secagg")
    assert "privacy must be none, label_dp or dp_sgd in a mode whose partners" in message


def test_control_variates_are_neither_protected_nor_compressed() -> None:
    scaffold = ("mode=proxy/federated", "mode.algorithm=scaffold")
    assert "control variates are not protected" in refusal(*MANY, *scaffold, "privacy=clip")
    assert "compression must be none" in refusal(*MANY, *scaffold, "compression=int8")


def test_only_a_shared_support_goes_under_a_secure_sum() -> None:
    federated = (*MANY, "mode=proxy/federated", "privacy=secagg")
    for option in ("int8", "top_k", "sign", "powersgd"):
        message = refusal(*federated, f"compression={option}")
        assert "compression must be none or random_k with shared_support=true" in message
    rest = ("compression=random_k", "compression.fraction=0.1", "learner=none")
    run = build(compose(*federated, *rest, "compression.shared_support=true"))
    setting, _ = assemble(run)
    kept = Load(num_parameters=num_kept(0.1, setting.workload.num_parameters), num_partners=20)
    (secagg,) = run.privacy.mechanisms
    assert setting.protection.wire_bytes == secagg.wire_bytes(0, kept)


def test_bits_of_adaptive_clipping_are_entries_of_the_secure_sum() -> None:
    """One entry more, which is longer than the byte that a bit takes in the open."""
    federated = (*MANY, "mode=proxy/federated", "learner=none")
    run = build(compose(*federated, "privacy=[adaptive_clip,secagg]"))
    setting, _ = assemble(run)
    secagg = run.privacy.mechanisms[-1]
    load = Load(num_parameters=setting.workload.num_parameters + 1, num_partners=20)
    assert setting.protection.wire_bytes == secagg.wire_bytes(0, load)


def test_bits_of_adaptive_clipping_are_whole_numbers_of_a_secure_sum() -> None:
    chain = (*MANY, "mode=proxy/federated", "privacy=[adaptive_clip,secagg]")
    assert "privacy.secagg.step must divide 0.5" in refusal(*chain, "privacy.secagg.step=0.3")
    assert "got 1e-06 and 0.25" in refusal(
        *chain, "privacy.secagg.step=1e-6", "privacy.secagg.max_abs=0.25"
    )


def test_images_are_what_is_shifted() -> None:
    overrides = ("task=spam_cnn", "training.augmentation=shift")
    with pytest.raises(ConfigError, match=r"training\.augmentation"):
        assemble(build(compose(*overrides)))


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("privacy=secagg", "privacy=secagg"),
        ("privacy=ckks", "privacy=ckks"),
        ("privacy=[clip,dp_central]", "privacy=dp_central"),
        ("aggregation=median", "aggregation=median"),
    ],
)
def test_an_agent_does_not_go_past_a_proxy_that_protects(setting: str, name: str) -> None:
    message = refusal(*MANY, "mode=proxy/federated", "agent=direct", setting)
    assert f"agent must send every update to the proxy with {name}, which acts there" in message
    assert f"got direct; try agent=balanced, or leave {name} out" in message


@pytest.mark.parametrize("privacy", ["clip", "dp_local", "dp_sgd", "label_dp"])
def test_what_partners_do_themselves_goes_past_a_proxy(privacy: str) -> None:
    options = ("mode=proxy/federated", "agent=direct", f"privacy={privacy}", "learner=none")
    assemble(build(compose(*MANY, *options)))


def test_a_mode_whose_proxy_can_not_be_passed_is_refused() -> None:
    message = refusal(*MANY, "mode=proxy/fedbuff", "agent=direct")
    assert "does not understand direct; try mode=proxy/federated" in message
