"""Every setting that a config can have: those of all options in conf/, and of conf/run.yaml itself.

An option of a part of tasks (data, model, optimizer) is seen in the first preset in conf/task that
is made of it. Presets are of few classes, and only the first of each class is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from runners.build import GROUPS
from runners.options import PARTS
from tests.runners.alternatives import leaves

CONF = Path(__file__).parents[2] / "conf"
OWN_KEYS = ("seed", "trace_level", "training", "budget", "tariff")
TASK_PARTS = PARTS["task"]
CHAINS = {
    "dp_central": "clip,dp_central",
    "dp_distributed": "clip,dp_distributed,secagg",
}
"""What a mechanism of privacy asks to stand beside it."""


@dataclass(frozen=True, kw_only=True)
class Knob:
    """Name a setting: `below` its group's option, which stands at `root` of a config once the
    overrides `choice` are made; `option` is None for the settings of conf/run.yaml itself.
    """

    group: str
    option: str | None
    choice: tuple[str, ...]
    root: tuple[str, ...]
    below: tuple[str | int, ...]

    @property
    def name(self) -> str:
        """Return such as `mode/proxy/federated.local_steps`."""
        whole = f"{self.group}/{self.option}" if self.option else self.group
        return ".".join([whole, *map(str, self.below)])

    @property
    def path(self) -> tuple[str | int, ...]:
        """Return the keys from the config's root on."""
        return (*self.root, *self.below)


def knobs() -> Iterator[Knob]:
    """Yield every setting of every option, and those of conf/run.yaml itself."""
    for group in (*GROUPS, "fusion", *TASK_PARTS):
        for path in _options(group):
            option = str(path.relative_to(CONF / group).with_suffix(""))
            choice, root = _place(group, option)
            for below in _settings(path):
                yield Knob(group=group, option=option, choice=choice, root=root, below=below)
    run = _read(CONF / "run.yaml")
    for key in OWN_KEYS:
        for below, _ in leaves(run[key]):
            yield Knob(group=key, option=None, choice=(), root=(key,), below=below)


def _options(group: str) -> list[Path]:
    paths = sorted((CONF / group).rglob("*.yaml"))
    if group != "task":
        return paths
    first_of_class = {_read(path)["_target_"]: path for path in reversed(paths)}
    return sorted(first_of_class.values())


def _settings(path: Path) -> list[tuple[str | int, ...]]:
    """Return where an option's settings are; those of a preset's parts are their options' own."""
    found = [below for below, _ in leaves(_read(path)) if below]
    return [below for below in found if below[0] not in ("defaults", *TASK_PARTS)]


def _place(group: str, option: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what chooses an option, and where it then stands."""
    if group == "fusion":
        return (f"+fusion={option}",), ("mode", "fusion")
    if group == "privacy":
        return chain_with(option), (group, option)
    if group == "compression":
        return (f"compression={option}", "mode=proxy/federated"), (group,)
    if group in TASK_PARTS:
        return (f"task={_preset_of(group, option)}",), ("task", group)
    return (f"{group}={option}",), (group,)


def chain_with(mechanism: str) -> tuple[str, ...]:
    """Return the overrides that choose a privacy mechanism among those it asks for."""
    chain = CHAINS.get(mechanism, mechanism)
    return (f"privacy=[{chain}]", "mode=proxy/federated", "agent.num_participants=2")


def _preset_of(part: str, option: str) -> str:
    made_of = {f"/{part}@{part}": option}
    presets = sorted((CONF / "task").glob("*.yaml"))
    return next(path.stem for path in presets if made_of in _read(path).get("defaults", ()))


def _read(path: Path) -> dict[str, Any]:
    node = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(node, dict)
    return {str(key): value for key, value in node.items()}
