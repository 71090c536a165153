"""Owns what happens around a sweep: how many runs to expect, and the report over all of them at the
end.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from runners.progress import progress


class SweepReport(Callback):
    """Hydra's callback around a MULTIRUN."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Count the runs that the sweep will make."""
        progress.expect(_num_runs(config))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Compare the runs, write the report, and leave with status 1 when a run has failed."""
        from rich.console import Console

        from runners.report import write_report

        folder = Path(config.hydra.sweep.dir)
        if not any(folder.glob("*/record.json")) and any(folder.glob("*/config.yaml")):
            return  # learner.launcher=external: composed, not run
        try:
            write_report(folder, Console())
        except (OSError, ValueError) as error:  # Hydra would make a warning of it
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        records = [json.loads(path.read_text()) for path in folder.glob("*/record.json")]
        if any(record["status"] != "finished" for record in records):
            sys.exit(1)


def _num_runs(config: DictConfig) -> int:
    """Return the product of the sweep's choices; the command line's replace the config's."""
    params = config.hydra.sweeper.params or {}
    overrides = [f"{key}={value}" for key, value in params.items()] + list(
        config.hydra.overrides.task
    )
    parsed = {one.key_or_group: one for one in OverridesParser.create().parse_overrides(overrides)}
    return math.prod(
        len(list(one.sweep_string_iterator())) for one in parsed.values() if one.is_sweep_override()
    )
