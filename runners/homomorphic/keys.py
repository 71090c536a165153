"""Owns who gets which key in a run.

The last rank draws the key, as a partner would, and sends it to every rank's partners; the proxy
gets the part without the secret. Every rank hosts partners, rank 0 too, and rank 0 is also the
proxy: its process holds a `KeyHolder` and an `Adder`, which are separate objects and share nothing
but the public part. So what is shown is that the proxy's part works without the key, not that one
process hides it from itself. Keys pass between ranks as they are, unless `ranks` seals them
(`runners.transport`).

Keys are in memory only, not in checkpoints: a resumed run draws another.
"""

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from runners.homomorphic import Scheme
from runners.homomorphic.adder import Adder
from runners.homomorphic.key_holder import KeyHolder, new_key

if TYPE_CHECKING:
    from runners.learner.horovod import Ranks

PROXY_RANK = 0


class Keys:
    """Hold a run's keys as a rank has them; `adder` is None but on the proxy's rank."""

    def __init__(self, holder: KeyHolder, adder: Adder | None) -> None:
        self.holder = holder
        self.adder = adder


_latest: "WeakKeyDictionary[Ranks, tuple[int, Scheme, Keys]]" = WeakKeyDictionary()
"""The keys that ranks shared last, in which run and for what."""


def keys_of(run: int, scheme: Scheme, ranks: "Ranks") -> Keys:
    """Return the keys of this run, which are shared when they are first asked for; all ranks call
    it together. `run` is a number that no two runs of these ranks have in common.
    """
    latest = _latest.get(ranks)
    if latest is not None and latest[:2] == (run, scheme):
        return latest[2]
    keys = share_keys(scheme, ranks)
    _latest[ranks] = (run, scheme, keys)
    return keys


def share_keys(scheme: Scheme, ranks: "Ranks") -> Keys:
    """Draw a key and share it; all ranks call it together."""
    drawer = ranks.size - 1
    draws = ranks.rank == drawer
    key = new_key(scheme) if draws else b""
    key = ranks.exchange_bytes([key] * ranks.size, "ckks key")[drawer]
    holder = KeyHolder(key, scheme)
    to_proxy = [b""] * ranks.size
    to_proxy[PROXY_RANK] = holder.public_part() if draws else b""
    public_part = ranks.exchange_bytes(to_proxy, "ckks public key")[drawer]
    return Keys(holder, Adder(public_part) if ranks.rank == PROXY_RANK else None)
