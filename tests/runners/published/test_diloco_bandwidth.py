"""The bandwidth that DiLoCo needs: every published figure, and the simulator held against a closed
form.
"""

import math
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from runners.published import Figure
from runners.published.diloco import Architecture, utilisation
from runners.published.diloco_bandwidth import BYTES_PER_GBIT, GRID_GBIT_PER_S, DilocoBandwidth
from runners.reproduce import build_table
from sim.mode.partner.diloco import DiLoCo

CONF = Path(__file__).parents[3] / "conf" / "published" / "diloco_bandwidth.yaml"


def table(**changes: object) -> DilocoBandwidth:
    node = OmegaConf.to_container(OmegaConf.load(CONF))
    assert isinstance(node, dict)
    built = build_table(node | changes)
    assert isinstance(built, DilocoBandwidth)
    return built


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return list(table().figures())


def test_every_figure_is_within_a_step_of_the_grid(figures: list[Figure]) -> None:
    assert len(figures) == 50
    assert [f"{one.row}, {one.quantity}: {one}" for one in figures if not one.is_held] == []


def test_four_of_five_figures_are_the_published_ones(figures: list[Figure]) -> None:
    """The published figures are rounded to 0.1."""
    exact = [one for one in figures if abs(one.simulated - one.published) < 0.06]
    assert len(exact) == 40
    signs = [one.simulated - one.published for one in figures if one not in exact]
    assert sum(sign > 0 for sign in signs) == 7  # a step of the grid above, and 3 below


def test_the_grid_is_the_authors() -> None:
    assert len(GRID_GBIT_PER_S) == 50
    assert [round(one, 1) for one in GRID_GBIT_PER_S[-4:]] == [569.0, 686.6, 828.6, 1000.0]


@pytest.mark.parametrize("inner_steps", [1, 3, 50])
@pytest.mark.parametrize("sum_sim_s", [0.1, 1.9, 2.1, 30.0])
def test_a_round_has_its_closed_form(inner_steps: int, sum_sim_s: float) -> None:
    """H steps of c = 3 s; the sum of L = 4 layers takes T. A backward pass is 2/3 of a step, so the
    last layer's sum begins 2/3 c (1 - 1/L) = 1.5 s before the end, and the first one's T/L is
    never hidden: H c + max(T/L, T - 1.5).
    """
    simulated = utilisation(
        DiLoCo(
            inner_steps=inner_steps,
            outer_learning_rate=0.7,
            outer_momentum=0.9,
            num_fragments=1,
            overlap_steps=0,
            wire_bytes_per_parameter=2.0,
            reduces_during_backward=True,
            algorithm="ring",
        ),
        num_partners=2,
        num_parameters=1000,
        num_layers=4,
        step_sim_s=3.0,
        bytes_per_s=2000 / sum_sim_s,  # a ring of two sends each of the 2,000 bytes once
    )
    round_sim_s = 3 * inner_steps + max(sum_sim_s / 4, sum_sim_s - 1.5)
    assert simulated == pytest.approx(3 * inner_steps / round_sim_s, rel=1e-12)


def test_an_architecture_that_is_not_listed_has_the_others_constants(tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text(
        "architecture,num_parameters_billion,step_s,inner_steps,cu50,cu80,cu90,cu95,cu99\n"
        "new,1,3,10,0.4,1,2,4,10\n"
    )
    simulated = [one.simulated for one in table(file=str(file)).figures()]
    for gbit_per_s, target in zip(simulated, (0.5, 0.8, 0.9, 0.95, 0.99), strict=True):
        place = GRID_GBIT_PER_S.index(gbit_per_s)
        below = GRID_GBIT_PER_S[place - 1]
        # T = 1e9 * 1.5 bytes / bandwidth, L = 61, as above
        reached = [
            30 / (30 + max(total / 61, total - 2 * (1 - 1 / 61)))
            for total in (1.5e9 / (one * BYTES_PER_GBIT) for one in (below, gbit_per_s))
        ]
        assert reached[0] < target <= reached[1]


def test_what_no_bandwidth_of_the_grid_reaches_is_infinite(tmp_path: Path) -> None:
    file = tmp_path / "huge.csv"
    file.write_text(
        "architecture,num_parameters_billion,step_s,inner_steps,cu50,cu80,cu90,cu95,cu99\n"
        "huge,100000,1,1,1000,1000,1000,1000,1000\n"
    )
    figures = list(table(file=str(file)).figures())
    assert all(math.isinf(one.simulated) and not one.is_held for one in figures)


def test_refuses_no_layers() -> None:
    with pytest.raises(ValueError, match="num_layers must be at least 1, got 0"):
        Architecture(num_layers=0, wire_bytes_per_parameter=2.0)
