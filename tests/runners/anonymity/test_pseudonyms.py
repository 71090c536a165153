"""Pseudonyms are keyed, stable, and told apart; and nothing that was found stays."""

import re

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.anonymity.patterns import KINDS
from runners.anonymity.pseudonyms import Pseudonyms

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
TEXT = "Kate <Kate@example.ie> of 192.0.2.7 at http://a.example/k says 800-555-0100, Will"


def replaced(text: str, key: bytes = KEY, kinds=KINDS) -> str:
    return Pseudonyms(key, kinds, {"kate"}).replace(text)


def test_each_kind_becomes_one_word() -> None:
    expected = (
        r"name[0-9a-f]{12} <mail[0-9a-f]{12}> of ip[0-9a-f]{12} at url[0-9a-f]{12} "
        r"says phone[0-9a-f]{12}, Will"
    )
    assert re.fullmatch(expected, replaced(TEXT))


def test_a_pseudonym_is_the_start_of_an_hmac() -> None:
    mac = HMAC(KEY, hashes.SHA256())
    mac.update(b"mail:kate@example.ie")
    assert replaced("<Kate@Example.ie>") == f"<mail{mac.finalize().hex()[:12]}>"


def test_only_the_kinds_asked_for_are_replaced() -> None:
    for kind in KINDS:
        assert set(re.findall(r"[a-z]+(?=[0-9a-f]{12}\b)", replaced(TEXT, kinds=[kind]))) == {kind}


def test_replacements_are_counted() -> None:
    pseudonyms = Pseudonyms(KEY, KINDS, {"kate"})
    pseudonyms.replace("Kate and KATE wrote to a@a.example")
    pseudonyms.replace("Kate wrote to a@a.example and b@a.example")
    assert pseudonyms.counts == {"name": 3, "mail": 3}
    assert pseudonyms.things == {("name", "kate"), ("mail", "a@a.example"), ("mail", "b@a.example")}


local = st.text("abcxyz", min_size=1, max_size=6)
addresses = st.builds("{}@{}.example".format, local, local)
urls = st.builds("http://{}.example/{}".format, local, local)


@given(things=st.lists(st.one_of(addresses, urls), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_one_thing_has_one_pseudonym_and_two_have_two(things: list[str]) -> None:
    words = replaced(" and ".join(things)).split(" and ")
    assert len(words) == len(things) and not set(words) & set(things)
    assert len(set(zip(things, words, strict=True))) == len(set(things)) == len(set(words))


@given(address=addresses)
@settings(max_examples=40, deadline=None)
def test_capitals_make_no_other_pseudonym(address: str) -> None:
    assert replaced(address.upper()) == replaced(address)


@given(things=st.lists(st.one_of(addresses, urls), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_another_key_gives_other_pseudonyms(things: list[str]) -> None:
    text = " and ".join(things)
    assert not set(replaced(text).split(" and ")) & set(replaced(text, OTHER_KEY).split(" and "))
