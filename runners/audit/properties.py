"""Owns property inference: does a partner hold more than some part of a class?

A logistic regression learns it from updates of shadow partners, who hold half of the samples, and
is tested by updates of as many partners who hold the other half (Melis et al. 2019). A partner with
the property holds a part between the share asked for and twice it, one without it holds less; both
are drawn evenly. Each trains one pass over its samples, from the run's first model.
"""

from collections.abc import Sequence

import numpy as np

from runners.audit.result import OnProgress, Protect, Result
from runners.audit.settings import Settings
from runners.audit.subject import Subject
from runners.audit.trials import judge
from runners.audit.updates import seen_updates

MAX_FEATURES = 8192
"""The last numbers of an update that the regression sees; a model's head, which is last, tells most
of its classes.
"""
FEWEST_SAMPLES = 8
"""Of a shadow partner."""


def infer_property(
    subject: Subject,
    settings: Settings,
    protect: Protect,
    rng: np.random.Generator,
    on_progress: OnProgress,
) -> Result:
    """Return how well updates tell whether partners have the property.

    Raises ValueError where samples have no classes, or too few are of this one.
    """
    pools = np.array_split(rng.permutation(subject.num_train), 2)
    labels = _labels(subject, settings.property_class)
    size = _partner_size(subject, settings, [labels[pool] for pool in pools])
    has_it = np.arange(2 * settings.num_shadow_partners) % 2 == 0
    halves = np.split(has_it, 2)
    held = [
        _draw(pool, labels[pool] == settings.property_class, size, one, settings, rng)
        for pool, half in zip(pools, halves, strict=True)
        for one in half
    ]
    features = _features(subject, held, protect, on_progress)
    known, asked = np.split(features, 2)
    scores = _scores(known, asked, halves[0])
    share = f"{100 * settings.property_share:g} %"
    return Result(
        attack="property",
        kind="property",
        question=f"is more than {share} of a partner's data of class {settings.property_class}?",
        judgement=judge(scores[halves[1]], scores[~halves[1]]),
    )


def _labels(subject: Subject, wanted: int) -> np.ndarray:
    labels: np.ndarray = subject.samples.train_targets
    num_classes = subject.job.run.task.num_classes
    if num_classes < 2 or labels.ndim != 1:
        raise ValueError(
            f"needs samples of several classes, got {num_classes} and targets of {labels.ndim} "
            "dimensions"
        )
    if wanted >= num_classes:
        raise ValueError(f"property_class is {wanted}, and there is no such class")
    return labels


def _partner_size(subject: Subject, settings: Settings, labels: list[np.ndarray]) -> int:
    """Return how many samples a shadow partner holds: as a partner of the run on average, if each
    half has enough of the class and of others.
    """
    usual = subject.num_train // len(subject.job.assignment.train)
    largest_share = min(1.0, 2 * settings.property_share)
    rooms = []
    for half in labels:
        num_wanted = int((half == settings.property_class).sum())
        rooms += [int(num_wanted / largest_share), len(half) - num_wanted]
    size = min(usual, *rooms)
    if size < FEWEST_SAMPLES:
        raise ValueError(
            f"class {settings.property_class} is enough for shadow partners of {size} samples only"
        )
    return size


def _draw(
    pool: np.ndarray,
    is_wanted: np.ndarray,
    size: int,
    has_it: bool,
    settings: Settings,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the samples of a partner with or without the property."""
    share = settings.property_share
    most = int(share * size)
    if has_it:
        num_wanted = max(most + 1, round(size * rng.uniform(share, min(1.0, 2 * share))))
    else:
        num_wanted = min(most, round(size * rng.uniform(0, share)))
    wanted = rng.choice(pool[is_wanted], min(num_wanted, int(is_wanted.sum())), replace=False)
    others = rng.choice(pool[~is_wanted], size - len(wanted), replace=False)
    return np.concatenate([wanted, others])


def _features(
    subject: Subject, held: Sequence[np.ndarray], protect: Protect, on_progress: OnProgress
) -> np.ndarray:
    """Return the last numbers of what is seen of each partner's update, a row for each."""
    training, task = subject.training(held, is_private=True), subject.job.run.task
    last = training.model.num_parameters
    kept = slice(max(0, last - MAX_FEATURES), last)
    features = np.empty((len(held), kept.stop - kept.start), dtype=np.float32)
    num_done, num_steps = 0, max(1, len(held[0]) // task.batch_size)
    rate = task.optimizer.learning_rate
    seen = seen_updates(training, num_steps, rate, protect, subject.num_together)
    for numbers, updates in seen:
        features[list(numbers)] = updates[:, kept].cpu().numpy()
        num_done += len(numbers)
        on_progress(num_done / len(held))
    return features


def _scores(known: np.ndarray, asked: np.ndarray, has_it: np.ndarray) -> np.ndarray:
    """Return the regression's log-odds of the rows that are asked for."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=5000))
    scores: np.ndarray = classifier.fit(known, has_it).decision_function(asked)
    return scores
