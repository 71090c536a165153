"""Train an agent on simulated consortia, for agent=dqn or agent=q_learning to use in any run:
python -m runners.train_agent trainer=dqn scenario.num_partners=30
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from runners.config_file import write_config
from runners.job import EXIT_CONFIG, main_of
from runners.options import build_option, checked, option_name
from runners.perform import without_garbage_collector
from runners.progress import progress

if TYPE_CHECKING:
    from runners.agent_training.training import Plan, Progress

VALIDATION_SEEDS = 1000
"""How far the seeds of the cases that are not trained on are from the others."""


def plan_of(config: dict[str, Any]) -> "Plan":
    """Return the checked training of a resolved config; raises ConfigError where it can't be."""
    from runners.agent_training.cases import cases_of
    from runners.agent_training.numbers import Numbers
    from runners.agent_training.training import Plan

    trainer = build_option("trainer", config["trainer"])
    numbers = checked(Numbers, config["cases"], "cases")
    run = {name: value for name, value in config.items() if name not in ("trainer", "cases")}
    seed = run["seed"]
    others = seed + VALIDATION_SEEDS
    return Plan(
        kind=option_name("trainer", config["trainer"]),
        trainer=trainer,
        cases=cases_of(run, range(seed, seed + numbers.num_training)),
        validation=cases_of(run, range(others, others + numbers.num_validation)),
        num_validations=numbers.num_validations,
        config=config,
        seed=seed,
    )


def _train(config: DictConfig) -> None:
    container = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(container, dict)
    folder = Path(HydraConfig.get().runtime.output_dir)
    plan = plan_of({str(key): value for key, value in container.items()})
    write_config(folder, plan.config)
    from runners.agent_training.training import train

    try:
        with progress.run(f"training {plan.kind}") as on_progress, without_garbage_collector():
            done = train(folder, plan, on_progress)
    except KeyboardInterrupt:
        print(f"Go on with the same command and hydra.run.dir={folder}", file=sys.stderr)
        raise
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)
    _tell(folder, plan, done)


def _tell(folder: Path, plan: "Plan", done: "Progress") -> None:
    best = max(done.validations, key=lambda one: one["reward"])
    print(
        f"{len(done.episodes)} episodes; the best policy, after {best['num_steps']:.0f} steps: "
        f"{best['total_sim_s']:.4g} s of virtual time, {best['is_at_goal']:.0%} of "
        f"{len(plan.validation)} consortia that it was not trained on at their goal"
    )
    print(f"Use it: agent={plan.kind} agent.policy={folder / 'policy.npz'}")


if __name__ == "__main__":
    main_of("train_agent", _train)()
