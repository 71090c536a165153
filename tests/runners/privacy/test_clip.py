"""Clipping, worked by hand, and what may stand between it and the noise."""

from dataclasses import replace
from math import inf

import pytest
import torch

from runners.privacy import Load, Mechanism
from runners.privacy.chain import Chain
from runners.privacy.clip import Clip, check_clipped
from tests.runners.privacy.dp_cases import CENTRAL, CLIP, LOCAL, merge_of


def test_long_updates_are_scaled_and_others_are_not() -> None:
    # 2 / 8; at the norm itself, below it and at 0 nothing changes
    scales = CLIP.scales(torch.tensor([8.0, 2.0, 1.0, 0.0, inf]), merge_of())
    assert scales.tolist() == [0.25, 1.0, 1.0, 1.0, 0.0]


def test_rows_keep_their_direction() -> None:
    rows = CLIP.protect(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), (0, 1), merge_of())
    # norm 5 becomes 2: 3 · 2/5, 4 · 2/5
    assert rows.tolist() == [pytest.approx([1.2, 1.6]), pytest.approx([0.3, 0.4])]


def test_an_infinite_norm_clips_nothing() -> None:
    clip = replace(CLIP, clipping_norm=inf)
    assert clip.scales(torch.tensor([1e30, 0.0]), merge_of()).tolist() == [1, 1]


def test_it_needs_no_rows_and_says_what_it_bounds() -> None:
    assert not Chain((CLIP,)).needs_rows
    assert CLIP.bounds_norms and CLIP.norm_bound(merge_of()) == 2.0
    assert not CLIP.has_equal_weights  # only noise asks for those


def test_costs_partners_a_pass() -> None:
    cost = CLIP.cost(Load(num_parameters=2_000_000, num_partners=3))
    assert (cost.partner_sim_s, cost.proxy_sim_s) == (0.002, 0)


def test_noise_needs_a_bound_before_it() -> None:
    with pytest.raises(ValueError, match=r"^privacy\.dp_central must come after clip or"):
        check_clipped("dp_central", (Mechanism(),), (CLIP,))
    check_clipped("dp_central", (LOCAL, CLIP), ())


@pytest.mark.parametrize("is_after", [False, True])
def test_nothing_may_lengthen_updates_behind_the_bound(is_after: bool) -> None:
    before, after = ((CLIP,), (LOCAL,)) if is_after else ((CLIP, LOCAL), ())
    with pytest.raises(
        ValueError, match=r"^privacy\.dp_local must come before the clipping .*\[dp_local,clip,"
    ):
        check_clipped("dp_central", before, after)


def test_only_the_last_bound_counts() -> None:
    check_clipped("dp_central", (CLIP, LOCAL, CLIP), (CENTRAL,))


@pytest.mark.parametrize("norm", [0.0, -1.0, float("nan")])
def test_refuses_no_norm(norm: float) -> None:
    with pytest.raises(ValueError, match=r"^clipping_norm must be above 0, got"):
        Clip(clipping_norm=norm, numbers_per_s=1e9)
