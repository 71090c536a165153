"""Owns what a choice comes to: a set of candidates trains as a consortium on the virtual clock.

Each set trains on the same number of samples, `budget.num_epochs` passes over those of all
candidates together, so that times compare. What it costs is machines, traffic and energy by the
run's tariff, and the members' prices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from runners.build import assemble, build
from runners.options import ConfigError
from runners.select.candidates import Candidate
from runners.tables import rounds_table, virtual_summary
from sim.learner.none import TimeOnly
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """Hold what a set of candidates, by numbers, came to: it trained on `num_trained` samples,
    repeats counted, of the `num_samples` that its members hold.
    """

    members: tuple[int, ...]
    num_samples: int
    num_trained: int
    price_usd: float
    total_sim_s: float
    run_usd: float

    @property
    def cost_usd(self) -> float:
        """Prices and running costs together."""
        return self.price_usd + self.run_usd


def consequence_of(
    members: tuple[int, ...],
    candidates: Sequence[Candidate],
    config: Mapping[str, Any],
) -> Consequence:
    """Simulate a set in a config's mode; raises ConfigError where it can't be run."""
    chosen = [candidates[one] for one in members]
    run = build(_config_of(chosen, candidates, config))
    setting, _ = assemble(run)
    outcome = World(setting, TimeOnly(), _ignore).run()
    summary = virtual_summary(
        outcome,
        rounds_table(outcome),
        num_partners=len(chosen),
        target_accuracy=run.budget.target_accuracy,
        tariff=run.tariff,
    )
    return Consequence(
        members=members,
        num_samples=sum(one.num_samples for one in chosen),
        num_trained=summary["num_samples"],
        price_usd=sum(one.price_usd for one in chosen),
        total_sim_s=summary["total_sim_s"],
        run_usd=summary["cost_usd"],
    )


def _config_of(
    chosen: Sequence[Candidate], candidates: Sequence[Candidate], config: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the config with these partners, their samples, and the same work to do."""
    num_samples = sum(one.num_samples for one in chosen)
    total = sum(one.num_samples for one in candidates)
    if "num_samples" not in config["task"]:
        raise ConfigError(
            "task must be one by numbers, whose samples are the candidates', got "
            f"{config['task'].get('name')!r}; try task=sized task.num_parameters=1000000"
        )
    listed = {
        "_target_": "sim.scenario.listed.Listed",
        "partners": {one.name: asdict(one.site) for one in chosen},
        "proxy": config["scenario"]["proxy"],
    }
    budget = {"num_epochs": config["budget"]["num_epochs"] * total / num_samples}
    return {
        **config,
        "scenario": listed,
        "task": {**config["task"], "num_samples": num_samples},
        "budget": {**config["budget"], **budget},
    }


def simulate_sets(
    sets: Sequence[tuple[int, ...]],
    candidates: Sequence[Candidate],
    config: Mapping[str, Any],
    on_progress: Callable[[float], None],
) -> dict[tuple[int, ...], Consequence]:
    """Return what each set comes to."""
    found: dict[tuple[int, ...], Consequence] = {}
    for number, members in enumerate(sets, start=1):
        found[members] = consequence_of(members, candidates, config)
        on_progress(number / len(sets))
    return found


def _ignore(_fraction: float) -> None:
    pass
