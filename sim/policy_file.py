"""Owns files of learned policies: the weights or values, what they were learned from, and what they
see and choose from, so that a policy is not used for anything else.

One .npz file: arrays, and a text in JSON. The same policy gives the same bytes.
"""

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FORMAT = 1
SHIPPED = Path(__file__).parent / "agent" / "data"
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Hold what was learned by an agent of `kind`.

    `features` are the names of what it sees of partners and of the whole, `actions` the names of
    what it chooses from; `settings` are what else its agent has to know; `config` is the resolved
    config that it was trained on, `training` the figures of its training.
    """

    kind: str
    features: tuple[str, ...]
    actions: tuple[str, ...]
    settings: Mapping[str, Any]
    config: Mapping[str, Any]
    training: Mapping[str, Any]
    arrays: Arrays


def write_policy(path: Path, policy: Policy) -> None:
    """Write a policy in one step: it is whole or not there."""
    told = {name: value for name, value in vars(policy).items() if name != "arrays"}
    text = json.dumps({"format": FORMAT, **told}, sort_keys=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, told=np.array(text), **dict(policy.arrays))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_policy(name: str | None, kind: str) -> Policy:
    """Return the policy in a file below the working directory, or one that ships; raises ValueError
    where there is none of this kind.
    """
    if name is None:
        raise ValueError(
            "agent.policy must name a file with a learned policy, got null; make one with "
            f"python -m runners.train_agent trainer={kind}"
        )
    path = Path(name) if Path(name).exists() else SHIPPED / name
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        told = json.loads(str(arrays.pop("told")))
    except FileNotFoundError as error:
        raise ValueError(
            f"agent.policy must name a file with a learned policy, got {name!r}, which is not "
            f"there; make one with python -m runners.train_agent trainer={kind}"
        ) from error
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"agent.policy must name a file that runners.train_agent has written, got {name!r} "
            f"({error}); make one with python -m runners.train_agent trainer={kind}"
        ) from error
    return _checked(told, arrays, name, kind)


def _checked(told: dict[str, Any], arrays: Arrays, name: str, kind: str) -> Policy:
    if told.pop("format", None) != FORMAT or told["kind"] != kind:
        raise ValueError(
            f"agent.policy must be a policy of {kind} in format {FORMAT}, got {name!r}, which is "
            f"of {told.get('kind')}; try agent={told.get('kind')} agent.policy={name}"
        )
    for key in ("features", "actions"):
        told[key] = tuple(told[key])
    return Policy(**told, arrays=arrays)


def check_same(what: str, found: tuple[str, ...], expected: tuple[str, ...], remedy: str) -> None:
    """Raise ValueError unless a policy was trained with the same features or actions."""
    if found != expected:
        odd = sorted(set(found) ^ set(expected)) or "another order"
        raise ValueError(
            f"agent.policy must be trained with the {len(expected)} {what} that are used here, got "
            f"one for {len(found)} {what} (different: {odd}); {remedy}"
        )
