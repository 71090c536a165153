"""DiLoCo on real ranks: what goes on from round to round, and what is refused.

That it agrees on any number of ranks, and with local SGD, is in `test_ranks` and `test_equalities`.
"""

import pytest

from runners.launch import RankFailure
from tests.parallel.conftest import Train

DILOCO = ("mode=partner/diloco", "mode.inner_steps=5")


def test_momentum_goes_on_from_round_to_round(train: Train) -> None:
    without = train(*DILOCO, "mode.outer_momentum=0.0").curve("test_loss")
    momentum = train(*DILOCO).curve("test_loss")
    assert momentum[0] == without[0]
    assert all(ours != other for ours, other in zip(momentum[1:], without[1:], strict=True))
    assert momentum[-1] < momentum[0]


@pytest.mark.parametrize("wire_bytes", [2.0, 1.0, 0.5])
def test_a_coarser_wire_still_learns(train: Train, wire_bytes: float) -> None:
    """Updates are rounded, so that another model comes out, about as good."""
    exact = train(*DILOCO).curve("test_loss")
    rough = train(*DILOCO, f"mode.wire_bytes_per_parameter={wire_bytes}").curve("test_loss")
    assert rough[-1] != exact[-1]
    assert rough[-1] == pytest.approx(exact[-1], abs=(exact[0] - exact[-1]) / 5)


def test_refuses_a_precision_that_no_number_has(train: Train) -> None:
    message = r"mode\.wire_bytes_per_parameter must be one of 4, 2, 1, 0\.5 .*got 3\.0"
    with pytest.raises(RankFailure, match=message):
        train(*DILOCO, "mode.wire_bytes_per_parameter=3.0")
