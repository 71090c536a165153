"""Owns the way to what is protected: whoever asks shows a token, and is let through or not; the log
has it either way, before the answer.
"""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from runners.transport import Access, Refused, Token
from runners.transport.audit_log import AuditLog
from runners.transport.rights import may
from runners.transport.tokens import read_token


class Gate:
    """Let members do what their roles give them the right to."""

    def __init__(
        self, authority: Ed25519PublicKey, log: AuditLog, now_s: Callable[[], float]
    ) -> None:
        """Trust what the authority signed; `now_s` is the clock, in seconds since 1970."""
        self._authority = authority
        self._log = log
        self._now_s = now_s

    def admit(self, token: str, access: Access) -> Token:
        """Return who asks, who may do so; raises Refused otherwise."""
        now_s = self._now_s()
        try:
            member = read_token(token, self._authority, now_s)
        except Refused as refusal:
            self._write(now_s, None, access, str(refusal))
            raise
        if not may(member.roles, access):
            reason = (
                f"{member.name}, who is {' and '.join(member.roles)}, must not {access.action} "
                f"{access.subject}; it takes another role"
            )
            self._write(now_s, member, access, reason)
            raise Refused(reason)
        self._write(now_s, member, access, None)
        return member

    def _write(
        self, now_s: float, member: Token | None, access: Access, refusal: str | None
    ) -> None:
        self._log.append(
            {
                "at_s": now_s,
                "name": None if member is None else member.name,
                "roles": [] if member is None else list(member.roles),
                "action": access.action,
                "subject": access.subject,
                "detail": access.detail,
                "refused": refusal,
            }
        )
