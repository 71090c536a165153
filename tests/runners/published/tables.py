"""Published tables for tests: built from conf/published as the command builds them."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from runners.job import CONF
from runners.reproduce import build_table

NAMES = tuple(sorted(path.stem for path in (CONF / "published").glob("*.yaml")))


def table(name: str, **changes: Any) -> Any:
    """Return the table of conf/published/<name>.yaml with some settings changed."""
    node = OmegaConf.to_container(OmegaConf.load(CONF / "published" / f"{name}.yaml"))
    assert isinstance(node, dict)
    return build_table({str(key): value for key, value in node.items()} | changes)


def csv_file(folder: Path, *lines: str) -> str:
    """Write a table of these lines, and return its path."""
    path = folder / "rows.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)
