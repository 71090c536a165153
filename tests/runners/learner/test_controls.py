"""SCAFFOLD's control variates, by hand."""

import pytest
import torch

from runners.learner.controls import Controls, check_controls
from runners.optimizer.adam import Adam
from tests.runners.learner.one_rank import sgd


def test_two_works_of_one_partner_by_hand() -> None:
    """Four partners. c_k' = c_k − c − u / Σ η; c moves by (c_k' − c_k) / 4."""
    controls = Controls(num_partners=4)
    line = torch.tensor([1.0, 2.0])
    assert controls.drift(0, line).tolist() == [1.0, 2.0]  # c_k is 0 before the first work
    change = controls.change(0, line, torch.tensor([-0.6, 0.3]), rates=[0.1, 0.2])
    # −(1, 2) − (−0.6, 0.3) / 0.3 = (1, −3)
    assert change.tolist() == pytest.approx([0.25, -0.75])
    line = torch.tensor([0.0, 1.0])
    assert controls.drift(0, line).tolist() == pytest.approx([-1.0, 4.0])
    change = controls.change(0, line, torch.tensor([0.3, 0.3]), rates=[0.3])
    # (1, −3) − (0, 1) − (1, 1) = (0, −5), which is (−1, −2) further
    assert change.tolist() == pytest.approx([-0.25, -0.5])
    assert controls.of_partner[0].tolist() == pytest.approx([0.0, -5.0])
    assert controls.drift(1, line).tolist() == [0.0, 1.0]  # partners don't share


@pytest.mark.parametrize(
    "optimizer",
    [
        sgd(momentum=0.9),
        Adam(learning_rate=0.1, beta_1=0.9, beta_2=0.9, epsilon=1e-8, weight_decay=0.0, l1=0.0),
    ],
)
def test_refuses_optimizers_whose_steps_are_not_gradients(optimizer: object) -> None:
    with pytest.raises(ValueError, match=r"needs plain SGD at the partners, got .*try optimizer@"):
        check_controls(optimizer)


def test_plain_sgd_is_accepted() -> None:
    check_controls(sgd())
