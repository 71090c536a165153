"""Owns the proxy's side of the pairwise-masked sum: it passes messages on, adds up masked vectors,
and takes off the masks that do not cancel.

What it sees is in its arguments: public keys, sealed shares, masked vectors, and the revealed
shares.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from runners.secure_sum import SumNotRevealed, Tampered
from runners.secure_sum.fixed_point import Words, reduced
from runners.secure_sum.graph import is_connected
from runners.secure_sum.key_agreement import KEY_BYTES, KeyPair
from runners.secure_sum.mask import Mask, add_masks
from runners.secure_sum.messages import MaskedVector, PublicKeys, Revealed, SealedShares
from runners.secure_sum.party import check_tag, commitment
from runners.secure_sum.plan import Plan, place, sign
from runners.secure_sum.randomness import Randomness
from runners.secure_sum.shamir import combine

Shares = Mapping[int, Mapping[int, int]]


class Proxy:
    """Lead one sum."""

    def __init__(self, plan: Plan, randomness: Randomness) -> None:
        self._plan = plan
        self._pair = KeyPair(randomness.bytes(KEY_BYTES))
        self._keys: dict[int, PublicKeys] = {}

    @property
    def public_key(self) -> bytes:
        """The key that parties know to be the proxy's."""
        return self._pair.public

    def take_keys(self, messages: Iterable[PublicKeys]) -> Mapping[int, PublicKeys]:
        """Return all public keys by party, for every party (0)."""
        self._keys = {message.sender: message for message in messages}
        return self._keys

    def route(self, messages: Iterable[SealedShares]) -> Mapping[int, list[SealedShares]]:
        """Return the sealed shares by receiver (1)."""
        by_receiver: dict[int, list[SealedShares]] = defaultdict(list)
        for message in messages:
            by_receiver[message.receiver].append(message)
        return by_receiver

    def add_up(self, messages: Sequence[MaskedVector]) -> Words:
        """Return the sum of masked vectors after a look at their tags (2)."""
        total = np.zeros_like(messages[0].vector)
        for message in messages:
            key = self._pair.agree(self._keys[message.sender].sealing, "tag")
            check_tag(key, message)
            total += message.vector
        return total

    def unmask(self, total: Words, survivors: Sequence[int], revealed: Sequence[Revealed]) -> Words:
        """Return the sum of the survivors' entries from the sum of their masked vectors (3), in
        place; those revealed may be fewer than the survivors, down to the threshold.
        """
        seeds = by_owner({message.sender: message.seed_shares for message in revealed})
        keys = by_owner({message.sender: message.key_shares for message in revealed})
        masks = [Mask(seed=self._seed(owner, seeds), sign=-1) for owner in survivors]
        for owner in sorted(self._keys.keys() - set(survivors)):
            if left := self._plan.neighbours[owner].intersection(survivors):
                masks += self._left_by(owner, self._masking(owner, keys), left)
        add_masks(total, masks)
        return reduced(total, self._plan.bits)

    def _left_by(self, dropped: int, pair: KeyPair, survivors: Iterable[int]) -> list[Mask]:
        """Return what takes off the masks of survivors with a party whose vector did not come."""
        return [
            Mask(
                seed=pair.agree(self._keys[survivor].masking, "mask"),
                sign=-sign(survivor, dropped),
            )
            for survivor in survivors
        ]

    def _seed(self, owner: int, shares: Shares) -> bytes:
        seed = self._recovered(owner, shares)
        if commitment(seed) != self._keys[owner].commitment:
            raise Tampered(f"a share of party {owner}'s seed, or its commitment, was altered")
        return seed.to_bytes(KEY_BYTES, "little")

    def _masking(self, owner: int, shares: Shares) -> KeyPair:
        private = self._recovered(owner, shares).to_bytes(KEY_BYTES, "little")
        pair = KeyPair(private)
        if pair.private != private or pair.public != self._keys[owner].masking:
            raise Tampered(f"a share of party {owner}'s masking key, or that key, was altered")
        return pair

    def _recovered(self, owner: int, shares: Shares) -> int:
        threshold = self._plan.threshold(owner)
        known = shares.get(owner, {})
        if len(known) < threshold:
            raise SumNotRevealed(
                f"party {owner}'s masks need {threshold} shares to come off, got {len(known)}"
            )
        return combine(known, threshold)


def by_owner(shares: Shares) -> Shares:
    """Turn shares by holder and owner into shares by owner and place."""
    turned: dict[int, dict[int, int]] = defaultdict(dict)
    for holder, owned in shares.items():
        for owner, share in owned.items():
            turned[owner][place(holder)] = share
    return turned


def check_survivors(plan: Plan, survivors: Sequence[int]) -> None:
    """Raise SumNotRevealed where the survivors' sum can't be unmasked, or where no masks join them
    all, so that sums of some of them would show.
    """
    left = set(survivors)
    for owner, neighbours in plan.neighbours.items():
        if (owner in left or neighbours & left) and plan.lacks_holders(owner, left):
            raise SumNotRevealed(
                f"{len(left)} of {len(plan.neighbours)} parties are left, of whom too few hold a "
                f"share of party {owner}'s secrets; {plan.threshold(owner)} are needed"
            )
    if len(left) < 2 or not is_connected(left, plan.neighbours):
        raise SumNotRevealed(
            f"{len(left)} of {len(plan.neighbours)} parties are left, and masks do not join them "
            "all; a sum of fewer would show"
        )
