"""FedNova's weights, worked by hand (Wang et al. 2020)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.averaging import normalised

PARTNERS = st.lists(
    st.tuples(st.floats(0.01, 1.0), st.integers(1, 1000), st.floats(-1.0, 1.0)), min_size=1
)


def test_weights_by_hand() -> None:
    # effective steps 0.25 * 1 + 0.75 * 3 = 2.5; weights 0.25 * 2.5 / 1 and 0.75 * 2.5 / 3
    assert normalised([0.25, 0.75], [1, 3]) == pytest.approx([0.625, 0.625])


def test_equal_steps_leave_the_weights() -> None:
    assert normalised([0.2, 0.3, 0.5], [7, 7, 7]) == pytest.approx([0.2, 0.3, 0.5])


@given(PARTNERS)
def test_the_model_moves_along_the_mean_gradient(
    partners: list[tuple[float, int, float]],
) -> None:
    """Partner i has the constant gradient g_i, so its update of τ_i steps is τ_i g_i; the merged
    one is τ_eff Σ w_i g_i, whoever took how many steps. The plain mean would be Σ w_i τ_i g_i.
    """
    total = sum(share for share, _, _ in partners)
    weights = [share / total for share, _, _ in partners]
    steps = [num_steps for _, num_steps, _ in partners]
    gradients = [gradient for _, _, gradient in partners]
    update = sum(
        weight * num_steps * gradient
        for weight, num_steps, gradient in zip(
            normalised(weights, steps), steps, gradients, strict=True
        )
    )
    effective = sum(w * one for w, one in zip(weights, steps, strict=True))
    mean_gradient = sum(w * one for w, one in zip(weights, gradients, strict=True))
    assert update == pytest.approx(effective * mean_gradient, rel=1e-9, abs=1e-9)
