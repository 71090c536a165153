"""Owns what a run's ranks need to seal their messages: keys and tokens, drawn by the process that
starts the ranks, new for each run, and handed to each rank over its own pipe. They are in no file,
no environment and on no command line; the authority's private key is dropped when all have theirs.

A rank gets its own token and key, and the tokens of the partners that it hosts, which have the
rank's key. Rank 0 gets two things more: the proxy's token and the key that signs the log.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runners.transport import Credentials, Token
from runners.transport.handshake import Member
from runners.transport.tokens import issue

CLOCK_SLACK_S = 60.0
VALID_S = 30 * 86_400.0
"""How long tokens are good for: a run that takes longer than 30 days ends with a refusal."""

USUAL_ROLES = ("trainer",)
PROXY = "proxy"


def new_credentials(
    num_ranks: int, partners: Sequence[str], roles: Mapping[str, Sequence[str]]
) -> list[Credentials]:
    """Return each rank's credentials for one run. Partners, in the order of their numbers, are
    trainers but for those in `roles`.
    """
    authority = Ed25519PrivateKey.generate()
    now_s = time.time()
    times = (now_s - CLOCK_SLACK_S, now_s + VALID_S)
    members = new_members(num_ranks, authority, *times)

    def token(name: str, its_roles: Sequence[str], rank: int) -> str:
        return _issued(name, its_roles, members[rank].key, authority, *times)

    session = secrets.token_hex(16)
    credentials = [
        Credentials(
            session=session,
            authority=authority.public_key().public_bytes_raw(),
            token=member.token,
            key=member.key.private_bytes_raw(),
            partner_tokens={
                number: token(partners[number], roles.get(partners[number], USUAL_ROLES), rank)
                for number in range(rank, len(partners), num_ranks)
            },
        )
        for rank, member in enumerate(members)
    ]
    log_key = Ed25519PrivateKey.generate().private_bytes_raw()
    first = replace(credentials[0], proxy_token=token(PROXY, ("proxy",), 0), log_key=log_key)
    return [first, *credentials[1:]]


def name_of(rank: int) -> str:
    """Return the name under which a rank is a member."""
    return f"rank {rank}"


def new_members(
    num_ranks: int, authority: Ed25519PrivateKey, from_s: float, until_s: float
) -> list[Member]:
    """Return each rank's name, token and key; rank 0 is the proxy, and all host partners."""
    members = []
    for rank in range(num_ranks):
        key = Ed25519PrivateKey.generate()
        roles = ("proxy", "trainer") if rank == 0 else ("trainer",)
        token = _issued(name_of(rank), roles, key, authority, from_s, until_s)
        members.append(Member(name_of(rank), token, key))
    return members


def _issued(
    name: str,
    roles: Sequence[str],
    key: Ed25519PrivateKey,
    authority: Ed25519PrivateKey,
    from_s: float,
    until_s: float,
) -> str:
    token = Token(
        name=name,
        roles=tuple(roles),
        public_key=key.public_key().public_bytes_raw(),
        valid_from_s=from_s,
        valid_until_s=until_s,
    )
    return issue(token, authority)
