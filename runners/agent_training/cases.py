"""Owns what agents are trained on: consortia that are built once, and then simulated again and
again.

A resolved config and seeds come in. Each seed is a case: its own drawn partners, split of the data,
and learning curve. What is to be reached is the target accuracy with learner=curve, and the end of
the budget with learner=none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from runners.build import Run, assemble, build
from runners.options import ConfigError
from runners.virtual_learner import virtual_learner
from sim.agent.dqn import Dqn
from sim.learner import Learner
from sim.learner.curve import CurveLearner
from sim.setting import Setting


@dataclass(frozen=True, kw_only=True)
class Case:
    """Hold one consortium: its setting, its learner, and the units of rewards.

    `time_unit_sim_s` is about the length of a round; `goal_samples` are the balanced samples that
    reach the target, None where the budget's end is the goal; `goal_reward` is what all of the way
    there is worth, in units of time: about as many as it takes.
    """

    setting: Setting
    learner: Learner
    time_unit_sim_s: float
    goal_samples: float | None
    goal_reward: float

    @property
    def num_partners(self) -> int:
        """Return the number of partners."""
        return len(self.setting.consortium.partners)


def cases_of(config: Mapping[str, Any], seeds: Sequence[int]) -> list[Case]:
    """Return a case for each seed; raises ConfigError where one can't be run."""
    return [_case(build({**config, "seed": seed})) for seed in seeds]


def check_fits(num_participants: int | None, cases: Sequence[Case]) -> None:
    """Raise ValueError where a consortium has fewer partners than are to take part."""
    smallest = min(case.num_partners for case in cases)
    if num_participants is not None and num_participants > smallest:
        raise ValueError(
            f"trainer.num_participants must be at most the {smallest} partners, got "
            f"{num_participants}; try trainer.num_participants={smallest}"
        )


def _case(run: Run) -> Case:
    # Who decides is outside; this agent only says that losses are asked for.
    run = replace(
        run, agent=Dqn(policy=None, num_participants=None, shuffles=False), trace_level="rounds"
    )
    setting, assignment = assemble(run, checks_agent=False)
    learner = virtual_learner(run, assignment, setting.workload)
    steps = _usual_steps(setting)
    goal_samples = _goal_samples(learner, setting)
    full = setting.workload.total_samples * setting.budget.num_epochs
    way = full if goal_samples is None else goal_samples
    return Case(
        setting=setting,
        learner=learner,
        time_unit_sim_s=_round_sim_s(setting, steps),
        goal_samples=goal_samples,
        goal_reward=way / (steps * setting.workload.batch_size),
    )


def _goal_samples(learner: Learner, setting: Setting) -> float | None:
    if not isinstance(learner, CurveLearner):
        return None
    target = setting.budget.target_accuracy
    samples = learner.curve.samples_for(target)
    if not math.isfinite(samples):
        raise ConfigError(
            f"budget.target_accuracy must be below the curve's final accuracy "
            f"{learner.curve.final_accuracy:.4f}, got {target}; try budget.target_accuracy=0.8"
        )
    return samples


def _usual_steps(setting: Setting) -> float:
    local: Any = setting.mode
    if not hasattr(local, "all_num_steps"):
        raise ConfigError(
            f"mode must be one in which an agent decides, got {type(local).__name__}; "
            "try mode=proxy/federated"
        )
    return float(median(local.all_num_steps(setting.workload).tolist()))


def _round_sim_s(setting: Setting, num_steps: float) -> float:
    """Return how long a round takes the median partner, alone on its links."""
    step_sim_s = setting.hardware.steps_sim_s(setting.workload, 1) * setting.protection.step_factor
    rounds = [
        num_steps * step_sim_s / one.speed
        + setting.workload.update_bytes / one.downlink_bytes_per_s
        + setting.protection.wire_bytes / one.uplink_bytes_per_s
        + 4 * one.latency_sim_s
        for one in setting.consortium.partners
    ]
    return max(1e-9, median(rounds))
