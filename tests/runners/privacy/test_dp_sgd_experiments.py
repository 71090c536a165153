"""Experiments with DP-SGD spend the ε that their files state, in all the passes that they state."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from runners.build import build
from runners.privacy.dp_sgd import DpSgd
from tests.runners.compose import compose

FOLDER = Path(__file__).parents[3] / "conf" / "experiment"


@pytest.mark.parametrize(
    ("overrides", "num_images", "max_epsilon", "num_steps"),
    [
        # 20 · 60,000 / 1,024 = 1,171.9 steps, and 20 · 1,000 / 250
        (("+experiment=abadi2016",), 60_000, 2.0, 1_172),
        (
            ("+experiment=overfitted_audit", "+experiment/overfitted_audit=dp_sgd"),
            1_000,
            1.0,
            80,
        ),
    ],
    ids=["abadi2016", "overfitted_audit"],
)
def test_the_budget_is_spent_by_the_last_step(
    overrides: tuple[str, ...], num_images: int, max_epsilon: float, num_steps: int
) -> None:
    run = build(compose(*overrides))
    (mechanism,) = run.privacy.mechanisms
    assert isinstance(mechanism, DpSgd)
    assert (mechanism.max_epsilon, mechanism.delta) == (max_epsilon, 1e-5)
    assert len(run.task.index().train_labels) == num_images
    assert run.budget.num_epochs * num_images == pytest.approx(
        num_steps * run.task.batch_size, rel=1e-3
    )
    steps = mechanism.max_steps(num_images, run.task.batch_size)
    assert num_steps <= steps < 1.01 * num_steps


def test_the_audit_s_sweep_has_all_of_its_files() -> None:
    sweep = OmegaConf.load(FOLDER / "overfitted_audit.yaml").hydra.sweeper.params
    listed = sweep["+experiment/overfitted_audit"].split(",")
    assert sorted(listed) == sorted(
        path.stem for path in (FOLDER / "overfitted_audit").glob("*.yaml")
    )
