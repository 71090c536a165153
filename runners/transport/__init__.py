"""Real transport between processes, and access to what passes: sealed channels, roles and tokens,
and a log of every access. (What links cost on the virtual clock is the group `transport`, in
`sim.transport`.)

An authority, such as the consortium's founder, signs a token for each member: its name, its roles,
its public key. Two members that show their tokens to each other agree on keys for one session
(`handshake`), under which messages are secret, whole, and in order (`channel`); `sealed_ranks` does
this for Horovod ranks. A `Gate` lets through who has the right, and writes down who asked
(`audit_log`); `python -m runners.transport.verify` checks such a log. In a run with
`learner.sealed=true` the process that starts the ranks is the authority (`session`), and the gate
stands before each merge (`admission`).

Keys are Ed25519 (signatures) and X25519 (agreement), 32 bytes; ciphers AES-256-GCM. Who holds a
secret key can do whatever it allows; what a member does with what it may read is out of reach.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROLES = ("provider", "processor", "trainer", "proxy", "deployer", "auditor")


class Tampered(ValueError):
    """Something is not what its sender or writer made."""


class OutOfOrder(Tampered):
    """A message came again, too early or too late."""


class Refused(PermissionError):
    """A token is not valid, or gives no right to what was asked."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """Say who a member is and what roles it has, from `valid_from_s` until before `valid_until_s`,
    in seconds since 1970. `public_key` is the member's, 32 bytes of Ed25519.
    """

    name: str
    roles: tuple[str, ...]
    public_key: bytes
    valid_from_s: float
    valid_until_s: float

    def __post_init__(self) -> None:
        unknown = set(self.roles) - set(ROLES)
        if unknown or not self.roles:
            raise ValueError(
                f"roles must be some of {', '.join(ROLES)}, got {list(self.roles)}; "
                "try roles=('trainer',)"
            )
        if not self.valid_from_s < self.valid_until_s:
            raise ValueError(
                f"valid_until_s must be after valid_from_s={self.valid_from_s}, got "
                f"{self.valid_until_s}; give the token a time in which it is valid"
            )


@dataclass(frozen=True, kw_only=True)
class Access:
    """Say what somebody wants to do: `action` (read or write) on a `subject` of
    `runners.transport.rights`, with a `detail` for the log, such as `update of partner 3, merge 7`.
    """

    action: str
    subject: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class LogState:
    """Hold how many entries an intact log has and the hash of the last one, hexadecimal."""

    num_entries: int
    head: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Say what a log must be: signed with `key`, 32 bytes of Ed25519, with the head `seen` in it
    still, and ending with the head `last`; None where any will do.
    """

    path: Path
    key: bytes
    seen: str | None
    last: str | None


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Hold what one rank gets. `key` and `log_key` are private keys of Ed25519, `authority` is a
    public one, 32 bytes each; `partner_tokens` are by the partners' numbers.
    """

    session: str
    authority: bytes
    token: str
    key: bytes = field(repr=False)
    partner_tokens: Mapping[int, str]
    proxy_token: str | None = None
    log_key: bytes | None = field(default=None, repr=False)
