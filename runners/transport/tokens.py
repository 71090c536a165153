"""Owns tokens as text: what the authority says of a member, and its signature.

`<base64 of the JSON>.<base64 of the signature>`, both URL-safe and without padding. A token is no
secret: to use another's, one needs the private key that belongs to its public key.
"""

import base64
import binascii
import json
from dataclasses import asdict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runners.transport import Refused, Token

PURPOSE = b"accord token\n"
"""Goes into the signature, so that nothing else the authority signs is taken for a token."""


def issue(token: Token, authority: Ed25519PrivateKey) -> str:
    """Return the token signed by the authority."""
    fields = asdict(token) | {"public_key": token.public_key.hex()}
    claims = json.dumps(fields, sort_keys=True).encode()
    return f"{_text(claims)}.{_text(authority.sign(PURPOSE + claims))}"


def read_token(text: str, authority: Ed25519PublicKey, now_s: float) -> Token:
    """Return what the authority signed; raises Refused for a token that it did not sign, or that is
    not valid now.
    """
    token = signed_token(text, authority)
    check_time(token, now_s)
    return token


def signed_token(text: str, authority: Ed25519PublicKey) -> Token:
    """Return what the authority signed, whenever it is valid; raises Refused if it did not."""
    claims, _, signature = text.partition(".")
    try:
        signed = _bytes(claims)
        authority.verify(_bytes(signature), PURPOSE + signed)
    except (InvalidSignature, ValueError) as error:
        raise Refused("the token is not signed by the authority; ask for a new one") from error
    fields = json.loads(signed)
    roles, public_key = tuple(fields["roles"]), bytes.fromhex(fields["public_key"])
    return Token(**fields | {"roles": roles, "public_key": public_key})


def check_time(token: Token, now_s: float) -> None:
    """Raise Refused for a token that is not valid now."""
    if not token.valid_from_s <= now_s < token.valid_until_s:
        raise Refused(
            f"the token of {token.name} is valid from {token.valid_from_s} until "
            f"{token.valid_until_s}, and now is {now_s}; ask for a new one"
        )


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Return what `_text` was given; raises ValueError for any other text, even one that base64
    would read as the same bytes.
    """
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if _text(content) != text:
        raise ValueError("not as it was written")
    return content
