"""Owns the scorer of a learned policy in numpy: one network for all partners, so that it serves any
number of them. It is trained in torch (`runners.agent_training.network`), and a test holds the two
against each other.

Each partner's features become H hidden numbers h = relu(x W_in + b_in). Its score is
v · relu(h W_own + c W_context + b), where c is what all share: the mean h of those available, the
mean h of those picked so far (0 if none), and the whole's features. To stop scores
u · relu(c W_stop + b_stop). Picking one more changes c alone, and so costs little.
"""

import numpy as np

from sim.decision import Decision
from sim.features import WHOLE, Floats, at_start, partner_features, whole_features
from sim.policy_file import Arrays
from sim.view import View

SHAPES = {
    "in_weight": ("features", "hidden"),
    "in_bias": ("hidden",),
    "own_weight": ("hidden", "hidden"),
    "context_weight": ("context", "hidden"),
    "own_bias": ("hidden",),
    "score_weight": ("hidden",),
    "score_bias": (),
    "stop_weight": ("context", "hidden"),
    "stop_bias": ("hidden",),
    "stop_score_weight": ("hidden",),
    "stop_score_bias": (),
}
"""The arrays of a policy; context is 2 hidden + the whole's features."""


def num_wanted(view: View, num_participants: int | None) -> int:
    """Return how many partners can be picked at most: all that are available where None says so."""
    wanted = view.num_wanted or num_participants or len(view.available)
    return min(wanted, len(view.available))


def shapes(num_features: int, num_hidden: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array."""
    sizes = {
        "features": num_features,
        "hidden": num_hidden,
        "context": 2 * num_hidden + len(WHOLE),
    }
    return {name: tuple(sizes[one] for one in axes) for name, axes in SHAPES.items()}


def shuffled(features: Floats, available: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return features in which those of the available partners are dealt out anew among them."""
    dealt = features.copy()
    dealt[list(available)] = features[rng.permutation(available)]
    return dealt


class Scorer:
    """Pick partners one by one, each time the one of the highest score.

    With `shuffles` it sees features as if they were of other partners.
    """

    def __init__(self, arrays: Arrays, shuffles: np.random.Generator | None = None) -> None:
        self._shuffles = shuffles
        self._arrays = {name: np.asarray(arrays[name], dtype=np.float64) for name in SHAPES}

    def decide(self, view: View, num_participants: int | None) -> Decision:
        """Return at most as many partners as are wanted; it may stop sooner if it is free to."""
        features, wanted = partner_features(view), num_wanted(view, num_participants)
        if self._shuffles is not None:
            features = shuffled(features, view.available, self._shuffles)
        hidden, own = self._begin(features)
        mask = np.zeros(len(features), dtype=bool)
        mask[list(view.available)] = True
        mean = hidden[mask].mean(axis=0)
        start = at_start(view)
        picked: list[int] = []
        while len(picked) < wanted:
            whole = whole_features(start, features, picked, wanted)
            context = self._context(mean, hidden[picked], whole)
            scores = np.where(mask, self._scores(own, context), -np.inf)
            best = int(scores.argmax())
            can_stop = bool(picked) and view.num_wanted is None
            if can_stop and self._stop_score(context) > scores[best]:
                break
            picked.append(best)
            mask[best] = False
        return Decision(partners=tuple(sorted(picked)))

    def values(
        self, features: Floats, available: list[int], picked: list[int], whole: Floats
    ) -> Floats:
        """Return the score of each partner, and that of stopping at the end."""
        hidden, own = self._begin(features)
        context = self._context(hidden[available].mean(axis=0), hidden[picked], whole)
        return np.append(self._scores(own, context), self._stop_score(context))

    def _begin(self, features: Floats) -> tuple[Floats, Floats]:
        weights = self._arrays
        hidden = np.maximum(features @ weights["in_weight"] + weights["in_bias"], 0)
        return hidden, hidden @ weights["own_weight"] + weights["own_bias"]

    def _context(self, mean: Floats, picked: Floats, whole: Floats) -> Floats:
        of_picked = picked.mean(axis=0) if len(picked) else np.zeros(len(mean))
        return np.concatenate([mean, of_picked, whole])

    def _scores(self, own: Floats, context: Floats) -> Floats:
        weights = self._arrays
        hidden = np.maximum(own + context @ weights["context_weight"], 0)
        return np.asarray(hidden @ weights["score_weight"] + weights["score_bias"])

    def _stop_score(self, context: Floats) -> float:
        weights = self._arrays
        hidden = np.maximum(context @ weights["stop_weight"] + weights["stop_bias"], 0)
        return float(hidden @ weights["stop_score_weight"] + weights["stop_score_bias"])
