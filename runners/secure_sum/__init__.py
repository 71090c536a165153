"""Secure sums: partners' vectors are added up, and nobody sees one of them.

`party`, `proxy` and the `messages` between them are the pairwise-masked sum; `pairwise` plays it in
a merge on Horovod ranks, and `additive` the sum by shares for several proxies. Both add up numbers
that `fixed_point` makes whole.
"""


class SumNotRevealed(RuntimeError):
    """The sum can't or must not be revealed, as too few partners are left; the merge may be
    skipped.
    """


class Tampered(RuntimeError):
    """A message is not what its sender sent."""
