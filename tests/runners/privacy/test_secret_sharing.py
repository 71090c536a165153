"""The option: its sum, what it says it costs, weighs and guarantees, and what it refuses."""

from dataclasses import dataclass, replace

import pytest
import torch

from runners.privacy import Load, Mechanism, Merge, Sampling
from runners.privacy.chain import Chain
from runners.privacy.secret_sharing import SecretSharing
from tests.runners.secure_sum.protocol import merge_of, summed

OPTION = SecretSharing(
    num_proxies=3,
    step=2.0**-10,
    max_abs=4.0,
    rounding="nearest",
    encode_parameters_per_s=1000.0,
    share_bytes_per_s=4000.0,
)


@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_its_sum_is_the_plain_one(rounding: str) -> None:
    option = replace(OPTION, rounding=rounding)
    merge = merge_of(range(8), (9,))
    updates = torch.arange(-24.0, 24.0).reshape(8, 6) / 8  # whole numbers of the step
    totals = summed(lambda ranks: option.begin_sum(6, merge, ranks), updates, merge.partners, 2)
    for total in totals:
        assert torch.equal(total, updates.double().sum(dim=0))


def test_bytes_by_hand() -> None:
    # L = 4096: 2 * 3 * 4096 needs 15 bits; 10 entries are 150 bits, so 19 bytes, for each proxy
    assert OPTION.wire_bytes(36, Load(num_parameters=9, num_partners=3)) == 3 * 19


def test_costs_by_hand() -> None:
    # encode 1 s, and 2 of 3 shares are random: 4,000 bytes each, or 8,000 in long words
    load = Load(num_parameters=1000, num_partners=4)
    cost = OPTION.cost(load)
    assert (cost.partner_sim_s, cost.proxy_sim_s, cost.num_round_trips) == (3.0, 0.0, 0)
    assert replace(OPTION, max_abs=2.0**30).cost(load).partner_sim_s == 5.0


def test_the_guarantee_names_the_proxies() -> None:
    sampling = Sampling(kind="everyone", num_partners=5, num_chosen=5)
    stated = OPTION.guarantee(sampling, 3)
    assert (stated.unit, stated.epsilon) == ("update", None)
    assert stated.hidden_from == "any 2 of 3 proxies together"


@dataclass(frozen=True, kw_only=True)
class Scaling(Mechanism):
    def scales(self, norms: torch.Tensor, merge: Merge) -> torch.Tensor:
        return norms


def test_what_changes_updates_comes_before() -> None:
    chain = Chain([Scaling(), OPTION])
    assert chain.secure_sum is OPTION
    assert chain.needs_sum and chain.needs_rows
    with pytest.raises(ValueError, match=r"privacy\.secret_sharing must come after"):
        Chain([OPTION, Scaling()])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_proxies": 1}, "num_proxies must be at least 2, got 1"),
        ({"step": 0.0}, "step must be"),
        ({"max_abs": 0.0}, "max_abs must be"),
        ({"rounding": "up"}, "rounding must be one of nearest, stochastic"),
        ({"encode_parameters_per_s": 0.0}, "encode_parameters_per_s must be"),
        ({"share_bytes_per_s": 0.0}, "share_bytes_per_s must be"),
    ],
)
def test_refuses_settings_out_of_range(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(OPTION, **settings)
