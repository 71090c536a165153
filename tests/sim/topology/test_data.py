"""Data that ship with topologies and bandwidths are listed with their source and licence."""

from pathlib import Path

import pytest

from sim.bandwidth import trace
from sim.topology import regions

FOLDERS = [regions.DATA, trace.DATA]
FILES = sorted(path for folder in FOLDERS for path in folder.glob("*.csv"))


def rows(folder: Path) -> dict[str, str]:
    """Return the source and licence of each file that the README's table has."""
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return {name.strip("`"): source for name, _, source in cells}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_has_a_source_and_a_licence(path: Path) -> None:
    assert any(licence in rows(path.parent)[path.name] for licence in ("MIT", "Apache-2.0"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_no_row_is_left_of_a_file_that_is_gone(folder: Path) -> None:
    assert set(rows(folder)) == {path.name for path in folder.iterdir()} - {"README.md"}
