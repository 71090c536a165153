"""Owns the way from a config's node to a checked option; nothing else creates options from config.

Every group's option is a frozen dataclass under `sim.<group>` or `runners.<group>`, and its YAML
keys are its fields. Types are checked here, once (pydantic, strict: "3" is no number and `true` no
integer); ranges are checked by the dataclasses themselves. Errors name the setting by its full
path, the value, and what to do.
"""

import importlib
import json
from collections.abc import Collection, Mapping
from dataclasses import fields, make_dataclass
from typing import Any, get_type_hints

from runners.privacy.chain import Chain

PARTS = {"task": ("data", "model", "optimizer")}
"""Groups whose options stand inside an option of another group."""


class ConfigError(ValueError):
    """A config that can't be run, in words for the person who wrote it."""


def build_option(group: str, node: Any, path: str | None = None) -> Any:
    """Return the checked option of a group that a config's node at `path` describes; the path is
    the group's name where it is not given.
    """
    path = path or group
    target = node.get("_target_") if isinstance(node, Mapping) else None
    if not isinstance(target, str):
        raise ConfigError(
            f"{path} must be an option of conf/{group}, got {node!r}; `--help` lists the options"
        )
    module_name, _, class_name = target.rpartition(".")
    if not module_name.startswith((f"sim.{group}.", f"runners.{group}.")):
        raise ConfigError(
            f"{path}._target_ must name a class in sim.{group} or runners.{group}, "
            f"got {target!r}; "
            f"take an option of conf/{group}, code from elsewhere is not run"
        )
    try:
        option = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{path}._target_ names no class, got {target!r} ({error}); "
            f"take an option of conf/{group}"
        ) from error
    values = {key: value for key, value in node.items() if key != "_target_"}
    names = {field.name for field in fields(option)}
    parts = {
        name: build_option(name, values.pop(name), f"{path}.{name}")
        for name in PARTS.get(group, ())
        if name in names and name in values
    }
    return checked(option, values, path, parts)


def checked(option: type, values: Any, path: str, parts: Mapping[str, Any] | None = None) -> Any:
    """Return an instance of a dataclass from config values, types checked strictly, and from parts
    that are instances already.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        text = json.dumps(values)
        if not parts:
            return TypeAdapter(option).validate_json(text, strict=True, extra="forbid")
        plain = _without(option, parts)
        found: Any = TypeAdapter(plain).validate_json(text, strict=True, extra="forbid")
        return option(**parts, **{name: getattr(found, name) for name in values})
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(path, one) for one in error.errors())) from error
    except ValueError as error:  # raised by a dataclass, which has named its own field
        raise ConfigError(f"{path}.{error}") from error


def _without(option: type, names: Collection[str]) -> type:
    """Return a dataclass with the fields of `option` but for those of these names."""
    hints = get_type_hints(option)
    return make_dataclass(
        option.__name__,
        [(field.name, hints[field.name]) for field in fields(option) if field.name not in names],
        kw_only=True,
    )


def _explain(path: str, error: Any) -> str:
    setting, got = ".".join([path, *map(str, error["loc"])]), repr(error["input"])
    if error["type"] == "value_error":  # raised by a dataclass, which has named its own field
        return f"{setting}.{error['ctx']['error']}"
    if error["type"] == "missing":
        return f"{setting} must be given, got nothing; the options of conf/{path} have it"
    if error["type"] == "unexpected_keyword_argument":
        return f"{setting} is no setting of this option, got {got}; check the spelling, or drop it"
    must_be = error["msg"].replace("Input should be", "must be")
    return f"{setting} {must_be}, got {got}; give a value of that type"


def build_chain(node: Any) -> Chain:
    """Return the checked mechanisms of privacy in the order of the config's node."""
    if not isinstance(node, Mapping) or not node or "_target_" in node:
        raise ConfigError(
            f"privacy must have at least one mechanism, got {node!r}; "
            "try privacy=none, or 'privacy=[clip,dp_central]'"
        )
    mechanisms = [build_option("privacy", one, f"privacy.{name}") for name, one in node.items()]
    try:
        return Chain(tuple(mechanisms))
    except ValueError as error:
        raise ConfigError(str(error)) from error


def option_name(group: str, node: Mapping[str, Any]) -> str:
    """Return the option's name, such as `partner/allreduce`: the one that it gives itself, or that
    of the module that its `_target_` names.
    """
    if "name" in node:
        return node["name"]
    if group == "privacy" and isinstance(node, Mapping) and "_target_" not in node:
        return "+".join(node)
    modules = node["_target_"].split(".")[1:-1]
    return "/".join(modules[len(group.split(".")) :])
