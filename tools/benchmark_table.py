"""Turn pytest-benchmark's JSON into the table that README quotes: results/benchmarks/figures.csv.

    python tools/benchmark_table.py results/runs/benchmarks.json

For each benchmark: median and least seconds, rounds, and each figure of its extra info. Benchmarks
that were not measured now keep their rows; every row has its machine and date.
"""

import csv
import json
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "results" / "benchmarks" / "figures.csv"


def main() -> None:
    """Write the table of the file that the command line names."""
    measured = json.loads(Path(sys.argv[1]).read_text())
    cpu = measured["machine_info"]["cpu"]
    machine = f"{cpu.get('count')} cores of {cpu.get('brand_raw')}"
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    kept = _rows_without({benchmark["name"] for benchmark in measured["benchmarks"]})
    with TARGET.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["benchmark", "figure", "value", "machine", "date_utc"])
        table.writerows(kept)
        for benchmark in measured["benchmarks"]:
            stats = benchmark["stats"]
            figures = {
                "median_wall_s": stats["median"],
                "least_wall_s": stats["min"],
                "rounds": stats["rounds"],
            }
            for figure, value in (figures | benchmark["extra_info"]).items():
                table.writerow([benchmark["name"], figure, value, machine, measured["datetime"]])
    print(f"Table: {TARGET}")


def _rows_without(names: set[str]) -> list[list[str]]:
    """Return the rows that are there, but for those of these benchmarks."""
    if not TARGET.is_file():
        return []
    with TARGET.open(newline="") as file:
        return [row for row in list(csv.reader(file))[1:] if row[0] not in names]


if __name__ == "__main__":
    main()
