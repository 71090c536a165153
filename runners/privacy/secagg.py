"""Privacy `secagg`: the proxy learns the sum of the updates, and none of them (Bonawitz et al.
2017, Practical Secure Aggregation; Bell et al. 2020, SecAgg+).

Each partner adds masks to its update that cancel in the sum: one for each neighbour, from a key
that the two agree on (X25519), and one of its own. Shamir shares of the secrets behind them let the
survivors take off what is left when partners drop out. Values are whole numbers of `step`, clipped
at `max_abs` and counted where they are larger; sums can't overflow.

Guarantee: a partner's update, in a merge, is hidden from the proxy and from up to t − 1 other
partners that collude with it: they learn the sum, and what follows from it and their own updates. t
is `threshold_fraction` of the partners that were chosen, rounded up, and at least 2; with fewer
survivors the sum is not revealed. With a `degree_factor`, t is that fraction of a neighbourhood, no
more than t − 1 may collude in any one, and the honest survivors must stay joined; that holds with a
high probability only if who colludes does not depend on the graph, which is drawn at random. What
the sum itself tells is not hidden: for that add differential privacy.

Trust: the proxy follows the protocol, tells all partners the same about who is left, and passes on
public keys as they are; a partner refuses to reveal shares twice, and altered messages are found.
Partners may put any vector into the sum. In this harness the processes of one machine play all
parties, their secrets come from one of the run's, which is drawn anew in each and changes no
result, and masked vectors travel without tags in Horovod's allreduce.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.privacy import Cost, Guarantee, Load, Mechanism, Merge, Sampling, SumInProgress
from runners.secure_sum.fixed_point import NUM_EXTRA_ENTRIES, Coding
from runners.secure_sum.graph import degree
from runners.secure_sum.order import check_order
from runners.secure_sum.plan import threshold
from sim.bounds import positive
from sim.secure_aggregation_bytes import client_bits

if TYPE_CHECKING:
    from runners.learner.horovod import Ranks

NUM_ROUND_TRIPS = 3  # keys, shares, and after the vector the shares that unmask
BITS_OF_BYTE = 8


@dataclass(frozen=True, kw_only=True)
class SecAgg(Mechanism):
    """Add up under pairwise masks.

    Masks join all partners, or with `degree_factor` c each to c log2 n neighbours.
    """

    step: float
    max_abs: float
    rounding: str
    threshold_fraction: float
    degree_factor: float | None
    encode_parameters_per_s: float
    mask_bytes_per_s: float
    agreements_per_s: float
    multiplications_per_s: float

    is_secure_sum = True
    needs_sum = True

    def __post_init__(self) -> None:
        self._coding()
        if not 0.5 < self.threshold_fraction <= 1:
            raise ValueError(
                "threshold_fraction must be above 0.5, or a proxy could have a party's masks taken "
                f"off twice, and at most 1, got {self.threshold_fraction}; try 0.66"
            )
        if self.degree_factor is not None:
            positive("degree_factor", self.degree_factor, remedy="2.0 is SecAgg+, null is all")
        for name in (
            "encode_parameters_per_s",
            "mask_bytes_per_s",
            "agreements_per_s",
            "multiplications_per_s",
        ):
            positive(name, getattr(self, name), remedy="measure it on one core")

    @property
    def rounding_error(self) -> float:
        """Half a step where values are rounded to the nearest, else a whole one."""
        return self.step / 2 if self.rounding == "nearest" else self.step

    def check(self, before: Sequence[Mechanism], after: Sequence[Mechanism]) -> None:
        """Refuse what changes single updates behind the sum."""
        check_order("secagg", after)

    def begin_sum(self, size: int, merge: Merge, ranks: "Ranks") -> SumInProgress:
        """Play the rounds up to the shares; raise `runners.secure_sum.SumNotRevealed`, on all
        ranks, where too few partners are left.
        """
        from runners.secure_sum.pairwise import PairwiseSum, Setting

        setting = Setting(
            coding=self._coding(),
            degree_factor=self.degree_factor,
            threshold_fraction=self.threshold_fraction,
        )
        return PairwiseSum(size, merge, setting, ranks)

    def wire_bytes(self, num_bytes: int, load: Load) -> int:
        """Return a partner's bytes, sent and received, as Bonawitz et al. (2017, section 7.1) count
        them: keys and shares of its neighbours and itself, and the entries at their bits each.

        What arrives is coded anew, so its own bytes do not matter. Not counted, as there: headers
        and tags of messages, and 32 bytes of commitment.
        """
        num_entries = load.num_parameters + NUM_EXTRA_ENTRIES
        bits = self._coding().grid(load.num_partners).bits
        others = client_bits(self._num_holders(load.num_partners), 0, 1)
        return -(-(num_entries * bits + others) // BITS_OF_BYTE)

    def cost(self, load: Load) -> Cost:
        """Return what partners and proxy compute when nobody drops out: the partner agrees on two
        keys with each neighbour, shares two secrets, and masks; the proxy takes off each partner's
        own mask.
        """
        num_holders = self._num_holders(load.num_partners)
        num_shares = threshold(num_holders, self.threshold_fraction)
        word_bytes = self._coding().grid(load.num_partners).word.itemsize
        mask_sim_s = load.num_parameters * word_bytes / self.mask_bytes_per_s
        return Cost(
            partner_sim_s=load.num_parameters / self.encode_parameters_per_s
            + num_holders * mask_sim_s
            + 2 * (num_holders - 1) / self.agreements_per_s
            + 2 * num_holders * num_shares / self.multiplications_per_s,
            proxy_sim_s=load.num_partners * (mask_sim_s + num_shares / self.multiplications_per_s),
            num_round_trips=NUM_ROUND_TRIPS,
        )

    def guarantee(self, sampling: Sampling, num_merges: int) -> Guarantee:
        """State what holds for merges of as many partners as are chosen."""
        num_holders = self._num_holders(round(sampling.num_chosen))
        colluding = threshold(num_holders, self.threshold_fraction) - 1
        where = "partners" if self.degree_factor is None else "partners in each neighbourhood"
        return Guarantee(
            mechanism="secure aggregation",
            unit="update",
            hidden_from=f"the proxy and up to {colluding} {where} that collude with it",
            assumptions="the proxy follows the protocol; the sum itself is seen; X25519, AES-256 "
            "and SHA-256 hold; one machine plays all parties",
        )

    def _coding(self) -> Coding:
        return Coding(step=self.step, max_abs=self.max_abs, rounding=self.rounding)

    def _num_holders(self, num_partners: int) -> int:
        """Return how many hold shares of a partner's secrets: its neighbours and itself."""
        return degree(num_partners, self.degree_factor) + 1
