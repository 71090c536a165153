"""Data that ship are listed with their source and licence, in the README.md beside them."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(
    path
    for package in ("sim", "runners")
    for name in ("data", "files")
    for path in (ROOT / package).rglob(name)
    if path.is_dir() and not (path / "__init__.py").exists()  # runners/data is code
)
FILES = sorted(path for folder in FOLDERS for path in folder.iterdir() if path.name != "README.md")
LICENCES = ("Apache-2.0", "MIT", "CC BY", "CC0", "PDDL")
FREE = "; facts"  # figures taken from a paper, which no licence covers


def rows(folder: Path) -> dict[str, str]:
    """Return the source and licence of each file that the README's table has."""
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return {row[0].strip("`"): row[-1] for row in cells}


def test_the_data_of_all_packages_are_found() -> None:
    found = {str(folder.relative_to(ROOT)) for folder in FOLDERS}
    assert {"runners/data/files", "sim/topology/data", "sim/bandwidth/data"} <= found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_a_source_and_a_licence(path: Path) -> None:
    source = rows(path.parent)[path.name]
    assert source.endswith(FREE) or any(licence in source for licence in LICENCES)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_row_is_left_of_a_file_that_is_gone(folder: Path) -> None:
    assert set(rows(folder)) == {path.name for path in folder.iterdir()} - {"README.md"}
