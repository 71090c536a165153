"""Owns an audit from a run's folder to audit.json: all attacks on it, one after the other.

In: a finished run's folder and the settings. Out: an `Audit`. Membership is asked of the final
model, which has the run's privacy in it already; inversion and properties of first updates, as they
look under the run's privacy and compression.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runners.audit.accounted import Accounted, accounted_epsilon
from runners.audit.membership import infer_membership
from runners.audit.properties import infer_property
from runners.audit.reconstruction import reconstruct
from runners.audit.result import Copies, OnProgress, Protect, Result
from runners.audit.settings import Settings
from runners.audit.sight import sight
from runners.audit.subject import Subject, read_subject
from runners.audit.tokens import recover_tokens
from runners.audit.victims import find_victims
from runners.compression.stage import compressed
from runners.secure_sum import SumNotRevealed
from sim.streams import stream


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Hold all results of a run, and the pictures of its reconstructions."""

    subject: Subject
    settings: Settings
    accounted: Accounted | None
    results: tuple[Result, ...]
    copies: tuple[Copies, ...]
    total_wall_s: float


def examine(
    folder: Path, settings: Settings, on_progress: OnProgress, protect: Protect | None = None
) -> Audit:
    """Attack a finished run; `protect` takes the place of what its privacy does to updates.

    Raises ValueError where the folder has no run that can be attacked.
    """
    started = time.perf_counter()
    subject = read_subject(folder, settings.partner, settings.device)
    accounted = accounted_epsilon(subject.record)
    seen = protect or _sight(subject, settings)
    results: list[Result] = []
    copies: list[Copies] = []
    delta = accounted.delta if accounted else settings.delta
    results += infer_membership(subject, settings, delta, _part(on_progress, 0, 3))
    for result, made in _reconstruction(subject, settings, seen, _part(on_progress, 1, 3)):
        results.append(result)
        copies += [made] if made else []
    results.append(_property(subject, settings, seen, _part(on_progress, 2, 3)))
    return Audit(
        subject=subject,
        settings=settings,
        accounted=accounted,
        results=tuple(results),
        copies=tuple(copies),
        total_wall_s=time.perf_counter() - started,
    )


def _sight(subject: Subject, settings: Settings) -> Protect:
    """Return what the attacker sees behind the run's privacy and compression."""
    run = subject.job.run
    model = subject.training(subject.job.assignment.train).model
    return sight(
        compressed(run.privacy, run.compression, model.layout),
        settings.attacker,
        num_partners=subject.num_together,
        seed=run.seed,
    )


def _reconstruction(
    subject: Subject, settings: Settings, protect: Protect, on_progress: OnProgress
) -> Iterator[tuple[Result, Copies | None]]:
    """Yield what updates tell of the samples behind them."""
    rng = stream(settings.seed, "audit", "reconstruction")
    try:
        victims = find_victims(subject, settings, protect, rng)
        if victims.inputs.is_floating_point():
            yield from reconstruct(victims, settings, rng, on_progress)
        else:
            yield recover_tokens(victims), None
    except (ValueError, SumNotRevealed) as error:
        question = "are samples in the updates they make?"
        yield (
            Result(attack="inversion", kind="reconstruction", question=question, reason=str(error)),
            None,
        )
    on_progress(1.0)


def _property(
    subject: Subject, settings: Settings, protect: Protect, on_progress: OnProgress
) -> Result:
    rng = stream(settings.seed, "audit", "property")
    try:
        return infer_property(subject, settings, protect, rng, on_progress)
    except (ValueError, SumNotRevealed) as error:
        question = "what does a partner hold of a class?"
        return Result(attack="property", kind="property", question=question, reason=str(error))


def _part(on_progress: OnProgress, number: int, count: int) -> OnProgress:
    """Return a call for part `number` of `count` equal ones."""
    return lambda fraction: on_progress((number + fraction) / count)
