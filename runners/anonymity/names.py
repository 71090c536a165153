"""Owns which words are people's names, as texts themselves tell.

A name stands beside a mail address, in header lines, before "wrote:", in a greeting or at the end
of a mail, or follows one that does, as a surname. Its words are taken for names wherever they are
capitalised, unless they are ordinary: more often in small letters than in capitals, or seldom in
such a place among all the times they occur. A name that is never in such a place in any of the
texts is not found.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from email.parser import HeaderParser
from email.utils import getaddresses

from runners.anonymity.patterns import WORD

HEADERS = ("from", "to", "cc", "bcc", "reply-to", "sender")
LEAST_SHARE = 0.05
"""Of a word's capitalised uses, those in a name's place: a name has more, a word that a name
borrows (Linux, List) fewer."""

_INITIAL = r"(?:[A-Z]\.\s?)"
_NAME = rf"{WORD}(?:\s{_INITIAL}*(?:(?:de|van|von|der|la|O)\s)*{WORD}){{0,2}}"
_PLACES = [
    re.compile(rf"[\"']?(?P<name>{_NAME}(?:,\s{WORD})?)[\"']?\s*[<(\[]+(?:mailto:)?[^\s<>@]+@"),
    re.compile(rf"(?<!\S)\S+@\S+\s+\((?P<name>{_NAME})\)"),
    re.compile(rf"(?P<name>{_NAME}(?:,\s{WORD})?)\s+(?:wrote|writes|mentioned|said|says)\s?:"),
    re.compile(
        rf"\b(?:Hi|Hello|Dear|Thanks|Regards|Cheers|Sincerely),?\s(?P<name>{_NAME})(?=[,!.]|\s--)"
    ),
    re.compile(rf"(?P<name>{_NAME})\s+--\s"),
    re.compile(rf"\s--\s+(?P<name>{_NAME})(?=,|\s+<?\S+@|\s*$)"),
    re.compile(
        rf"\b(?:[Mm]y name is|I am|Mr\.?|Mrs\.?|Ms\.?|Dr\.?|MR\.?|MRS\.?|DR\.?)\s(?P<name>{_NAME})"
    ),
]
_WORD = re.compile(WORD)
_RUN = re.compile(rf"{WORD}(?:\s{_INITIAL}*{WORD}){{1,2}}")
_PLAIN_WORD = re.compile(r"(?<![\w.@/-])[^\W\d_]+(?![\w@/-]|\.\w)")
"""A word that is no part of an address, where names are in small letters too."""


def learn_names(texts: Sequence[str]) -> frozenset[str]:
    """Return the words of people's names in texts, in small letters (`str.casefold`)."""
    capitals, smalls = Counter[str](), Counter[str]()
    for text in texts:
        capitals.update({word.casefold() for word in _WORD.findall(text)})
        smalls.update({word for word in _PLAIN_WORD.findall(text) if word.islower()})

    def likely(places: Counter[str]) -> frozenset[str]:
        return frozenset(
            word
            for word, count in places.items()
            if len(word) > 1
            and capitals[word] > smalls[word]
            and count >= LEAST_SHARE * capitals[word]
        )

    places = Counter(word for text in texts for word in set(_words_of_names(text)))
    known = likely(places)
    places.update(word for text in texts for word in set(_neighbours(text, known)))
    return likely(places)


def _neighbours(text: str, known: Collection[str]) -> Iterator[str]:
    """Yield capitalised words that follow a known name: surnames, for the most part."""
    for names in _RUN.findall(text):
        words = [word.casefold() for word in _WORD.findall(names)]
        first = next((number for number, word in enumerate(words) if word in known), len(words))
        yield from (word for word in words[first + 1 :] if word not in known)


def _words_of_names(text: str) -> Iterator[str]:
    for name in _names(text):
        yield from (word.casefold() for word in _WORD.findall(name))


def _names(text: str) -> Iterator[str]:
    yield from _header_names(text)
    for place in _PLACES:
        yield from (match["name"] for match in place.finditer(text))


def _header_names(text: str) -> Iterable[str]:
    """Return the names in a mail's own header, where it has one."""
    message = HeaderParser().parsestr(text)
    lines = [str(line) for header in HEADERS for line in message.get_all(header, [])]
    return [name for name, _ in getaddresses(lines) if name]
