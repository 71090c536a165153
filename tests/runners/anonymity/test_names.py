"""Names are learned from where they stand, and are then known everywhere."""

import pytest

from runners.anonymity.names import LEAST_SHARE, learn_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('From: "Rohit Khare" <rohit@a.example> To: <x@a.example>', {"rohit", "khare"}),
        ("Rohit Khare <x@a.khare> http://a.example/rohit", {"rohit", "khare"}),
        ("> beberg@a.example (Adam Beberg)", {"adam", "beberg"}),
        ("On Tue, 13 Aug 2002, Theo O'Brien wrote: > yes", {"theo", "o'brien"}),
        ("at 06:54 +0100, Holm, Anders mentioned: > no", {"holm", "anders"}),
        ("all done. Thanks Kate!", {"kate"}),
        ("and no luck. Kate -- our group: x", {"kate"}),
        ("in advance. -- Ken Scott, admin@a.example", {"ken", "scott"}),
        ("I am Bello Sankoh, son of", {"bello", "sankoh"}),
        ("wrote Tony L. Svanstrom <t@a.example>", {"tony", "svanstrom"}),
    ],
)
def test_places_of_names(text: str, names: set[str]) -> None:
    assert learn_names([text]) == names


def test_a_header_is_parsed() -> None:
    mail = "From: =?x?= <a@a.example>\nCc: Kate Byrne <k@a.example>,\n Fel <f@a.example>\n\nHi"
    assert {"kate", "byrne", "fel"} <= learn_names([mail])
    # folded lines, and names that only a parser tells from addresses
    assert {"müller"} <= learn_names(['To: "Müller \\(at home\\)" <m@a.example>\n\nHi'])


def test_a_surname_is_learned_beside_a_first_name() -> None:
    assert "scannell" not in learn_names(["Here is Kevin Scannell"])
    assert "scannell" in learn_names(["Here is Kevin Scannell", "x Kevin wrote: yes"])


def test_an_ordinary_word_is_no_name() -> None:
    asked = "on Monday Mark wrote: yes"
    assert "mark" in learn_names([asked])
    assert "mark" not in learn_names([asked, "a mark", "the mark"])  # small letters twice


def test_a_word_that_is_seldom_a_name_is_none() -> None:
    asked = "Linux wrote: yes"
    often = round(1 / LEAST_SHARE)
    assert "linux" in learn_names([asked] + ["use Linux"] * (often - 1))
    assert "linux" not in learn_names([asked] + ["use Linux"] * often)
