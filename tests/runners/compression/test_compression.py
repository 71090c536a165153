"""What all options have in common: sizes on the wire, who draws what, and what must survive."""

import pytest
import torch

from runners.compression import Compression, Layout, groups
from runners.privacy import Cost, Load
from tests.runners.compression.options import (
    ALL,
    LAYOUT,
    SPEEDS,
    WITH_MEMORY,
    WITHOUT_MEMORY,
    compressed,
    merge_of,
    rows,
    vector,
)

each_option = pytest.mark.parametrize("option", ALL.values(), ids=ALL)


def test_a_layout_counts_its_numbers() -> None:
    assert LAYOUT.tensor_sizes == [108, 12, 48, 5]
    assert (LAYOUT.num_trained, LAYOUT.size) == (173, 180)


@pytest.mark.parametrize(
    ("name", "num_bytes"),
    [
        ("none", 4 * 173),
        ("float16", 2 * 173 + 4),
        ("int8", 173 + 4 * 3),  # 173 / 64 is 2.7, so 3 scales
        ("int4", 87 + 4 * 11),  # 173 / 2 is 86.5; 173 / 16 is 10.8
        ("few_of_top_k", 4 * 3 + 4 * 3),  # 0.02 * 173 is 3.46; 12 bytes are less than 22
        ("top_k", 4 * 52 + 22),  # 0.3 * 173 is 51.9; 173 bits are 22 bytes, less than 4 * 52
        ("random_k", 4 * 17),  # 0.1 * 173 is 17.3
        ("sign", 22 + 4 * 4),  # 4 tensors
        # 12 by 9 in 2 columns: 2 * 21 for 108; 4 by 12: 2 * 16 for 48; and vectors of 12 and 5
        ("powersgd", 4 * (42 + 12 + 32 + 5)),
    ],
)
def test_bytes_on_the_wire_by_hand(name: str, num_bytes: int) -> None:
    assert ALL[name].wire_bytes(LAYOUT) == num_bytes + 4 * 7  # the statistics


@each_option
@pytest.mark.parametrize("layout", [LAYOUT, Layout(tensor_shapes=((8, 8), (1,)))])
def test_an_encoding_takes_the_bytes_that_are_charged(option: Compression, layout: Layout) -> None:
    merge = merge_of(range(3))
    wire = option.encode(rows(3, layout.num_trained), merge.partners, merge, layout)
    for row in range(3):
        message = b"".join(tensor[row].numpy().tobytes() for tensor in wire)
        assert len(message) == option.trained_bytes(layout)


@each_option
def test_the_receiver_needs_no_more_than_the_message(option: Compression) -> None:
    updates, merge = rows(3), merge_of((4, 7, 900))
    wire = option.encode(updates[:, :173], merge.partners, merge, LAYOUT)
    decoded = option.decode(wire, merge.partners, merge_of((4, 7, 900)), LAYOUT)
    assert torch.equal(decoded, compressed(option, updates, LAYOUT, merge_of((4, 7, 900)))[:, :173])


@each_option
def test_statistics_arrive_as_they_are(option: Compression) -> None:
    updates = rows(3)
    decoded = compressed(option, updates, LAYOUT, merge_of(range(3)))
    assert torch.equal(decoded[:, 173:], updates[:, 173:])


@each_option
def test_a_partner_draws_the_same_whoever_is_with_it(option: Compression) -> None:
    updates, memory, alone_memory = rows(5), {}, {}
    for number in range(3):
        merge = merge_of((8, 2, 5, 3, 900), number=number, memory=memory)
        together = compressed(option, updates, LAYOUT, merge)
        merge = merge_of((5,), number=number, memory=alone_memory)
        alone = compressed(option, updates[2:3], LAYOUT, merge)
        torch.testing.assert_close(alone, together[2:3])


@pytest.mark.parametrize("name", ["int8", "int4", "random_k", "powersgd_alone"])
def test_partners_and_merges_draw_differently(name: str) -> None:
    updates = rows(1).expand(2, -1)
    first = compressed(ALL[name], updates, LAYOUT, merge_of((1, 2)))
    second = compressed(ALL[name], updates, LAYOUT, merge_of((1, 2), number=1))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], second[0])


@each_option
def test_how_many_rows_are_compressed_at_once_does_not_matter(
    option: Compression, monkeypatch: pytest.MonkeyPatch
) -> None:
    updates = rows(5)
    whole = compressed(option, updates, LAYOUT, merge_of(range(5)))
    monkeypatch.setattr(groups, "GROUP_NUMBERS", 400)  # two rows of 180
    torch.testing.assert_close(compressed(option, updates, LAYOUT, merge_of(range(5))), whole)


def test_a_group_has_a_partner_once_and_no_more_rows_than_fit() -> None:
    wide, narrow = torch.empty(5, groups.GROUP_NUMBERS // 2), torch.empty(5, 10)
    assert list(groups.groups((1, 2, 3, 4, 5), wide)) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert list(groups.groups((1, 2, 1, 1, 2), narrow)) == [slice(0, 2), slice(2, 3), slice(3, 5)]
    assert list(groups.groups((), torch.empty(0, 10))) == []


@each_option
@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_a_factor_goes_through_the_encoding(option: Compression, factor: float) -> None:
    """So clipping what is decoded changes scales and values, and no size."""
    once = compressed(option, rows(3), LAYOUT, merge_of(range(3)))
    scaled = compressed(option, rows(3) * factor, LAYOUT, merge_of(range(3)))
    torch.testing.assert_close(scaled, once * factor)


@each_option
def test_zeros_stay_zeros(option: Compression) -> None:
    decoded = compressed(option, torch.zeros(2, 180), LAYOUT, merge_of(range(2)))
    assert not decoded.any()


@pytest.mark.parametrize("name", [name for name in ALL if "random_k" not in name])
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_what_is_not_finite_shows_and_stays_in_its_row(name: str, bad: float) -> None:
    updates = rows(3)
    updates[1, 40] = bad
    decoded = compressed(ALL[name], updates, LAYOUT, merge_of(range(3)))
    assert decoded.isfinite().all(dim=1).tolist() == [True, False, True]


@each_option
def test_a_bad_update_does_not_spoil_the_next(option: Compression) -> None:
    updates, memory = rows(1), {}
    compressed(option, torch.full_like(updates, torch.nan), LAYOUT, merge_of((1,), memory=memory))
    merge = merge_of((1,), number=1, memory=memory)
    assert compressed(option, updates, LAYOUT, merge).isfinite().all()


@each_option
def test_updates_are_overwritten_and_encode_leaves_them(option: Compression) -> None:
    updates, merge = rows(2), merge_of(range(2))
    option.encode(updates[:, :173], merge.partners, merge, LAYOUT)
    assert torch.equal(updates, rows(2))
    assert option.compress(updates, merge.partners, merge, LAYOUT) is updates


@pytest.mark.parametrize("name", ["none", "shared_random_k", "unbiased_shared_random_k"])
def test_what_can_be_added_up_is(name: str) -> None:
    option, partners = ALL[name], (3, 1, 4)
    updates, weights = rows(3), torch.tensor([0.5, 0.25, 0.25])
    decoded = compressed(option, updates, LAYOUT, merge_of(partners))
    merge = merge_of(partners)
    codes = option.project(updates.clone(), partners, merge, LAYOUT)
    assert codes.shape == (3, option.num_sent(LAYOUT))
    torch.testing.assert_close(codes.norm(dim=1), decoded.norm(dim=1))
    lifted = option.lift(weights.double() @ codes.double(), merge, LAYOUT)
    torch.testing.assert_close(lifted, weights.double() @ decoded.double())


def test_what_is_projected_is_remembered_as_what_is_compressed() -> None:
    option, first, second = ALL["shared_random_k"], {}, {}
    compressed(option, rows(3), LAYOUT, merge_of(range(3), memory=first))
    option.project(rows(3), range(3), merge_of(range(3), memory=second), LAYOUT)
    for partner in range(3):
        assert torch.equal(first["errors"][partner], second["errors"][partner])


def test_only_none_lets_engines_add_up() -> None:
    assert [name for name, option in ALL.items() if not option.needs_rows] == ["none"]


@pytest.mark.parametrize("name", [name for name in ALL if name != "none"])
def test_cost_by_hand(name: str) -> None:
    # 4e6 bytes at 4e8 bytes a second, and 10 times 4e6 at 1e9
    cost = ALL[name].cost(Load(num_parameters=1_000_000, num_partners=10))
    assert cost == Cost(partner_sim_s=0.01, proxy_sim_s=0.04)


def test_none_costs_nothing() -> None:
    assert ALL["none"].cost(Load(num_parameters=1_000_000, num_partners=10)) == Cost()


@pytest.mark.parametrize("name", SPEEDS)
@pytest.mark.parametrize("option", [option for name, option in ALL.items() if name != "none"])
def test_refuses_speeds_that_are_none(option: Compression, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be finite and above 0, got 0\.0"):
        type(option)(**(vars(option) | {name: 0.0}))


def test_errors_are_kept_where_they_are_asked_for() -> None:
    assert all(option.keeps_errors for option in WITH_MEMORY.values())
    assert not any(option.keeps_errors for option in WITHOUT_MEMORY.values())


def test_one_number_can_be_sent() -> None:
    for name in ("int8", "int4", "top_k", "random_k", "sign", "float16"):
        decoded = compressed(ALL[name], torch.tensor([[-3.0]]), vector(1), merge_of((0,)))
        assert decoded.tolist() == [[-3.0]]
