"""Owns what `python -m runners.select` does with one composed config.

Writes into Hydra's output folder: `candidates.csv`, a row for each candidate with its `topsis` and
`weighted` scores (0 to 1) and ranks; `sets.csv`, a row for each simulated minimal set with its
`members`, `num_samples`, `price_usd`, `total_sim_s` (virtual), `run_usd` (the run's tariff) and
`cost_usd` (both), and whether it is the `chosen`, `fastest`, `cheapest`, `slowest` or `dearest`;
`report.md`; and `config.yaml`.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from runners.config_file import write_config
from runners.job import EXIT_CONFIG
from runners.options import ConfigError, checked
from runners.progress import progress

if TYPE_CHECKING:
    from runners.select.choice import Choice


def select(config: DictConfig) -> None:
    """Choose among the candidates of one composed config."""
    container = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(container, dict)
    node = {str(key): value for key, value in container.items()}
    folder = Path(HydraConfig.get().runtime.output_dir)
    try:
        select_in(folder, node)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)


def select_in(folder: Path, node: dict[str, Any]) -> "Choice":
    """Choose, write the files and print the tables; raises ConfigError for what can't be."""
    from runners.select.choice import choose
    from runners.select.settings import Settings

    if "select" not in node:
        raise ConfigError("select must be given, got nothing; conf/select.yaml has it")
    settings = checked(Settings, node["select"], "select")
    config = {key: value for key, value in node.items() if key != "select"}
    try:
        with progress.run("minimal sets") as on_progress:
            choice = choose(settings, config, on_progress)
    except ConfigError:
        raise
    except ValueError as error:  # what a file or a target holds, which has named itself
        raise ConfigError(str(error)) from error
    write_config(folder, node)
    _show(folder, choice)
    return choice


def _show(folder: Path, choice: "Choice") -> None:
    from rich.console import Console

    from runners.report.files import write_text
    from runners.report.markdown import section
    from runners.report.table import print_table
    from runners.select.tables import candidate_rows, ranking_table, set_rows, sets_table

    for name, rows in (("candidates", candidate_rows(choice)), ("sets", set_rows(choice))):
        write_text(folder / f"{name}.csv", rows.to_csv(index=False, lineterminator="\n"))
    tables = (ranking_table(choice), sets_table(choice))
    text = "\n\n".join(["# Selection", *map(section, tables), choice.verdict])
    write_text(folder / "report.md", text + "\n")
    for table in tables:
        print_table(Console(), table)
    print(choice.verdict)
    print(f"Report: {folder / 'report.md'}")
