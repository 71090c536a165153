"""Privacy `secret_sharing`: several proxies that do not collude learn the sum of the updates, and
none of them (additive secret sharing).

Each partner splits its update in one share for each proxy, all but one of them uniformly random;
each proxy adds up the shares it gets, and the sums of shares are added up. Values are whole numbers
of `step`, clipped at `max_abs` and counted where they are larger; sums can't overflow.

Guarantee: a partner's update, in a merge, is hidden from all proxies but one together, and from any
partners that collude with them: their shares are uniform whatever the update is. They learn the
sum, and what follows from it and their own updates. Partners may drop out at any time, as long as
two are left. What the sum itself tells is not hidden: for that add differential privacy.

Trust: at least one proxy keeps its shares to itself, all proxies add up the same partners' shares
and add up right, and shares travel on channels that are encrypted and authenticated. Partners may
put any vector into the sum. In this harness the processes of one machine play all parties, and
shares come from one secret of the run, which is drawn anew in each and changes no result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.privacy import Cost, Guarantee, Load, Mechanism, Merge, Sampling, SumInProgress
from runners.secure_sum.fixed_point import NUM_EXTRA_ENTRIES, Coding
from runners.secure_sum.order import check_order
from sim.bounds import at_least, positive

if TYPE_CHECKING:
    from runners.learner.horovod import Ranks

BITS_OF_BYTE = 8


@dataclass(frozen=True, kw_only=True)
class SecretSharing(Mechanism):
    """Add up in shares at `num_proxies` proxies."""

    num_proxies: int
    step: float
    max_abs: float
    rounding: str
    encode_parameters_per_s: float
    share_bytes_per_s: float

    is_secure_sum = True
    needs_sum = True

    def __post_init__(self) -> None:
        at_least("num_proxies", self.num_proxies, 2, remedy="one would see the updates; try 2")
        self._coding()
        for name in ("encode_parameters_per_s", "share_bytes_per_s"):
            positive(name, getattr(self, name), remedy="measure it on one core")

    @property
    def rounding_error(self) -> float:
        """Half a step where values are rounded to the nearest, else a whole one."""
        return self.step / 2 if self.rounding == "nearest" else self.step

    def check(self, before: Sequence[Mechanism], after: Sequence[Mechanism]) -> None:
        """Refuse what changes single updates behind the sum."""
        check_order("secret_sharing", after)

    def begin_sum(self, size: int, merge: Merge, ranks: "Ranks") -> SumInProgress:
        """Begin; raise `runners.secure_sum.SumNotRevealed`, on all ranks, with one partner."""
        from runners.secure_sum.additive import AdditiveSum

        return AdditiveSum(size, self.num_proxies, merge, self._coding(), ranks)

    def wire_bytes(self, num_bytes: int, load: Load) -> int:
        """Return the bytes of a share for each proxy; what arrives is coded anew, so its own bytes
        do not matter.
        """
        num_entries = load.num_parameters + NUM_EXTRA_ENTRIES
        bits = self._coding().grid(load.num_partners).bits
        return self.num_proxies * -(-num_entries * bits // BITS_OF_BYTE)

    def cost(self, load: Load) -> Cost:
        """Return what it takes to make all shares; to add them up is what a proxy does anyway."""
        word_bytes = self._coding().grid(load.num_partners).word.itemsize
        share_sim_s = load.num_parameters * word_bytes / self.share_bytes_per_s
        return Cost(
            partner_sim_s=load.num_parameters / self.encode_parameters_per_s
            + (self.num_proxies - 1) * share_sim_s,
            num_round_trips=0,
        )

    def guarantee(self, sampling: Sampling, num_merges: int) -> Guarantee:
        """State what holds in each merge."""
        return Guarantee(
            mechanism="additive secret sharing",
            unit="update",
            hidden_from=f"any {self.num_proxies - 1} of {self.num_proxies} proxies together",
            assumptions="one proxy keeps its shares to itself, and all follow the protocol; the "
            "sum itself is seen; AES-256 holds; one machine plays all parties",
        )

    def _coding(self) -> Coding:
        return Coding(step=self.step, max_abs=self.max_abs, rounding=self.rounding)
