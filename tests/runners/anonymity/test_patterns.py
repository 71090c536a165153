"""Addresses and telephone numbers are known by their form, and what resembles them is not."""

import pytest

from runners.anonymity.patterns import IDENTIFYING, normal_form


def found(text: str) -> list[tuple[str, str]]:
    """Return kinds and texts of what has a normal form, but for capitalised words."""
    matches = [(str(match.lastgroup), match[0]) for match in IDENTIFYING.finditer(text)]
    return [(kind, some) for kind, some in matches if kind != "name" and normal_form(kind, some)]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("see http://a.example/b?c=d@e.example, or", "url", "http://a.example/b?c=d@e.example"),
        ("<https://a.example/>", "url", "https://a.example/"),
        ("at www.a.example.", "url", "www.a.example"),
        ("AT HTTP://A.EXAMPLE/B", "url", "HTTP://A.EXAMPLE/B"),
        ("(ftp://a.example/pub/)", "url", "ftp://a.example/pub/"),
        ("<kate.o'neill+x@mail.example.ie>", "mail", "neill+x@mail.example.ie"),
        ("to: JM@EXAMPLE.COM.", "mail", "JM@EXAMPLE.COM"),
        ("kate [at] example.ie!", "mail", "kate [at] example.ie"),
        ("kate AT example.ie", "mail", "kate AT example.ie"),
        ("ville.skytta at example.fi", "mail", "ville.skytta at example.fi"),
        ("from 192.0.2.17:80", "ip", "192.0.2.17"),
        ("is 2001:db8::ff00:42:8329 up", "ip", "2001:db8::ff00:42:8329"),
        ("call +34 936 00 23 23 now", "phone", "+34 936 00 23 23"),
        ("call (800) 555-0100.", "phone", "(800) 555-0100"),
        ("call 1-800-555-0100 x", "phone", "1-800-555-0100"),
        ("call 01 234 5678", "phone", "01 234 5678"),
    ],
)
def test_forms_are_found(text: str, kind: str, expected: str) -> None:
    assert found(text) == [(kind, expected)]


@pytest.mark.parametrize(
    "text",
    [
        "on 2002-10-07 20:55:23 +0100",
        "Tue, 13 Aug 2002 06:54:28 -0700",
        "std::vector and A::B",
        "version 2.4.18 of 10.0.0.0.1",
        "256.1.1.1",
        "at example.fi",
        "look at example.fi",
        "$22,000,000.00",
        "port 12345678",
        "user@localhost",
        "+1 23 45",
    ],
)
def test_what_resembles_them_is_left(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("mail", "Kate@Example.IE", "kate@example.ie"),
        ("mail", "kate [at] example.ie", "kate@example.ie"),
        ("mail", "kate AT example.ie", "kate@example.ie"),
        ("url", "HTTP://A.example/b/", "http://a.example/b"),
        ("phone", "(800) 555-0100", "800.555.0100"),
        ("ip", "2001:DB8:0::1", "2001:db8::1"),
        ("name", "KATE", "Kate"),
    ],
)
def test_spellings_have_one_normal_form(kind: str, one: str, other: str) -> None:
    assert normal_form(kind, one) == normal_form(kind, other)


def test_web_addresses_differ_by_the_case_of_their_path() -> None:
    one, other = "http://a.example/B?C", "http://a.example/b?c"
    assert normal_form("url", one) == one and normal_form("url", other) == other
