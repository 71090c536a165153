"""Imports go one way, and nothing heavy is loaded before it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize(
    "path", sorted((ROOT / "sim").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_sim_imports_no_tensors_no_config_no_runners(path: Path) -> None:
    assert imported(path) <= set(sys.stdlib_module_names) | {"sim", "simpy", "numpy", "networkx"}


def test_horovod_is_imported_in_one_module() -> None:
    importers = [path for path in (ROOT / "runners").rglob("*.py") if "horovod" in imported(path)]
    assert importers == [ROOT / "runners" / "learner" / "horovod.py"]


@pytest.mark.parametrize(
    "module", ["run", "compare", "simulate", "reproduce", "build", "launch", "report"]
)
def test_start_up_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, runners.{module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert {"torch", "horovod.torch", "sklearn", "scipy", "pandas", "plotly", "matplotlib"} & set(
        loaded
    ) == set()
