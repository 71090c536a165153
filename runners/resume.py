"""Go on with runs that were interrupted: python -m runners.resume results/runs/<run or sweep>

A run goes on from its last evaluation, and comes out as if it had never been interrupted. Of a
sweep, the runs go on that have no record of an end, one after the other, and the report is written
again.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from runners.config_file import NAME, read_config
from runners.job import EXIT_INTERRUPTED, print_summary, run_in


def main(arguments: Sequence[str] | None = None) -> None:
    """Resume the runs of the folders that the command line names; leave with the worst status."""
    parser = argparse.ArgumentParser(
        prog="python -m runners.resume",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, nargs="+", help="folder of a run or of a sweep")
    folders: list[Path] = parser.parse_args(arguments).folder
    for folder in folders:
        if not any(_runs(folder)):
            parser.error(f"needs the folder of a run or of a sweep, got {folder} without {NAME}")
    try:
        sys.exit(max(_resume(folder) for folder in folders))
    except KeyboardInterrupt:
        print("interrupted; what had finished is whole", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


def _resume(folder: Path) -> int:
    """Resume what is unfinished in a folder, and return the worst status."""
    unfinished = [run for run in _runs(folder) if not _is_finished(run)]
    if not unfinished:
        print(f"{folder}: finished already")
        return 0
    is_sweep = unfinished != [folder]
    statuses = [
        run_in(run, read_config(run), None if is_sweep else print_summary) for run in unfinished
    ]
    if is_sweep:
        from rich.console import Console

        from runners.report import write_report

        write_report(folder, Console())
    return max(statuses)


def _runs(folder: Path) -> Iterator[Path]:
    """Yield the folder itself if it is a run's, or those of a sweep's runs, in their order."""
    if (folder / NAME).is_file():
        yield folder
        return
    configs = folder.glob(f"*/{NAME}")
    yield from sorted((path.parent for path in configs), key=lambda run: (len(run.name), run.name))


def _is_finished(run: Path) -> bool:
    """Whether a run has come to its end; one whose config or mode was at fault has not."""
    record = run / "record.json"
    return record.is_file() and json.loads(record.read_text())["status"] == "finished"


if __name__ == "__main__":
    main()
