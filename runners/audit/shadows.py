"""Owns shadow models: the run's training over again, with and without each candidate.

The attacker is as strong as differential privacy assumes: knows the first model, the task and all
samples that are no candidates, trains on them, and on a random half of the candidates. If there are
as many members as others, a shadow model has as many samples as the target had. Shadow models are
trained in one place, without the run's mode and privacy, many as one batched computation
(`runners.learner.cohort`); so runs of a sweep that differ in these only share them.
"""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from runners.audit.likelihood import log_odds, losses_of
from runners.audit.subject import Subject
from runners.learner.cohort import Job
from runners.learner.local_training import LocalTraining
from runners.learner.version import Version
from sim.learner import Work

SHADOWS_AT_ONCE = 16


def halves(num_candidates: int, num_shadows: int, rng: np.random.Generator) -> np.ndarray:
    """Return which shadow models are trained on which candidates, bool of shape (num_shadows,
    num_candidates): each candidate is in half of them, and each has half of an even number.
    """
    is_in = np.zeros((num_shadows, num_candidates), dtype=bool)
    for pair in range(0, num_shadows, 2):
        is_in[pair, rng.permutation(num_candidates)[: num_candidates // 2]] = True
        is_in[pair + 1] = ~is_in[pair]
    return is_in


_known_log_odds: dict[str, np.ndarray] = {}


def shadow_log_odds(
    subject: Subject,
    candidates: np.ndarray,
    is_in: np.ndarray,
    on_progress: Callable[[float], None],
) -> np.ndarray:
    """Return shadow models' log-odds of the candidates, float64 of shape (num_shadows,
    num_candidates). Trains the models if this process has not trained the same ones.
    """
    known = np.setdiff1d(subject.members, candidates)
    name = _fingerprint(subject, known, candidates, is_in)
    if name in _known_log_odds:
        on_progress(1.0)
    else:
        held = [np.concatenate([known, candidates[chosen]]) for chosen in is_in]
        _known_log_odds[name] = _trained_log_odds(subject, candidates, held, on_progress)
    return _known_log_odds[name].copy()


def _fingerprint(subject: Subject, *arrays: np.ndarray) -> str:
    """Return what tells the shadow models of these samples from others."""
    run = subject.job.run
    recipe = (run.task, run.training, run.budget.num_epochs, run.seed, str(subject.device))
    digest = hashlib.sha256(repr(recipe).encode())
    for array in arrays:
        digest.update(f"{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _trained_log_odds(
    subject: Subject,
    candidates: np.ndarray,
    held: Sequence[np.ndarray],
    on_progress: Callable[[float], None],
) -> np.ndarray:
    """Train a shadow model on each of these samples, and return their log-odds."""
    training, odds = subject.training(held), np.empty((len(held), len(candidates)))
    for first in range(0, len(held), SHADOWS_AT_ONCE):
        numbers = range(first, min(first + SHADOWS_AT_ONCE, len(held)))
        jobs = _jobs(subject, training, numbers, held)
        rates = subject.rates(max(job.num_steps for job in jobs))
        for piece in training.train(None, jobs, rates):
            for number, end in zip(piece.numbers, piece.ends, strict=True):
                odds[numbers[number]] = log_odds(losses_of(training, end, candidates))
        on_progress(numbers.stop / len(held))
    return odds


def _jobs(
    subject: Subject, training: LocalTraining, numbers: Sequence[int], held: Sequence[np.ndarray]
) -> list[Job]:
    """Return as many passes over a shadow model's samples as the run took over its own."""
    run, start = subject.job.run, training.model.initial
    first = Version(version=0, owner=None, vector=start)
    jobs = []
    for number in numbers:
        num_steps = run.budget.num_steps(len(held[number]), run.task.batch_size)
        work = Work(partner=number, start=first, num_steps=num_steps, data_of=(number,))
        jobs.append(training.job(work, start, None))
    return jobs
