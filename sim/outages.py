"""Owns links that are cut: what they go back to, and how many faults hold them cut.

A link's own bandwidth may change while it is cut, and two faults may cut the same link; it carries
nothing until the last of them has mended it.
"""

from sim.fair_share import Link
from sim.network import Network


class Outages:
    """Cut and mend links."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._whole_bytes_per_s: dict[Link, float] = {}
        self._num_cuts: dict[Link, int] = {}

    def cut(self, link: Link) -> None:
        """Let a link carry nothing; transfers on it stand still."""
        if link not in self._num_cuts:
            self._whole_bytes_per_s[link] = link.bytes_per_s
        self._num_cuts[link] = self._num_cuts.get(link, 0) + 1
        self._network.set_bandwidth(link, 0.0)

    def mend(self, link: Link) -> None:
        """Undo one cut."""
        self._num_cuts[link] -= 1
        if self._num_cuts[link] == 0:
            del self._num_cuts[link]
            self._network.set_bandwidth(link, self._whole_bytes_per_s.pop(link))

    def set_bandwidth(self, link: Link, bytes_per_s: float) -> None:
        """Change a link from now on, or from when it is mended."""
        if link in self._num_cuts:
            self._whole_bytes_per_s[link] = bytes_per_s
        else:
            self._network.set_bandwidth(link, bytes_per_s)
