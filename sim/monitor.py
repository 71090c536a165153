"""Owns what a proxy sees of its partners while it serves them: seconds, bytes, losses, presence.

Protocols tell it what has passed the proxy's own door; it can't see into partners or links, and
what a partner keeps to itself (its loss under a secure sum) it does not get to know. Of messages
past its door it knows what those who exchange them tell with their sum. A `View` comes
out for every decision.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sim.learner import Feedback
from sim.view import Floats, PartnerSight

SMOOTHING = 0.3
"""Weight of the newest value in a smoothed one, as in TCP's and the usual load averages' kind."""

Array = TypeVar("Array", bound=npt.NDArray[Any])


class Monitor:
    """Keep what has been seen of each partner so far; partners are numbered from 0."""

    def __init__(self, num_samples: Sequence[int]) -> None:
        num_partners = len(num_samples)
        self._num_samples = np.asarray(num_samples, dtype=np.int64)
        self._step_sim_s = _unseen(num_partners)
        self._down_bytes_per_s = _unseen(num_partners)
        self._up_bytes_per_s = _unseen(num_partners)
        self._direct_down_bytes_per_s = _unseen(num_partners)
        self._direct_up_bytes_per_s = _unseen(num_partners)
        self._merge_sim_s = _unseen(num_partners)
        self._round_trip_sim_s = _unseen(num_partners)
        self._availability = _unseen(num_partners)
        self._train_loss = _unseen(num_partners)
        self._mean_square_loss = _unseen(num_partners)
        self._merged_in = np.zeros(num_partners, dtype=np.int64)
        self._num_chosen = np.zeros(num_partners, dtype=np.int64)
        self._num_dropped = np.zeros(num_partners, dtype=np.int64)
        self._in_flight = np.zeros(num_partners, dtype=np.bool_)

    def saw_download(self, partner: int, num_bytes: float, took_sim_s: float) -> None:
        """Take in how long a partner has taken to receive a message."""
        _smooth_rate(self._down_bytes_per_s, partner, num_bytes, took_sim_s)

    def saw_upload(self, partner: int, num_bytes: float, took_sim_s: float) -> None:
        """Take in how long a partner has taken to send a message."""
        _smooth_rate(self._up_bytes_per_s, partner, num_bytes, took_sim_s)

    def saw_direct_download(self, partner: int, num_bytes: float, took_sim_s: float) -> None:
        """Take in what is told of a message from another partner."""
        _smooth_rate(self._direct_down_bytes_per_s, partner, num_bytes, took_sim_s)

    def saw_direct_upload(self, partner: int, num_bytes: float, took_sim_s: float) -> None:
        """Take in what is told of a message to another partner."""
        _smooth_rate(self._direct_up_bytes_per_s, partner, num_bytes, took_sim_s)

    def saw_merge(self, partner: int, took_sim_s: float) -> None:
        """Take in how long it was from the arrival of an update to its merge."""
        _smooth(self._merge_sim_s, partner, took_sim_s)

    def saw_computing(self, partner: int, num_steps: float, took_sim_s: float) -> None:
        """Take in how long a partner has been at its steps, between two messages."""
        _smooth(self._step_sim_s, partner, took_sim_s / num_steps)

    def saw_round_trip(self, partner: int, took_sim_s: float) -> None:
        """Take in how long an empty message has been on its way to a partner and back."""
        _smooth(self._round_trip_sim_s, partner, took_sim_s)

    def saw_up(self, is_up: Sequence[bool]) -> None:
        """Take in who is there when partners are needed."""
        seen = np.asarray(is_up, dtype=np.float64)
        old = self._availability
        self._availability = np.where(np.isnan(old), seen, old + SMOOTHING * (seen - old))

    def saw_leaving(self, partners: Iterable[int]) -> None:
        """Take in who begins to take part."""
        chosen = list(partners)
        self._num_chosen[chosen] += 1
        self._in_flight[chosen] = True

    def saw_staying(self, partners: Iterable[int]) -> None:
        """Take back that these begin: they were chosen only to know how many."""
        counted = list(partners)
        self._num_chosen[counted] -= 1
        self._in_flight[counted] = False

    def saw_returning(self, partner: int, round_number: int, *, is_merged: bool) -> None:
        """Take in that a partner is free again, and whether anything has come of its work."""
        self._in_flight[partner] = False
        if is_merged:
            self._merged_in[partner] = round_number
        else:
            self._num_dropped[partner] += 1

    def saw_feedback(self, feedback: Iterable[Feedback]) -> None:
        """Take in what partners tell of the losses of all their batches."""
        for one in feedback:
            self._train_loss[one.partner] = one.train_loss
            self._mean_square_loss[one.partner] = one.mean_square_loss

    def sight(self, round_number: int) -> PartnerSight:
        """Return what is known of all partners at the start of a round."""
        return PartnerSight(
            step_sim_s=_closed(self._step_sim_s),
            down_bytes_per_s=_closed(self._down_bytes_per_s),
            up_bytes_per_s=_closed(self._up_bytes_per_s),
            direct_down_bytes_per_s=_closed(self._direct_down_bytes_per_s),
            direct_up_bytes_per_s=_closed(self._direct_up_bytes_per_s),
            merge_sim_s=_closed(self._merge_sim_s),
            round_trip_sim_s=_closed(self._round_trip_sim_s),
            availability=_closed(self._availability),
            age_rounds=_closed(round_number - self._merged_in),
            train_loss=_closed(self._train_loss),
            utility=_closed(np.sqrt(self._mean_square_loss) * self._num_samples),
            num_samples=_closed(self._num_samples),
            num_chosen=_closed(self._num_chosen),
            num_dropped=_closed(self._num_dropped),
            in_flight=_closed(self._in_flight),
        )


def _unseen(num_partners: int) -> Floats:
    return np.full(num_partners, np.nan)


def _smooth_rate(rates: Floats, partner: int, num_bytes: float, took_sim_s: float) -> None:
    """Take in a message's bytes per second; one that took no time has none."""
    if took_sim_s > 0:
        _smooth(rates, partner, num_bytes / took_sim_s)


def _smooth(values: Floats, partner: int, value: float) -> None:
    old = values[partner]
    values[partner] = value if math.isnan(old) else old + SMOOTHING * (value - old)


def _closed(values: Array) -> Array:
    """Return a copy that can't be written to."""
    copy = values.copy()
    copy.flags.writeable = False
    return copy
