"""Owns who is let into a run's merges: partners show their tokens once, and before each merge the
first rank's gate decides, and writes down, whether they may write an update and read the sum.

A partner's token must have the key of the rank that shows it, which that rank has proved to hold in
the handshake: no rank speaks for partners that it does not host. In modes that merge in one place
the proxy is asked too, whether it may read updates and write their sum. A refusal ends the run.

The log is `access.jsonl` in the run folder, with its signed head beside it (`audit_log`). The key
that signs is in memory only, so a run that is resumed begins another, `access-2.jsonl`.
"""

import time
from collections.abc import Mapping, Sequence
from itertools import chain, count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runners.transport import Access, Credentials, Refused
from runners.transport.audit_log import AuditLog, check_log, head_path
from runners.transport.gate import Gate
from runners.transport.logs import path_of
from runners.transport.sealed_ranks import SealedRanks
from runners.transport.tokens import read_token

PARTNER_MAY = (("write", "update"), ("read", "sum"))
PROXY_MAY = (("read", "update"), ("write", "sum"))


class Admissions:
    """Ask for the partners of every merge; on all ranks but the first there is nobody to ask."""

    def __init__(
        self, ranks: SealedRanks, credentials: Credentials, folder: Path, *, has_proxy: bool
    ) -> None:
        """Show the tokens of the hosted partners; all ranks do it together."""
        shown = ranks.gather(credentials.partner_tokens, "tokens")
        self._desk: _Desk | None = None
        if credentials.log_key is not None:
            tokens = _checked(shown, ranks, credentials)
            proxy = credentials.proxy_token if has_proxy else None
            self._desk = _Desk(tokens, proxy, credentials, folder)

    def admit(self, partners: Sequence[int], merge: str) -> None:
        """Let partners, by their numbers, take part in a merge; raises Refused for the first who
        may not, and Tampered where the log was changed.
        """
        if self._desk is not None:
            self._desk.admit(partners, merge)

    def check(self) -> None:
        """Raise Tampered where the log is not what was written."""
        if self._desk is not None:
            self._desk.check()


class _Desk:
    """Hold the gate, and the tokens that were shown."""

    def __init__(
        self, tokens: Mapping[int, str], proxy: str | None, credentials: Credentials, folder: Path
    ) -> None:
        assert credentials.log_key is not None
        key = Ed25519PrivateKey.from_private_bytes(credentials.log_key)
        authority = Ed25519PublicKey.from_public_bytes(credentials.authority)
        self._tokens = tokens
        self._proxy = proxy
        self._public_key = key.public_key()
        self._path = _free_path(folder)
        self._gate = Gate(authority, AuditLog(self._path, key), time.time)

    def admit(self, partners: Sequence[int], merge: str) -> None:
        """Ask for all of them at once."""
        requests = [
            (self._tokens[partner], Access(action=action, subject=subject, detail=merge))
            for partner in dict.fromkeys(partners)
            for action, subject in PARTNER_MAY
        ]
        if self._proxy is not None:
            requests += [
                (self._proxy, Access(action=action, subject=subject, detail=merge))
                for action, subject in PROXY_MAY
            ]
        self._gate.admit_all(requests)

    def check(self) -> None:
        """Check the whole log."""
        check_log(self._path, self._public_key)


def _checked(
    shown: Sequence[Mapping[int, str]], ranks: SealedRanks, credentials: Credentials
) -> Mapping[int, str]:
    """Return all partners' tokens; raises Refused where a rank shows one that is not its own."""
    authority = Ed25519PublicKey.from_public_bytes(credentials.authority)
    key_of = {rank: peer.public_key for rank, peer in ranks.peers.items()}
    key_of[ranks.rank] = read_token(credentials.token, authority, time.time()).public_key
    for rank, tokens in enumerate(shown):
        for number, text in tokens.items():
            token = read_token(text, authority, time.time())
            if token.public_key != key_of[rank] or number % ranks.size != rank:
                raise Refused(
                    f"rank {rank} shows the token of {token.name}, partner {number}, which it does "
                    "not host"
                )
    return dict(chain.from_iterable(tokens.items() for tokens in shown))


def _free_path(folder: Path) -> Path:
    """Return where the next log of a run goes."""
    paths = (path_of(folder, number) for number in count(1))
    return next(path for path in paths if not path.exists() and not head_path(path).exists())
