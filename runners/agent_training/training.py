"""Owns a training from its first episode to its files: it goes on from a checkpoint where there is
one, looks now and then how well the policy does on cases that it is not trained on, and keeps the
best policy by that.

Files: `learning.csv` (a row for each episode), `validation.csv`, `learning.png`, and `policy.npz`,
which is written last, in one step.
"""

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from runners.agent_training.cases import Case
from runners.agent_training.episode import Episode
from runners.record import config_hash, write_atomically
from runners.trainer import Session, Trainer
from sim.agent import Decider
from sim.policy_file import Arrays, Policy, write_policy

CHECKPOINT = "checkpoint.pickle"
POLICY = "policy.npz"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Say what is trained on what, and how often that is looked at."""

    kind: str
    trainer: Trainer
    cases: Sequence[Case]
    validation: Sequence[Case]
    num_validations: int
    config: Mapping[str, Any]
    seed: int


@dataclass(kw_only=True)
class Progress:
    """Keep what has come of a training so far."""

    episodes: list[dict[str, float]] = field(default_factory=list)
    validations: list[dict[str, float]] = field(default_factory=list)
    best: Arrays | None = None


def train(folder: Path, plan: Plan, on_progress: Callable[[float], None]) -> Progress:
    """Train to the end, and write the files; raises ValueError where cases don't fit."""
    session = plan.trainer.session(plan.cases, plan.seed)
    so_far = _restored(folder, plan, session)
    while session.num_steps < plan.trainer.num_steps:
        total = session.episode()
        so_far.episodes.append(
            {
                "episode": len(so_far.episodes),
                "num_steps": session.num_steps,
                "epsilon": session.epsilon,
                "reward": total,
            }
        )
        fraction = min(1.0, session.num_steps / plan.trainer.num_steps)
        if int(fraction * plan.num_validations) > len(so_far.validations):
            _validate(plan, session, so_far)
            _save(folder, plan, session, so_far)
        on_progress(fraction)
    _write(folder, plan, so_far)
    return so_far


def judged(case: Case, decider: Decider, seed: int) -> dict[str, float]:
    """Return how an episode ends if somebody decides: its reward and length, and whether it gets to
    its goal.
    """
    episode, reward = Episode(case, seed), 0.0
    while episode.view is not None:
        reward += episode.decide(decider.decide(episode.view))
    return {
        "reward": reward,
        "total_sim_s": episode.now_sim_s,
        "is_at_goal": float(episode.is_at_goal),
    }


def _validate(plan: Plan, session: Session, so_far: Progress) -> None:
    """Play the cases that are not trained on, and keep the policy if it is the best so far."""
    rows = [judged(case, session.decider(), number) for number, case in enumerate(plan.validation)]
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    best = max((one["reward"] for one in so_far.validations), default=float("-inf"))
    if means["reward"] > best:
        so_far.best = session.arrays()
    so_far.validations.append({"num_steps": session.num_steps, **means})


def _save(folder: Path, plan: Plan, session: Session, so_far: Progress) -> None:
    saved = {"of": config_hash(plan.config), "state": session.state(), "so_far": so_far}
    write_atomically(folder / CHECKPOINT, lambda path: path.write_bytes(pickle.dumps(saved)))


def _restored(folder: Path, plan: Plan, session: Session) -> Progress:
    """Return what a checkpoint of the same config has, or nothing yet."""
    path = folder / CHECKPOINT
    if not path.exists():
        return Progress()
    saved = pickle.loads(path.read_bytes())
    if saved["of"] != config_hash(plan.config):
        raise ValueError(
            f"{path} must be of this training, and is of another config; go on with the same "
            "settings, or choose another hydra.run.dir"
        )
    session.restore(saved["state"])
    so_far: Progress = saved["so_far"]
    return so_far


def _write(folder: Path, plan: Plan, so_far: Progress) -> None:
    import pandas as pd

    from runners.agent_training.picture import write_picture

    assert so_far.best is not None, "the last episode is followed by a validation"
    for name, rows in (("learning", so_far.episodes), ("validation", so_far.validations)):
        table = pd.DataFrame(rows)
        write_atomically(folder / f"{name}.csv", partial(table.to_csv, index=False))
    write_picture(folder / "learning.png", so_far.episodes, so_far.validations)
    best = max(so_far.validations, key=lambda one: one["reward"])
    policy = Policy(
        kind=plan.kind,
        features=plan.trainer.features(),
        actions=plan.trainer.actions(plan.cases),
        settings=plan.trainer.settings(),
        config=plan.config,
        training={"num_episodes": len(so_far.episodes), "best": best},
        arrays=so_far.best,
    )
    write_policy(folder / POLICY, policy)
    (folder / CHECKPOINT).unlink(missing_ok=True)
