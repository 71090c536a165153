"""Simulate a published table and hold it against what was published: python -m runners.reproduce
+experiment=horovod_512gpu

Status 1 says that a figure is missed.
"""

import importlib
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from runners.config_file import write_config
from runners.job import CONF, EXIT_FAILED, main_of
from runners.options import ConfigError, build_option, option_name
from runners.published import Figure, Published

PUBLISHED = Path(__file__).parents[1] / "results" / "published"


def _reproduce(config: DictConfig) -> None:
    container = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(container, dict)
    is_held = reproduce(
        container["published"],
        folder=Path(HydraConfig.get().runtime.output_dir),
        publish=container["publish"],
    )
    if not is_held and HydraConfig.get().mode is not RunMode.MULTIRUN:
        sys.exit(EXIT_FAILED)


def reproduce(node: Mapping[str, Any] | None, *, folder: Path, publish: bool) -> bool:
    """Simulate, write and print the table of a config's node; return whether all is held."""
    table = build_table(node)
    assert node is not None
    figures = _simulate(table)
    write_config(folder, {"published": node})
    targets = [folder]
    if publish:
        targets.append(PUBLISHED / option_name("published", node))
    _show(targets, node, figures)
    return all(figure.is_held for figure in figures)


def build_table(node: Mapping[str, Any] | None) -> Published:
    """Return the checked table that a config's node describes."""
    if node is None:
        tables = sorted(path.stem for path in (CONF / "published").glob("*.yaml"))
        raise ConfigError(
            f"published must be one of {', '.join(tables)}, got null; try +experiment={tables[0]}"
        )
    table: Published = build_option("published", node)
    return table


def _simulate(table: Published) -> list[Figure]:
    from rich.console import Console

    figures: list[Figure] = []
    try:
        with Console(stderr=True).status("simulating") as status:
            for figure in table.figures():
                figures.append(figure)
                status.update(f"simulating; {len(figures)} figures are done")
    except ValueError as error:  # what a table's file holds is checked when it is read
        raise ConfigError(str(error)) from error
    return figures


def _show(folders: list[Path], node: Mapping[str, Any], figures: list[Figure]) -> None:
    """Write the table into every folder, and print it once."""
    from rich.console import Console

    from runners.published.table import print_figures, write_figures  # loads pandas

    name = option_name("published", node)
    module = importlib.import_module(node["_target_"].rpartition(".")[0])
    options = {key: value for key, value in node.items() if key != "_target_"}
    print_figures(Console(), name, figures)
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        write_figures(folder, name, options, inspect.cleandoc(module.__doc__ or ""), figures)
        print(f"Table: {folder / 'report.md'}")


if __name__ == "__main__":
    main_of("reproduce", _reproduce)()
