"""Owns membership inference: was a sample among those that a model was trained on?

Members are told from samples that the run held out, as many of each: by their loss alone (Yeom et
al. 2018), and by shadow models trained with and without them (LiRA, Carlini et al. 2022), online,
or offline, for which only shadow models without a sample are needed.
"""

from collections.abc import Iterator

import numpy as np

from runners.audit.epsilon import epsilon_lower_bound
from runners.audit.likelihood import log_odds, losses_of, offline_scores, online_scores
from runners.audit.result import OnProgress, Result
from runners.audit.settings import Settings
from runners.audit.shadows import halves, shadow_log_odds
from runners.audit.subject import Subject
from runners.audit.trials import judge
from sim.streams import stream

QUESTION = "was a sample among those that the model was trained on?"


def infer_membership(
    subject: Subject, settings: Settings, delta: float, on_progress: OnProgress
) -> Iterator[Result]:
    """Yield how well members are told, and what ε for this δ that proves."""
    rng = stream(settings.seed, "audit", "membership")
    num_each = min(settings.num_candidates, len(subject.members), len(subject.others))
    members, others = (
        rng.permutation(samples)[:num_each] for samples in (subject.members, subject.others)
    )
    candidates = np.concatenate([members, others])
    for name, scores in _scores(subject, settings, candidates, rng, on_progress).items():
        inside, outside = np.split(scores, 2)
        halving = stream(settings.seed, "audit", "epsilon", name)
        yield Result(
            attack=name,
            kind="membership",
            question=QUESTION,
            judgement=judge(inside, outside),
            epsilon=epsilon_lower_bound(inside, outside, delta, halving),
        )
    on_progress(1.0)


def _scores(
    subject: Subject,
    settings: Settings,
    candidates: np.ndarray,
    rng: np.random.Generator,
    on_progress: OnProgress,
) -> dict[str, np.ndarray]:
    """Return each attack's scores of the candidates."""
    training = subject.training(subject.job.assignment.train)
    losses = losses_of(training, subject.weights(training), candidates)
    scores = {"loss_threshold": -losses}
    if settings.num_shadows:
        is_in = halves(len(candidates), settings.num_shadows, rng)
        shadows = shadow_log_odds(subject, candidates, is_in, on_progress)
        odds = log_odds(losses)
        scores["lira_online"] = online_scores(odds, shadows, is_in)
        scores["lira_offline"] = offline_scores(odds, shadows, is_in)
    return scores
