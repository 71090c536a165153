"""Attack finished runs, and see what leaks: python -m runners.audit results/runs/<run or sweep>

Membership inference (loss threshold, LiRA), gradient inversion, and property inference. Writes
audit.json and pictures beside each record; conf/audit.yaml has the settings.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runners.audit.settings import Settings


def main(arguments: Sequence[str] | None = None) -> None:
    """Audit the runs of the folders that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m runners.audit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, nargs="+", help="folder of a run or of a sweep")
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="settings other than those of conf/audit.yaml, such as num_shadows=64",
    )
    parsed = parser.parse_args(arguments)
    try:
        settings = read_settings(parsed.set)
        for folder in parsed.folder:
            _audit_all(folder, settings)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def read_settings(changes: Sequence[str]) -> "Settings":
    """Return conf/audit.yaml with some settings changed; raises ValueError for what can't be."""
    from omegaconf import OmegaConf

    from runners.job import CONF
    from runners.options import build_option

    for change in changes:
        if "=" not in change:
            raise ValueError(f"--set needs name=value, got {change!r}; try --set num_shadows=64")
    shipped = OmegaConf.load(CONF / "audit.yaml")
    node = OmegaConf.merge(shipped, OmegaConf.from_dotlist(list(changes)))
    settings: Settings = build_option("audit", OmegaConf.to_container(node))
    return settings


def audited_runs(folder: Path) -> Iterator[Path]:
    """Yield the folder itself if it is a run's, or those of a sweep's runs that have a model."""
    if (folder / "config.yaml").is_file():
        yield folder
        return
    models = folder.glob("**/model.pt")
    yield from sorted((path.parent for path in models), key=lambda run: (len(run.name), run.name))


def _audit_all(folder: Path, settings: "Settings") -> None:
    from runners.progress import progress

    runs = list(audited_runs(folder))
    if not runs:
        raise ValueError(
            f"{folder} has no run with a model.pt; give a run or a sweep with learner=horovod"
        )
    progress.expect(len(runs))
    for run in runs:
        _audit(run, settings)


def _audit(run: Path, settings: "Settings") -> None:
    """Audit one run; write its files and print its table."""
    from rich.console import Console

    from runners.audit.examination import examine
    from runners.audit.files import NAME, write_audit
    from runners.audit.pictures import write_pictures
    from runners.audit.table import audit_table
    from runners.progress import progress
    from runners.report.table import print_table

    with progress.run(f"audit of {run}") as on_progress:
        audit = examine(run, settings, on_progress)
    write_audit(run, audit)
    pictures = write_pictures(run, audit)
    print_table(Console(), audit_table(audit, str(run)))
    print(f"Audit: {', '.join(map(str, [run / NAME, *pictures]))}")


if __name__ == "__main__":
    main()
