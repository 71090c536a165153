"""Owns what a consortium is made of: partners, the proxy they may use, and the machines' links.

Plain facts in SI units, checked once; scenarios produce them, the world turns them into processes.
"""

from dataclasses import dataclass

from sim.bounds import at_least, not_negative, positive


@dataclass(frozen=True, kw_only=True)
class Site:
    """Describe one organisation's machine, its access link and its share of the data.

    `speed` is relative to the hardware profile (2.0 computes twice as fast); `data_share` is a
    weight: a partner holds `data_share / sum(data_share)` of the samples where the partition lets
    it. `latency_sim_s` is one way, from the partner to the backbone. `data_skew` scales how far
    its labels are from everyone's: 1.0 is the partition's own skew, 2.0 halves the concentration.
    `downtime` scales how long it is down each time: 1.0 is the availability's own.
    """

    speed: float
    uplink_bytes_per_s: float
    downlink_bytes_per_s: float
    latency_sim_s: float
    data_share: float
    data_skew: float
    downtime: float

    def __post_init__(self) -> None:
        positive("speed", self.speed, remedy="1.0 is the hardware profile's own speed")
        positive("uplink_bytes_per_s", self.uplink_bytes_per_s, remedy="12.5e6 is 100 Mbit/s")
        positive("downlink_bytes_per_s", self.downlink_bytes_per_s, remedy="12.5e6 is 100 Mbit/s")
        not_negative("latency_sim_s", self.latency_sim_s, remedy="0.01 is 10 ms one way")
        positive("data_share", self.data_share, remedy="1.0 for everyone gives equal shares")
        positive("data_skew", self.data_skew, remedy="1.0 is the partition's own skew")
        positive("downtime", self.downtime, remedy="1.0 is as long as the availability says")


@dataclass(frozen=True, kw_only=True)
class Partner(Site):
    """A site with a name."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """Describe the server that proxy modes go through.

    It is `num_replicas` machines; each has links of its own, as given, and `num_workers` workers
    behind one queue, each of which merges `merge_bytes_per_s` of updates.
    """

    uplink_bytes_per_s: float
    downlink_bytes_per_s: float
    latency_sim_s: float
    num_replicas: int
    num_workers: int
    merge_bytes_per_s: float

    def __post_init__(self) -> None:
        positive("uplink_bytes_per_s", self.uplink_bytes_per_s, remedy="125e6 is 1 Gbit/s")
        positive("downlink_bytes_per_s", self.downlink_bytes_per_s, remedy="125e6 is 1 Gbit/s")
        not_negative("latency_sim_s", self.latency_sim_s, remedy="0.01 is 10 ms one way")
        at_least("num_replicas", self.num_replicas, 1, remedy="1 is a proxy of one machine")
        at_least("num_workers", self.num_workers, 1, remedy="a proxy needs someone who merges")
        positive(
            "merge_bytes_per_s",
            self.merge_bytes_per_s,
            remedy="1e9 adds 250 million floats a second",
        )


@dataclass(frozen=True, kw_only=True)
class Consortium:
    """Hold the partners, in the order in which they are numbered, and the proxy."""

    partners: tuple[Partner, ...]
    proxy: Proxy

    def __post_init__(self) -> None:
        at_least("partners", len(self.partners), 1, remedy="list at least one partner")
