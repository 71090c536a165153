"""Titles of runs by the options in which they differ, as these were given."""

from types import SimpleNamespace
from typing import Any

import pandas as pd

from runners.report.option_titles import option_titles


def sweep(*runs: tuple[str, dict[str, Any]]) -> Any:
    """Return finished runs by the name of their agent and its settings."""
    records = {
        str(number): {"names": {"agent": name}, "config": {"agent": settings}}
        for number, (name, settings) in enumerate(runs)
    }
    return SimpleNamespace(records=records, finished=pd.DataFrame({"run": list(records)}))


def test_a_whole_number_stays_one_where_other_options_lack_the_setting() -> None:
    told = option_titles(sweep(("oort", {"k": 4}), ("oort", {"k": 8}), ("static", {})), "agent")
    assert told == ["oort k=4", "oort k=8", "static"]


def test_values_are_told_as_they_were_given() -> None:
    one = {"level": {"rank": 2, "share": 1.0}, "parts": [1, 2], "on": True, "same": 3}
    other = {"level": {"rank": None, "share": 1}, "parts": [1], "on": False, "same": 3}
    told = option_titles(sweep(("a", one), ("a", other)), "agent")
    assert told == ["a rank=2 share=1.0 parts=[1, 2] on=True", "a share=1 parts=[1] on=False"]


def test_what_runs_of_one_option_share_is_not_told() -> None:
    runs = sweep(("a", {"k": 1}), ("b", {"k": 2}), ("a", {"k": 1}), ("b", {"k": None}))
    assert option_titles(runs, "agent") == ["a", "b k=2", "a", "b"]


def test_a_group_that_a_run_lacks_is_called_none() -> None:
    assert option_titles(sweep(("a", {})), "attack") == ["none"]
