"""Data that ship are listed with their source and licence."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "runners" / "task" / "data"
FILES = sorted(path for path in DATA.iterdir() if path.name != "README.md")


def rows() -> dict[str, str]:
    """Return the source and licence of each file that the README's table has."""
    lines = (DATA / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return {name.strip("`"): source for name, _, source in cells}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_has_a_source_and_a_licence(path: Path) -> None:
    assert any(licence in rows()[path.name] for licence in ("CC BY", "CC0", "PDDL"))


def test_no_row_is_left_of_a_file_that_is_gone() -> None:
    assert set(rows()) == {path.name for path in FILES}
