"""Owns the way to what is protected: whoever asks shows a token, and is let through or not; the log
has it either way, before the answer.
"""

from collections.abc import Callable, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from runners.transport import Access, Refused, Token
from runners.transport.audit_log import AuditLog
from runners.transport.rights import may
from runners.transport.tokens import check_time, signed_token


class Gate:
    """Let members do what their roles give them the right to."""

    def __init__(
        self, authority: Ed25519PublicKey, log: AuditLog, now_s: Callable[[], float]
    ) -> None:
        """Trust what the authority signed; `now_s` is the clock, in seconds since 1970."""
        self._authority = authority
        self._log = log
        self._now_s = now_s
        self._known: dict[str, Token] = {}  # whose signatures have been checked

    def admit(self, token: str, access: Access) -> Token:
        """Return who asks, who may do so; raises Refused otherwise."""
        return self.admit_all([(token, access)])[0]

    def admit_all(self, requests: Sequence[tuple[str, Access]]) -> list[Token]:
        """Return who asks, each by a token and for an access; raises Refused for the first who may
        not, after all are in the log.
        """
        now_s = self._now_s()
        decisions = [self._decision(token, access, now_s) for token, access in requests]
        self._log.extend(
            [
                _entry(now_s, member, access, refusal)
                for (member, refusal), (_, access) in zip(decisions, requests, strict=True)
            ]
        )
        for _, refusal in decisions:
            if refusal is not None:
                raise Refused(refusal)
        return [member for member, _ in decisions if member is not None]

    def _decision(
        self, token: str, access: Access, now_s: float
    ) -> tuple[Token | None, str | None]:
        """Return who asks, None where the token does not say so, and why not, if it is refused."""
        try:
            member = self._signed(token)
            check_time(member, now_s)
        except Refused as refusal:
            return None, str(refusal)
        if may(member.roles, access):
            return member, None
        return member, (
            f"{member.name}, who is {' and '.join(member.roles)}, must not {access.action} "
            f"{access.subject}; it takes another role"
        )

    def _signed(self, text: str) -> Token:
        if text not in self._known:
            self._known[text] = signed_token(text, self._authority)
        return self._known[text]


def _entry(
    now_s: float, member: Token | None, access: Access, refusal: str | None
) -> dict[str, Any]:
    return {
        "at_s": now_s,
        "name": None if member is None else member.name,
        "roles": [] if member is None else list(member.roles),
        "action": access.action,
        "subject": access.subject,
        "detail": access.detail,
        "refused": refusal,
    }
