"""Anonymisation `k_anonymity`: each row of a provider looks like at least k - 1 others in what an
outsider could know, and their labels are of at least l kinds.

Direct identifiers are dropped: they are 0 in everyone's inputs, held-out ones included.
Quasi-identifiers are generalised by Mondrian (LeFevre et al. 2006), provider by provider; the
trainer's inputs are midpoints of intervals, and equal shares of the words of a set. Other columns
and the label are published as they are. The library anonypy has Mondrian too, and tests hold ours
to it: on 10,000 rows it takes 46 times as long, and where it cuts words depends on their order.

Guarantee: whoever knows a person's quasi-identifiers can't tell the person's row from k - 1 others
(Sweeney 2002), and with l-diversity not be sure of the label either (Machanavajjhala et al. 2007);
for the people in providers' rows, against the trainer.
Trust: the proxy, which sees the rows as they are, and whoever chose the quasi-identifiers: what is
missing there singles people out as before. It is no differential privacy: what else an attacker
knows, labels that are alike in a class, and two releases of the same people all weaken it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.anonymisation import Release
from runners.anonymity.raw import HasRows, Rows
from runners.anonymity.rule import DIVERSITIES, Plan, Rule
from runners.data import Data
from runners.privacy import Guarantee
from sim.bounds import at_least, one_of, positive


@dataclass(frozen=True, kw_only=True)
class KAnonymity:
    """Publish classes of at least `k` rows, whose labels have a `diversity` of `l_diversity`: so
    many distinct ones, or e to the entropy of their shares.
    """

    k: int
    l_diversity: float
    diversity: str
    direct_identifiers: tuple[str, ...]
    quasi_identifiers: tuple[str, ...]
    transform_bytes_per_s: float
    size_ratio: float

    def __post_init__(self) -> None:
        at_least("k", self.k, 1, remedy="try anonymisation.k=10")
        if not 1 <= self.l_diversity <= self.k:
            raise ValueError(
                f"l_diversity must be between 1 and k={self.k}, since that many rows may be all of "
                f"a class, got {self.l_diversity}; try anonymisation.l_diversity=1"
            )
        one_of("diversity", self.diversity, DIVERSITIES)
        if not self.quasi_identifiers:
            raise ValueError("quasi_identifiers must name a column, got none; try [age]")
        both = sorted(set(self.quasi_identifiers) & set(self.direct_identifiers))
        if both:
            raise ValueError(
                f"quasi_identifiers must not be direct identifiers too, which are dropped, got "
                f"{', '.join(both)} as both; leave them out of one"
            )
        positive("transform_bytes_per_s", self.transform_bytes_per_s, remedy="6e6 is a core's")
        positive("size_ratio", self.size_ratio, remedy="1 passes on as much as came in")

    def check(self, data: object, providers: Sequence[np.ndarray]) -> None:
        """Raise ValueError unless data are a table with these columns, and each provider has enough
        rows and labels for a class.
        """
        from runners.anonymity.quasi import check_columns, quasi_identifiers
        from runners.anonymity.tables import check_providers

        rows = self._rows(data)
        check_columns(rows.frame, "anonymisation.quasi_identifiers", self.quasi_identifiers)
        check_columns(rows.frame, "anonymisation.direct_identifiers", self.direct_identifiers)
        quasi_identifiers(rows.frame, self.quasi_identifiers)
        check_providers(rows, providers, self._plan.rule)

    def release(self, data: Data, providers: Sequence[np.ndarray], seed: int) -> Release:
        """Return generalised samples, and risk and loss."""
        from runners.anonymity.table_release import release_table

        return release_table(self._rows(data), providers, self._plan, seed)

    def guarantee(self) -> Guarantee:
        """Return k-anonymity, with what it rests on."""
        return Guarantee(
            mechanism=f"k-anonymity, k = {self.k}, {self.diversity} l = {self.l_diversity:g}",
            unit="example",
            hidden_from="the trainer",
            assumptions="the proxy is trusted with raw rows; outsiders know no other columns than "
            f"{', '.join(self.quasi_identifiers)}; nothing else about the same people is published",
        )

    @property
    def _plan(self) -> Plan:
        return Plan(
            rule=Rule(k=self.k, least_diversity=self.l_diversity, diversity=self.diversity),
            dropped=self.direct_identifiers,
            generalised=self.quasi_identifiers,
        )

    @staticmethod
    def _rows(data: object) -> Rows:
        if not isinstance(data, HasRows):
            raise ValueError(
                "anonymisation=k_anonymity needs a table of numbers and words, got "
                f"{type(data).__name__}; try task=adult_mlp, or anonymisation=pseudonyms for texts"
            )
        return data.rows()
