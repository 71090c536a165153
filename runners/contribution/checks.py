"""Owns which runs are a game: those whose coalitions can be trained one like the other."""

from runners.aggregation.mean import Mean
from runners.build import Run
from runners.compression.none import Uncompressed
from runners.options import ConfigError
from sim.agent.static import Static
from sim.availability.always import Always
from sim.fault.none import NoFault
from sim.mode.proxy.federated import Federated

REMEDY = "contributions are found by training every coalition alike"


def check_game(run: Run) -> None:
    """Raise ConfigError where a run's coalitions can't be trained, with what to change."""
    mode = run.mode
    if not isinstance(mode, Federated) or mode.algorithm not in ("fedavg", "fedprox"):
        raise ConfigError(
            "mode must be proxy/federated with algorithm fedavg or fedprox for contributions, got "
            f"{getattr(mode, 'algorithm', type(mode).__name__)}; try mode=proxy/federated"
        )
    if not hasattr(run.task, "data"):
        raise ConfigError(
            "task must have samples to train on for contributions, got one of numbers only; "
            "try task=digits_mlp"
        )
    wanted = {
        "agent=static": isinstance(run.agent, Static),
        "agent.num_participants=null": getattr(run.agent, "num_participants", None) is None,
        "mode.keep_fraction=1.0": mode.keep_fraction == 1,
        "mode.deadline_sim_s=null": mode.deadline_sim_s is None,
        "privacy=none": run.privacy.example_rule is None
        and not any(one.is_about_updates for one in run.privacy.mechanisms),
        "compression=none": isinstance(run.compression, Uncompressed),
        "aggregation=mean": isinstance(run.aggregation, Mean),
        "attack=label_flip": not run.attack.needs_rows,
        "availability=always": isinstance(run.availability, Always),
        "fault=none": isinstance(run.fault, NoFault),
        "budget.stops_at_target=false": not run.budget.stops_at_target,
        "budget.patience_evaluations=null": run.budget.patience_evaluations is None,
    }
    for override, holds in wanted.items():
        if not holds:
            name, _, value = override.partition("=")
            raise ConfigError(
                f"{name} must be {value} for contributions, got another value; {REMEDY}: try "
                f"{override}"
            )
