"""The option: its sum, what it says it costs, weighs and guarantees, and what it refuses."""

from dataclasses import dataclass, replace

import pytest
import torch

from runners.privacy import Load, Mechanism, Merge, Sampling
from runners.privacy.chain import Chain
from runners.privacy.secagg import SecAgg
from sim.secure_aggregation_bytes import client_bits, expansion
from tests.runners.secure_sum.protocol import merge_of, summed

OPTION = SecAgg(
    step=2.0**-10,
    max_abs=4.0,
    rounding="nearest",
    threshold_fraction=0.66,
    degree_factor=None,
    encode_parameters_per_s=1000.0,
    mask_bytes_per_s=4000.0,
    agreements_per_s=2.0,
    multiplications_per_s=8.0,
)
SIXTEEN_BITS = replace(OPTION, step=1.0, max_abs=32767.0)


def everyone(num_partners: int) -> Sampling:
    return Sampling(kind="everyone", num_partners=num_partners, num_chosen=num_partners)


@pytest.mark.parametrize("degree_factor", [None, 1.0])
@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_its_sum_is_the_plain_one(degree_factor: float | None, rounding: str) -> None:
    option = replace(OPTION, degree_factor=degree_factor, rounding=rounding)
    merge = merge_of(range(8), (9,))
    updates = torch.arange(-24.0, 24.0).reshape(8, 6) / 8  # whole numbers of the step
    totals = summed(lambda ranks: option.begin_sum(6, merge, ranks), updates, merge.partners, 2)
    for total in totals:
        assert torch.equal(total, updates.double().sum(dim=0))


@pytest.mark.parametrize(
    ("num_partners", "length", "published"), [(2**10, 2**20, 1.73), (2**14, 2**24, 1.98)]
)
def test_bytes_are_the_papers(num_partners: int, length: int, published: float) -> None:
    """Values from −32,767 to 32,767 are the paper's 16 bits; one entry counts clipped values."""
    load = Load(num_parameters=length - 1, num_partners=num_partners)
    wire_bytes = SIXTEEN_BITS.wire_bytes(0, load)
    assert wire_bytes == client_bits(num_partners, length, 16) / 8
    assert wire_bytes / (2 * length) == pytest.approx(published, abs=0.005)
    assert wire_bytes / (2 * length) == expansion(num_partners, length, 16)


def test_bytes_by_hand() -> None:
    # L = 4096: 2 * 3 * 4096 needs 15 bits; 8 entries, so 120 bits; 2 * 3 keys and 5 * 3 - 4 shares
    # of 32 bytes
    assert OPTION.wire_bytes(28, Load(num_parameters=7, num_partners=3)) == 15 + 17 * 32
    # one entry more is 15 bits more, so 2 bytes
    assert OPTION.wire_bytes(28, Load(num_parameters=8, num_partners=3)) == 17 + 17 * 32


def test_a_sparse_graphs_bytes_by_hand() -> None:
    # 2 log2 64 = 12 neighbours, 13 holders: 26 keys and 61 shares; 2 * 64 * 4096 = 2^19 needs 20
    # bits
    sparse = replace(OPTION, degree_factor=2.0)
    load = Load(num_parameters=7, num_partners=64)
    assert sparse.wire_bytes(28, load) == 20 + (26 + 61) * 32


def test_costs_by_hand() -> None:
    # of 4 partners t is 3: encode 1 s, 4 masks of 4,000 bytes 4 s, 2 * 3 agreements 3 s, and
    # 2 secrets * 4 shares * 3 products 3 s; the proxy takes 4 masks off, and recovers 4 seeds with
    # 3 products each
    cost = OPTION.cost(Load(num_parameters=1000, num_partners=4))
    assert cost.partner_sim_s == pytest.approx(1 + 4 + 3 + 3)
    assert cost.proxy_sim_s == pytest.approx(4 * (1 + 3 / 8))
    assert cost.num_round_trips == 3


def test_large_entries_take_twice_as_long_to_mask() -> None:
    load = Load(num_parameters=1000, num_partners=4)
    large = replace(OPTION, max_abs=2.0**30)
    assert large.cost(load).partner_sim_s == pytest.approx(1 + 8 + 3 + 3)


def test_a_sparse_graph_costs_less() -> None:
    # 13 holders of 64 and t = 9: masks 13 s, 2 * 12 agreements 12 s, 2 * 13 * 9 products 29.25 s
    cost = replace(OPTION, degree_factor=2.0).cost(Load(num_parameters=1000, num_partners=64))
    assert cost.partner_sim_s == pytest.approx(1 + 13 + 12 + 29.25)
    assert cost.proxy_sim_s == pytest.approx(64 * (1 + 9 / 8))


def test_the_guarantee_names_how_many_may_collude() -> None:
    stated = OPTION.guarantee(everyone(10), 5)
    assert (stated.unit, stated.epsilon) == ("update", None)
    # t is 0.66 of 10, rounded up: 7
    assert stated.hidden_from == "the proxy and up to 6 partners that collude with it"
    sparse = replace(OPTION, degree_factor=2.0).guarantee(everyone(100), 5)
    # 14 neighbours, so 15 holders, of whom 10
    assert "up to 9 partners in each neighbourhood" in sparse.hidden_from


@dataclass(frozen=True, kw_only=True)
class Scaling(Mechanism):
    def scales(self, norms: torch.Tensor, merge: Merge) -> torch.Tensor:
        return norms


def test_what_changes_updates_comes_before() -> None:
    chain = Chain([Scaling(), OPTION])
    assert chain.secure_sum is OPTION
    assert chain.needs_sum and chain.needs_rows
    with pytest.raises(ValueError, match=r"privacy\.secagg must come after test_secagg"):
        Chain([OPTION, Scaling()])
    with pytest.raises(ValueError, match="at most one secure sum"):
        Chain([OPTION, OPTION])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold_fraction": 0.5}, r"threshold_fraction must be above 0\.5.*got 0\.5; try"),
        ({"threshold_fraction": 1.1}, "threshold_fraction must be above"),
        ({"threshold_fraction": float("nan")}, "threshold_fraction must be above"),
        ({"degree_factor": 0.0}, "degree_factor must be finite and above 0"),
        ({"step": 0.0}, "step must be"),
        ({"max_abs": 0.0}, "max_abs must be"),
        ({"rounding": "up"}, "rounding must be one of nearest, stochastic"),
        ({"encode_parameters_per_s": 0.0}, "encode_parameters_per_s must be"),
        ({"mask_bytes_per_s": 0.0}, "mask_bytes_per_s must be"),
        ({"agreements_per_s": 0.0}, "agreements_per_s must be"),
        ({"multiplications_per_s": 0.0}, "multiplications_per_s must be"),
    ],
)
def test_refuses_settings_out_of_range(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(OPTION, **settings)
    replace(OPTION, threshold_fraction=1.0, degree_factor=0.1)
