"""Owns what in a text leads to a person by its form: addresses of web, mail and machines, and
telephone numbers; and words that may be names, which `names` tells.

A match's kind is the name of its group. Web addresses come first, so that a mail address in one is
a part of it. Its normal form is what spellings of one thing have in common.
"""

import ipaddress
import re

KINDS = ("url", "mail", "ip", "phone", "name")

LEAST_DIGITS = 7
"""Of a telephone number; fewer are a year or a time zone."""

_URL = r"\b(?i:(?:https?|ftp|rsync|news|nntp|telnet|gopher|ldap|irc)://|www\.)" + (
    r"[^\s<>\"]*[^\s<>\"'.,;:!?)\]}*_]"
)
_LOCAL = r"(?<![\w.%+=-])[\w%+=-](?:[\w.%+=-]*[\w%+=-])?"
_DOMAIN = r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
# somebody@example.org, somebody [at] example.org, some.body at example.org
_MAIL = (
    rf"{_LOCAL}(?:@|\s?[\[({{]\s?at\s?[\])}}]\s?|\sAT\s){_DOMAIN}"
    rf"|(?<![\w.+-])[\w+-]+(?:\.[\w+-]+)+\sat\s{_DOMAIN}"
)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IP = (
    rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d)"
    r"|(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])"
)
_PHONE = (
    r"(?<![\w.+-])(?:"
    r"\+[1-9]\d{0,2}[\s.-]?(?:\(\d{1,4}\)[\s.-]?)?\d{1,4}(?:[\s.-]?\d{2,4}){1,4}"  # +353 1 234 5678
    r"|(?:\+?1[\s.-]?)?(?:\(\d{3}\)\s?|\d{3}[\s./-]{1,2})\d{3}[\s.-]{1,2}\d{4}"  # (800) 555-0100
    r"|\(?0\d{1,4}\)?[\s/-]\d{3,4}[\s-]?\d{3,4}"  # 01 234 5678
    r")(?![\w-]|\.\d)"
)
_CAPITAL = "A-ZÀ-ÖØ-Þ"
WORD = rf"\b[{_CAPITAL}][^\W\d_]*(?:['’-][{_CAPITAL}][^\W\d_]*)*"
"""A capitalised word, such as Kate, O'Brien or Smith-Jones; without an 's at the end."""

IDENTIFYING = re.compile(
    rf"(?P<url>{_URL})|(?P<mail>{_MAIL})|(?P<ip>{_IP})|(?P<phone>{_PHONE})|(?P<name>{WORD})"
)


def normal_form(kind: str, text: str) -> str | None:
    """Return what spellings of one thing have in common; None where it only looks like one."""
    if kind == "ip":
        return _address(text)
    if kind == "phone":
        digits = re.sub(r"\D", "", text)
        return digits if len(digits) >= LEAST_DIGITS else None
    if kind == "mail":
        return re.sub(r"\s?[\[({]\s?at\s?[\])}]\s?|\s(?:AT|at)\s", "@", text).lower()
    return _web_address(text) if kind == "url" else text.casefold()


def _web_address(text: str) -> str:
    """Return a web address with its machine in small letters; what follows may tell them apart."""
    machine = re.split(r"(?<![/:])[/?#]", text, maxsplit=1)[0]
    return machine.lower() + text[len(machine) :].rstrip("/")


def _address(text: str) -> str | None:
    """Return an address of IPv4 or IPv6; a time of day or a name in C++ is none."""
    if ":" in text and sum(character.isalnum() for character in text) < 4:
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
