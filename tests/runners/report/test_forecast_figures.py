from types import SimpleNamespace
from typing import Any

import pandas as pd

from runners.report.forecast_figures import forecasts, has_forecasts
from runners.report.palette import looks_of

ROUNDS = pd.DataFrame(
    {
        "label": ["federated"] * 3 + ["solo"] * 2,
        "start_sim_s": [0.0, 10.0, 30.0, 0.0, 5.0],
        "end_sim_s": [10.0, 30.0, 60.0, 5.0, 9.0],
        "predicted_sim_s": [float("nan"), 15.0, 30.0, float("nan"), float("nan")],
    }
)


def sweep(rounds: pd.DataFrame) -> Any:
    return SimpleNamespace(rounds=rounds)


def test_rounds_against_what_was_expected() -> None:
    assert has_forecasts(sweep(ROUNDS))
    marks, line = forecasts(sweep(ROUNDS), looks_of(["federated", "solo"])).figure.data
    assert marks.name == "federated"
    assert list(marks.x) == [15.0, 30.0]
    assert list(marks.y) == [20.0, 30.0]
    assert list(line.x) == list(line.y) == [0.0, 30.0]


def test_sweeps_without_forecasts_have_no_picture() -> None:
    assert not has_forecasts(sweep(ROUNDS[ROUNDS["label"] == "solo"]))
    assert not has_forecasts(sweep(ROUNDS.drop(columns="predicted_sim_s")))
    assert not has_forecasts(sweep(pd.DataFrame()))
