"""Owns an audit from a run's folder to audit.json: all attacks on it, one after the other.

In: a finished run's folder and the settings. Out: an `Audit`. Membership is asked of the final
model, which has the run's privacy in it already; inversion and properties of first updates, as they
look under the run's privacy.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runners.audit.membership import infer_membership
from runners.audit.properties import infer_property
from runners.audit.reconstruction import reconstruct
from runners.audit.result import Copies, OnProgress, Protect, Result
from runners.audit.settings import Settings
from runners.audit.sight import sight
from runners.audit.subject import Subject, read_subject
from runners.audit.tokens import recover_tokens
from runners.audit.victims import find_victims
from runners.build import sampling_of
from sim.streams import stream


@dataclass(frozen=True, kw_only=True)
class Accounted:
    """Hold what a run's accountant says was spent; `unit` is whose data that is about."""

    epsilon: float
    delta: float
    unit: str


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
    run, num_partners = subject.job.run, len(subject.job.setting.consortium.partners)
    return sight(
        run.privacy,
        settings.attacker,
        num_partners=round(sampling_of(run, num_partners).num_chosen),
        seed=run.seed,
    )


def accounted_epsilon(record: dict[str, Any]) -> Accounted | None:
    """Return the (ε, δ) of a record's guarantees, the smallest ε where there are several; None
    where it states none.
    """
    guarantees = (record.get("privacy") or {}).get("guarantees") or []
    stated = [one for one in guarantees if one.get("epsilon") is not None]
    finite = [one for one in stated if math.isfinite(one["epsilon"])]
    if not finite:
        return None
    best = min(finite, key=lambda one: float(one["epsilon"]))
    return Accounted(epsilon=best["epsilon"], delta=best["delta"] or 0.0, unit=best["unit"])


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
    except ValueError as error:
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
    except ValueError as error:
        question = "what does a partner hold of a class?"
        return Result(attack="property", kind="property", question=question, reason=str(error))


def _part(on_progress: OnProgress, number: int, count: int) -> OnProgress:
    """Return a call for part `number` of `count` equal ones."""
    return lambda fraction: on_progress((number + fraction) / count)
