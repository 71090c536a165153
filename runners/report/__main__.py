"""Write a sweep's report again: python -m runners.report results/runs/<sweep>"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from runners.report import write_report


def main() -> None:
    """Report on the sweep that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m runners.report", description=__doc__)
    parser.add_argument("sweep", type=Path, help="folder of a sweep, finished or interrupted")
    try:
        write_report(parser.parse_args().sweep, Console())
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
