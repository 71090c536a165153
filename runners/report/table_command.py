"""Owns the commands that make tables of a folder of runs, `python -m runners.<name> <folder>`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runners.report.load import Sweep
    from runners.report.table import Table


def run_table_command(
    name: str,
    explanation: str | None,
    file_name: str,
    make: "Callable[[Sweep], Sequence[Table]]",
) -> None:
    """Print the tables of the folder that the command line names, and what did not finish; `make`
    writes `file_name` into that folder.
    """
    from rich.console import Console

    from runners.report.load import load_sweep
    from runners.report.table import describe_unfinished, print_table

    parser = argparse.ArgumentParser(prog=f"python -m runners.{name}", description=explanation)
    parser.add_argument("sweep", type=Path, help="folder of one or more sweeps, or below results/")
    folder = parser.parse_args().sweep
    try:
        sweep = load_sweep(folder)
        tables = make(sweep)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    console = Console()
    for table in tables:
        print_table(console, table)
    for line in describe_unfinished(sweep):
        console.print(line, style="red", highlight=False, markup=False)
    print(f"Table: {folder / file_name}")
