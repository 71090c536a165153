"""Owns what is under way: a sum over the ranks for which the simulation does not wait, and what is
to be done with it.
"""

from collections.abc import Callable


class UnderWay:
    """Hold at most one call that waits for a sum and puts what comes of it where it belongs."""

    def __init__(self) -> None:
        self._finish: Callable[[], None] | None = None

    def put(self, finish: Callable[[], None]) -> None:
        """Take in how to come to an end with what has just begun; what was before must be done."""
        assert self._finish is None, "what is under way is finished before the next begins"
        self._finish = finish

    def finish(self) -> None:
        """Come to an end with what is under way, if there is anything."""
        if self._finish is not None:
            finish, self._finish = self._finish, None
            finish()
