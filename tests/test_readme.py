"""README can be typed and believed: commands compose and print what is shown, targets exist,
figures are published.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir

from runners.build import assemble, build
from runners.job import CONF
from tests.runners.compose import compose

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(
    r"^python -m runners\.(run|compare|simulate) (.*)$", README, flags=re.MULTILINE
)
EXPERIMENTS = re.findall(r"runners\.reproduce (\S+)$", README, flags=re.MULTILINE)
SHOWN = re.findall(r"^```\n\$ python -m (.*)\n((?:.*\n)*?)```$", README, flags=re.MULTILINE)
EXAMPLES = [
    fragment
    for table in README.split("| to have | type |")[1:]
    for row in table.partition("\n\n")[0].splitlines()
    for fragment in re.findall(r"`([^`]*=[^`]*)`", row)
]
"""What is in the tables of things to have; `mine` stands for the reader's own files."""
TABLES = re.findall(r"`(\w+\.csv)`:\n\n```\n((?:.*\n)*?)```", README)
NO_PART_OF_A_RUN = {"experiment", "published", "fusion", "trainer"}
"""Groups that other tables and texts are about."""


@pytest.mark.parametrize(("command", "arguments"), COMMANDS)
def test_commands_compose_and_fit(command: str, arguments: str) -> None:
    overrides = ["learner=none"] if command == "simulate" else []
    assert assemble(build(compose(*overrides, *first_run(arguments))))


def first_run(arguments: str) -> list[str]:
    """Return the overrides of the first run of a command's sweep."""
    return [
        re.split(r",(?![^\[]*\])", one)[0]  # not the commas of a list
        for one in shlex.split(arguments)
        if one not in ("-m", "--help") and not one.startswith("hydra.")
    ]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_compose_and_build(example: str) -> None:
    config = compose("mode=proxy/federated", *first_run(example))
    assert "mine" in example or build(config)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_experiments_compose(experiment: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        assert hydra_compose("reproduce", [experiment]).published is not None


@pytest.mark.parametrize(
    ("command", "shown"), SHOWN, ids=[command.partition(" ")[0] for command, _ in SHOWN]
)
def test_commands_print_what_is_shown(command: str, shown: str, tmp_path: Path) -> None:
    for name, table in TABLES:
        (tmp_path / name).write_text(table)
    done = subprocess.run(
        [sys.executable, "-m", *command.split(), f"hydra.run.dir={tmp_path}/run"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"},
    )
    assert done.returncode == 0, done.stderr
    assert not missing(shown, done.stdout)


def missing(shown: str, printed: str) -> list[str]:
    """Return the lines that were not printed in the order shown; … stands for lines left out."""
    lines = iter(line.rstrip() for line in printed.splitlines())
    return [line for line in shown.splitlines() if line not in ("", "…") and line not in lines]


def test_there_are_commands() -> None:
    found = (COMMANDS, SHOWN, TABLES, EXAMPLES)
    assert [len(one) >= least for one, least in zip(found, (14, 4, 2, 20), strict=True)] == 4 * [
        True
    ]


def test_every_mode_has_a_row() -> None:
    rows = set(re.findall(r"^\| `((?:partner/|proxy/)?\w+)` \|", README, flags=re.MULTILINE))
    folder = CONF / "mode"
    modes = {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.yaml")}
    assert modes - rows == set()


def test_every_source_experiment_is_a_command() -> None:
    experiments = {path.stem for path in (CONF / "experiment").glob("source_*.yaml")}
    experiments -= {"source_s1_q_learning"}  # a training of an agent, and no run
    assert {f"+experiment={one}" for one in experiments} <= {typed for _, typed in COMMANDS}


def test_every_option_is_listed() -> None:
    table = README.partition("| group | says | options |")[2].partition("\n\n")[0]
    first_cells = "".join(line.split("|")[1] for line in table.splitlines()[2:])
    groups = {path.name for path in CONF.iterdir() if path.is_dir()}
    assert set(re.findall(r"`(\w+)`", first_cells)) == groups - NO_PART_OF_A_RUN
    for line in table.splitlines()[2:]:
        _, groups, _, listed, _ = line.split("|")
        options = {
            path.stem
            for group in re.findall(r"`(\w+)`", groups)
            for path in (CONF / group).glob("*.yaml")
            if group != "mode"
        }
        assert set(re.findall(r"`(\w+)`", listed)) == options, line


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"^make ([a-z-]+)", README, flags=re.MULTILINE)))
)
def test_targets_exist(target: str) -> None:
    assert f"\n{target}:" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("link", re.findall(r"\]\(((?!https?:)[^)]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_demo_s_figures_are_the_published_ones() -> None:
    published = re.sub(r"[\s|]+", " ", (ROOT / "results/demo/report.md").read_text())
    rows = re.findall(r"^ ((?:partner/|proxy/|solo|pool).*%.*)$", README, flags=re.MULTILINE)
    accuracies = [re.findall(r"[\d.]+ ± [\d.]+ %", row)[0] for row in rows]
    assert len(accuracies) == 4
    assert all(accuracy in published for accuracy in accuracies)
