"""Agents and views made by hand, for tests of agents."""

from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from runners.options import build_option
from sim.agent import Agent
from sim.view import PartnerSight, Spent, View

CONF = Path(__file__).parents[3] / "conf/agent"


def agent(name: str, **changes: Any) -> Agent:
    """Return an agent with the settings of its YAML, or others."""
    node = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    assert isinstance(node, dict)
    made: Agent = build_option("agent", {**node, **changes})
    return made


def seen(num_partners: int, **changes: Any) -> PartnerSight:
    """Return what is seen of partners that have each been chosen once and taken 1 s a step, with
    messages that take no time; losses are not known.
    """
    unknown, ones = np.full(num_partners, np.nan), np.ones(num_partners, dtype=np.int64)
    values: dict[str, Any] = {
        "step_sim_s": np.ones(num_partners),
        "down_bytes_per_s": unknown,
        "up_bytes_per_s": unknown,
        "direct_down_bytes_per_s": unknown,
        "direct_up_bytes_per_s": unknown,
        "merge_sim_s": unknown,
        "round_trip_sim_s": unknown,
        "availability": np.ones(num_partners),
        "age_rounds": ones,
        "train_loss": unknown,
        "utility": unknown,
        "num_samples": 100 * ones,
        "num_chosen": ones,
        "num_dropped": 0 * ones,
        "in_flight": np.zeros(num_partners, dtype=np.bool_),
    }
    arrays = {name: np.asarray(value, dtype=values[name].dtype) for name, value in changes.items()}
    return PartnerSight(**(values | arrays))


def view(num_partners: int, sight: dict[str, Any] | None = None, **changes: Any) -> View:
    """Return a view in round 10 in which everyone is available, and takes 10 steps."""
    values: dict[str, Any] = {
        "round": 10,
        "now_sim_s": 100.0,
        "available": tuple(range(num_partners)),
        "num_wanted": None,
        "progress": 0.1,
        "sent_bytes": 0.0,
        "cost_usd": 0.0,
        "spent": Spent(
            time_fraction=np.nan,
            bytes_fraction=np.nan,
            cost_fraction=np.nan,
            privacy_fraction=np.nan,
        ),
        "queue_length": 0,
        "num_steps": np.full(num_partners, 10),
        "down_bytes": 400.0,
        "up_bytes": 400.0,
        "up_bytes_at": (400.0,),
        "num_replicas": 1,
        "direct_groups": (),
        "partners": seen(num_partners, **(sight or {})),
    }
    return View(**(values | changes))
