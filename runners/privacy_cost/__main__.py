"""Print and write what each mechanism costs and leaks: python -m runners.privacy_cost <folder>"""

from typing import TYPE_CHECKING

from runners.privacy_cost import FILE_NAME
from runners.report.table_command import run_table_command

if TYPE_CHECKING:
    from runners.report.load import Sweep
    from runners.report.table import Table


def main() -> None:
    """Make the tables of the folder that the command line names."""
    run_table_command("privacy_cost", __doc__, FILE_NAME, make_tables)


def make_tables(sweep: "Sweep") -> "list[Table]":
    """Write the figures of a sweep's runs; return the tables of their means."""
    from runners.privacy_cost.figures import tabulate
    from runners.privacy_cost.tables import cost_table, leak_table

    runs = tabulate(sweep)
    return [cost_table(runs), leak_table(runs)]


if __name__ == "__main__":
    main()
