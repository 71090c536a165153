"""Owns the file of coalitions already valued, coalitions.jsonl: what one interrupted command has
trained, the next one has not to train again.

The first line has the `config_hash` of the run whose coalitions they are; each other line one
coalition: its `coalition` (bit k: partner k is in it), `loss` and `accuracy`. A line that was cut
off by a crash is left out.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.learner import Evaluation

NAME = "coalitions.jsonl"


class KeptValues:
    """Know what coalitions of one run are worth, on disk as soon as it is known."""

    def __init__(self, folder: Path, config_hash: str) -> None:
        """Read what the folder has; raises ValueError where that is another run's."""
        self._path = folder / NAME
        self._known: dict[int, Evaluation] = {}
        if self._path.is_file():
            self._read(config_hash)
        else:
            self._append([{"config_hash": config_hash}])

    @property
    def known(self) -> Mapping[int, Evaluation]:
        """The coalitions that are valued."""
        return self._known

    def add(self, coalitions: Sequence[int], evaluations: Sequence[Evaluation]) -> None:
        """Keep some more, in one write."""
        new = dict(zip(coalitions, evaluations, strict=True))
        self._append([{"coalition": one, **vars(value)} for one, value in new.items()])
        self._known |= new

    def _read(self, config_hash: str) -> None:
        lines = list(_whole_lines(self._path))
        if not lines or lines[0].get("config_hash") != config_hash:
            raise ValueError(
                f"{self._path} has the coalitions of another run; take another folder "
                "(hydra.run.dir=…), or remove the file"
            )
        for line in lines[1:]:
            self._known[line["coalition"]] = Evaluation(
                loss=line["loss"], accuracy=line["accuracy"]
            )
        self._path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def _append(self, lines: Sequence[Mapping[str, object]]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:  # the end of a write that a crash has cut off
            continue
    return lines
