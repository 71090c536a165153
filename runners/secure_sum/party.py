"""Owns one partner's side of the pairwise-masked sum (Bonawitz et al. 2017, figure 4, without the
round that guards against a proxy that lies about who is left).

Called in this order: `advertise`, `share`, `receive`, `masked` or `send`, `reveal`; numbers at the
methods are the paper's rounds.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runners.secure_sum import SumNotRevealed, Tampered
from runners.secure_sum.fixed_point import Words, reduced
from runners.secure_sum.key_agreement import KEY_BYTES, KeyPair
from runners.secure_sum.mask import Mask, add_masks
from runners.secure_sum.messages import MaskedVector, PublicKeys, Revealed, SealedShares
from runners.secure_sum.plan import Plan, place, sign
from runners.secure_sum.randomness import Randomness
from runners.secure_sum.shamir import NUM_BYTES, random_element, split

NONCE_BYTES = 12


class Party:
    """Take part in one sum, and add one vector to it."""

    def __init__(self, number: int, plan: Plan, proxy_key: bytes, randomness: Randomness) -> None:
        """Draw all secrets from `randomness`; `proxy_key` is the proxy's public key."""
        self.number = number
        self._plan = plan
        self._randomness = randomness
        self._sealing, self._masking = (
            KeyPair(randomness.bytes(KEY_BYTES)),
            KeyPair(randomness.bytes(KEY_BYTES)),
        )
        self._seed = random_element(randomness)
        self._proxy_key = proxy_key
        self._keys: Mapping[int, PublicKeys] = {}
        self._envelope_keys: dict[int, bytes] = {}
        self._shares: dict[int, tuple[int, int]] = {}
        self._has_masked = self._has_revealed = False

    def advertise(self) -> PublicKeys:
        """Return the party's public keys (0)."""
        return PublicKeys(
            sender=self.number,
            sealing=self._sealing.public,
            masking=self._masking.public,
            commitment=commitment(self._seed),
        )

    def share(self, keys: Mapping[int, PublicKeys]) -> list[SealedShares]:
        """Take all public keys; return each neighbour's share of the party's secrets (1)."""
        if keys[self.number] != self.advertise():
            raise Tampered(f"the public keys of party {self.number} were altered")
        self._keys = keys
        holders = self._plan.holders(self.number)
        secrets = (self._seed, int.from_bytes(self._masking.private, "little"))
        places, threshold = [place(holder) for holder in holders], self._plan.threshold(self.number)
        seeds, masking = (split(secret, places, threshold, self._randomness) for secret in secrets)
        by_holder = dict(zip(holders, zip(seeds, masking, strict=True), strict=True))
        self._shares[self.number] = by_holder.pop(self.number)
        return [self._seal(holder, shares) for holder, shares in by_holder.items()]

    def receive(self, messages: Iterable[SealedShares]) -> None:
        """Keep the shares of the neighbours' secrets."""
        for message in messages:
            self._shares[message.sender] = self._open(message)

    def masked(self, entries: Words) -> Words:
        """Return the entries plus the party's own mask and those shared with its neighbours, in
        place (2). A neighbour subtracts what the party adds. Masks serve once: two vectors under
        the same would show their difference.
        """
        if self._has_masked:
            raise RuntimeError(f"party {self.number} can mask one vector only, got a second")
        self._has_masked = True
        own = Mask(seed=self._seed.to_bytes(KEY_BYTES, "little"), sign=1)
        shared = [
            Mask(
                seed=self._masking.agree(self._keys[neighbour].masking, "mask"),
                sign=sign(self.number, neighbour),
            )
            for neighbour in self._plan.neighbours[self.number]
        ]
        add_masks(entries, [own, *shared])
        return reduced(entries, self._plan.bits)

    def send(self, entries: Words) -> MaskedVector:
        """Return the masked entries with a tag that only this party and the proxy can make."""
        vector = self.masked(entries)
        key = self._sealing.agree(self._proxy_key, "tag")
        return MaskedVector(sender=self.number, vector=vector, tag=tag(key, vector))

    def reveal(self, survivors: Collection[int]) -> Revealed:
        """Return shares that unmask the survivors' sum (3), once only: for another set of survivors
        they would unmask a single update.
        """
        if self._has_revealed:
            raise Tampered(f"party {self.number} was asked twice to reveal its shares")
        if self._plan.lacks_holders(self.number, survivors):
            raise SumNotRevealed(f"too few are left to unmask party {self.number}'s update")
        self._has_revealed = True
        kept = self._shares.items()
        return Revealed(
            sender=self.number,
            seed_shares={owner: seed for owner, (seed, _) in kept if owner in survivors},
            key_shares={owner: key for owner, (_, key) in kept if owner not in survivors},
        )

    def _seal(self, receiver: int, shares: tuple[int, int]) -> SealedShares:
        plain = b"".join(share.to_bytes(NUM_BYTES, "little") for share in shares)
        envelope = AESGCM(self._envelope_key(receiver))
        sealed = envelope.encrypt(nonce(self.number), plain, self._context(self.number, receiver))
        return SealedShares(sender=self.number, receiver=receiver, sealed=sealed)

    def _open(self, message: SealedShares) -> tuple[int, int]:
        sender = message.sender
        context = self._context(sender, self.number)
        try:
            envelope = AESGCM(self._envelope_key(sender))
            plain = envelope.decrypt(nonce(sender), message.sealed, context)
        except InvalidTag:
            raise Tampered(f"shares from party {sender} to {self.number} were altered") from None
        seed, key = plain[:NUM_BYTES], plain[NUM_BYTES:]
        return int.from_bytes(seed, "little"), int.from_bytes(key, "little")

    def _envelope_key(self, other: int) -> bytes:
        """Return the key of both directions; the sender's nonce tells them apart."""
        if other not in self._envelope_keys:
            agreed = self._sealing.agree(self._keys[other].sealing, "envelope")
            self._envelope_keys[other] = agreed
        return self._envelope_keys[other]

    def _context(self, sender: int, receiver: int) -> bytes:
        """Return what an envelope is bound to: the masking keys as this party knows them. Where the
        two parties were told different ones, it does not open.
        """
        return self._keys[sender].masking + self._keys[receiver].masking


def commitment(seed: int) -> bytes:
    """Return what binds a party to the seed of its own mask."""
    return hashlib.sha256(seed.to_bytes(NUM_BYTES, "little")).digest()


def nonce(sender: int) -> bytes:
    """Return the nonce of a sender's one message under a key."""
    return sender.to_bytes(NONCE_BYTES, "little")


def tag(key: bytes, vector: Words) -> bytes:
    """Return the tag of a masked vector: BLAKE2b with a key, 16 bytes."""
    return hashlib.blake2b(vector.data, key=key, digest_size=16).digest()


def check_tag(key: bytes, message: MaskedVector) -> None:
    """Raise Tampered where the vector is not the sender's."""
    if not hmac.compare_digest(tag(key, message.vector), message.tag):
        raise Tampered(f"the masked vector of party {message.sender} was altered")
