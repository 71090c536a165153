"""README can be typed and believed: commands compose, targets exist, figures are published."""

import re
from pathlib import Path

import pytest

from runners.build import assemble, build
from tests.runners.compose import compose

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^python -m runners\.(?:run|compare) (.*)$", README, flags=re.MULTILINE)


@pytest.mark.parametrize("arguments", [one for one in COMMANDS if "--help" not in one])
def test_commands_compose_and_fit(arguments: str) -> None:
    overrides = [
        one.split(",")[0] for one in arguments.split() if one != "-m"
    ]  # a sweep's first run
    assert assemble(build(compose(*[one for one in overrides if not one.startswith("hydra.")])))


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 5


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
