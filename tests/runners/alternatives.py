"""Other values that a setting may have, found from the setting itself: numbers are scaled, words
come from the message that refuses a wrong one.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from runners.build import build
from runners.options import ConfigError

Path = tuple[str | int, ...]

NO_WORD = "no-such-word"
FOR_NONE = (1, 2, 3, 1.5, 10.0, 1000.0)
"""What is tried where None means "does not apply"."""


def leaves(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the value of every setting of a config; an empty list is a setting."""
    items = (
        list(node.items())
        if isinstance(node, Mapping)
        else list(enumerate(node))
        if isinstance(node, list)
        else []
    )
    if not items:
        yield path, node
    for key, value in items:
        if key != "_target_":
            yield from leaves(value, (*path, key))


def changed(config: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return a copy of a config with one setting changed."""
    other = copy.deepcopy(dict(config))
    node: Any = other
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return other


def alternatives(config: Mapping[str, Any], path: Path, value: Any) -> list[Any]:
    """Return values other than the present one, the likeliest to be allowed first; none where it
    is a word that could be anything.
    """
    return [other for other in _candidates(config, path, value) if other != value]


def _candidates(config: Mapping[str, Any], path: Path, value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(1, value // 2), 2 * value, value - 1]
    if isinstance(value, float):
        return [value * 2, value / 2, value + 0.5, value - 0.5, value / 100]
    if isinstance(value, str):
        return allowed_words(config, path)
    if value is None:
        return list(FOR_NONE)
    raise AssertionError(f"no rule for {'.'.join(map(str, path))}={value!r}")


def allowed_words(config: Mapping[str, Any], path: Path) -> list[str]:
    """Return the words that the message about a wrong one lists."""
    try:
        build(changed(config, path, NO_WORD))
    except ConfigError as error:
        listed = re.search(r"must be one of (.*?), got", str(error))
        return listed[1].split(", ") if listed else []
    return []
