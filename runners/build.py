"""Owns the way from a composed config to checked objects; nothing else creates them from config.

Every group's option is a frozen dataclass under `sim.<group>` or `runners.<group>`, and its YAML
keys are its fields. Types are checked here, once (pydantic, strict: "3" is no number and `true` no
integer); ranges are checked by the dataclasses themselves. Errors name the setting by its full
path, the value, and what to do.
"""

import importlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, make_dataclass
from typing import Any, get_type_hints

from runners.aggregation import Aggregation
from runners.aggregation.mean import Mean
from runners.attack import Attack
from runners.compression import Compression, Layout
from runners.compression.none import Uncompressed
from runners.compression.stage import compressed
from runners.folds import index_of
from runners.learner.horovod import Horovod, check_num_ranks
from runners.partition import Assignment, Partition, divide
from runners.privacy import Load, Sampling
from runners.privacy.chain import Chain, names_of
from runners.task import Task
from runners.task.supervised import Supervised
from runners.training import Training
from sim.agent import Agent
from sim.agent.static import Static
from sim.availability import Availability
from sim.availability.always import Always
from sim.bandwidth import Bandwidth
from sim.budget import Budget
from sim.consortium import Consortium
from sim.fault import Fault
from sim.fault.none import NoFault
from sim.hardware import Hardware
from sim.learner.none import TimeOnly
from sim.protection import Protection
from sim.scenario import Scenario
from sim.tariff import Tariff
from sim.topology import Topology
from sim.trace import LEVELS
from sim.transport import Transport
from sim.variability import Variability
from sim.workload import Workload
from sim.world import Mode, Setting, World

BYTES_PER_PARAMETER = 4
"""Models are trained and sent in float32."""


class ConfigError(ValueError):
    """A config that can't be run, in words for the person who wrote it."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """Hold the checked parts of one run; the fields are the root keys of conf/run.yaml."""

    scenario: Scenario
    topology: Topology
    transport: Transport
    bandwidth: Bandwidth
    mode: Mode
    task: Task
    partition: Partition
    agent: Agent
    privacy: Chain
    compression: Compression
    aggregation: Aggregation
    attack: Attack
    hardware: Hardware
    variability: Variability
    availability: Availability
    fault: Fault
    learner: TimeOnly | Horovod
    budget: Budget
    tariff: Tariff
    training: Training
    seed: int
    trace_level: str


PARTS = {"task": ("data", "model", "optimizer")}
"""Groups whose options stand inside an option of another group."""

GROUPS = (
    *("scenario", "topology", "transport", "bandwidth", "mode", "task", "partition", "agent"),
    *(
        "privacy",
        "compression",
        "aggregation",
        "attack",
        "hardware",
        "variability",
        "availability",
        "fault",
        "learner",
    ),
)


def build(config: Mapping[str, Any]) -> Run:
    """Return the run that a resolved config describes; raises ConfigError with every remedy in
    words.
    """
    _check_root_keys(config)
    parts = {group: build_option(group, config[group]) for group in GROUPS if group != "privacy"}
    budget = _checked(Budget, config["budget"], "budget")
    tariff = _checked(Tariff, config["tariff"], "tariff")
    training = _checked(Training, config["training"], "training")
    _check_scalar("seed", config["seed"], int, "try seed=0")
    if config["seed"] < 0:
        raise ConfigError(f"seed must be at least 0, got {config['seed']}; try seed=0")
    if config["trace_level"] not in LEVELS:
        raise ConfigError(
            f"trace_level must be one of {', '.join(LEVELS)}, got {config['trace_level']!r}; "
            "try trace_level=rounds"
        )
    return Run(
        **parts,
        privacy=build_chain(config["privacy"]),
        budget=budget,
        tariff=tariff,
        training=training,
        seed=config["seed"],
        trace_level=config["trace_level"],
    )


def assemble(run: Run) -> tuple[Setting, Assignment]:
    """Return the simulation's setting and who holds which samples; raises ConfigError where the
    parts don't fit.

    What only shows when a run starts, such as more stages than partners, is found by starting one.
    """
    try:
        consortium = run.scenario.consortium(run.seed)
        if isinstance(run.learner, Horovod):
            _ = run.task.optimizer  # a task by numbers only has none, and says so
            _check_augmentation(run)
            if run.learner.launcher == "own":
                check_num_ranks(run.learner.num_ranks, len(consortium.partners))
        run.agent.check(len(consortium.partners))
        _check_aggregation(run, consortium)
        _check_attack(run, len(consortium.partners))
        _check_privacy(run)
        run.availability.check([partner.name for partner in consortium.partners])
        index = index_of(run.task, run.training)
        assignment = divide(index, run.partition, consortium.partners, run.seed)
        setting = _setting(run, consortium, _workload(run.task, assignment))
        world = World(setting, TimeOnly(), lambda fraction: None)
        run.fault.check(len(world.members), len(world.sites))
        world.try_start()
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return setting, assignment


def _check_augmentation(run: Run) -> None:
    """Raise ValueError where there are no images to shift or mirror."""
    inputs = run.task.data.inputs if isinstance(run.task, Supervised) else ()
    if run.training.augmentation != "none" and len(inputs) != 3:
        raise ValueError(
            f"training.augmentation must be none for samples that are no images, got "
            f"{run.training.augmentation} for samples of shape {inputs}; try task=mnist_cnn"
        )


def _check_aggregation(run: Run, consortium: Consortium) -> None:
    """Raise ValueError where a rule other than the sum can't be used."""
    rule = run.aggregation
    rule.check(len(consortium.partners))
    if isinstance(rule, Mean):
        return
    if not run.mode.merges_in_one_place:
        raise ValueError(
            f"aggregation must be mean where updates are summed on their way, got {rule}; "
            "try aggregation=mean, or a mode that merges at a proxy such as mode=proxy/federated"
        )
    if consortium.proxy.num_replicas > 1:
        raise ValueError(
            f"aggregation must be mean where replicas of the proxy share the partners and exchange "
            f"sums, got {rule}; try aggregation=mean, or scenario.proxy.num_replicas=1"
        )


def _check_attack(run: Run, num_partners: int) -> None:
    """Raise ValueError where the attack has no sense, no target, or nothing to change."""
    run.attack.check(num_partners)
    if isinstance(run.task, Supervised):
        run.attack.check_data(run.task.data)
    if run.attack.needs_rows and not run.mode.merges_updates:
        raise ValueError(
            "attack must be none or label_flip, or backdoor with attack.boost=1, in a mode whose "
            "partners send something other than updates of the whole model; try "
            "mode=proxy/federated"
        )


def _check_privacy(run: Run) -> None:
    """Raise ValueError where updates don't pass through the mechanisms, or not by themselves."""
    changing = [one for one in run.privacy.mechanisms if one.is_about_updates]
    if not isinstance(run.compression, Uncompressed) and not _sends_updates(run):
        raise ValueError(
            "compression must be none in a mode whose partners send something other than updates "
            "of the whole model; try mode=proxy/federated"
        )
    if any(getattr(one, "max_epsilon", None) is not None for one in run.privacy.mechanisms):
        raise ValueError(
            "privacy.dp_sgd.max_epsilon must be null, since no run ends by it yet; the record says "
            "what was spent"
        )
    if changing and not run.mode.merges_updates:
        raise ValueError(
            f"privacy must be none or dp_sgd in a mode whose partners send something other than "
            f"updates of the whole model, got {names_of(changing)}; try mode=proxy/federated"
        )
    if run.privacy.needs_sum and run.aggregation.needs_rows:
        raise ValueError(
            f"aggregation must be mean or norm_bound where privacy speaks of the sum of updates, "
            f"got {run.aggregation}; try aggregation=mean, or privacy=clip"
        )
    if changing and getattr(run.mode, "algorithm", None) == "scaffold":
        raise ValueError(
            f"privacy must be none or dp_sgd with mode.algorithm=scaffold, whose control variates "
            f"are not protected, got {names_of(changing)}; try mode.algorithm=fedavg"
        )


def _sends_updates(run: Run) -> bool:
    return run.mode.merges_updates and getattr(run.mode, "algorithm", None) != "scaffold"


def sampling_of(run: Run) -> Sampling:
    """Return how the partners of a merge are drawn, as far as a guarantee may rest on it: who is
    there depends on more than chance where partners come and go, and then nothing is amplified.
    """
    num_partners = len(run.scenario.consortium(run.seed).partners)
    drawn = getattr(run.agent, "num_participants", None)
    is_by_chance = isinstance(run.agent, Static) and isinstance(run.availability, Always)
    if drawn is None or not is_by_chance or not isinstance(run.fault, NoFault):
        return Sampling(kind="everyone", num_partners=num_partners, num_chosen=num_partners)
    return Sampling(kind="fixed", num_partners=num_partners, num_chosen=drawn)


def _protection(run: Run, consortium: Consortium, workload: Workload) -> Protection:
    sampling = sampling_of(run)
    num_chosen = getattr(run.agent, "num_participants", None) or len(consortium.partners)
    load = Load(num_parameters=workload.num_parameters, num_partners=num_chosen)
    chain = compressed(run.privacy, run.compression, _layout(run))
    cost = chain.cost(load)
    return Protection(
        wire_bytes=chain.wire_bytes(workload.update_bytes, load),
        partner_sim_s=cost.partner_sim_s,
        proxy_sim_s=cost.proxy_sim_s,
        num_round_trips=cost.num_round_trips,
        step_factor=chain.step_factor,
        max_merges=chain.max_merges(sampling),
    )


def _layout(run: Run) -> Layout:
    """Return the sizes of the model's tensors, and their shapes where a compression needs them."""
    if not run.compression.needs_shapes or not isinstance(run.task, Supervised):
        return Layout(tensor_shapes=tuple((size,) for size in run.task.tensor_parameters()))
    import torch

    with torch.device("meta"):
        module = run.task.new_module()
    return Layout(
        tensor_shapes=tuple(tuple(one.shape) for one in module.parameters()),
        num_statistics=sum(one.numel() for one in module.buffers() if one.is_floating_point()),
    )


def _workload(task: Task, assignment: Assignment) -> Workload:
    return Workload(
        num_parameters=task.num_parameters,
        tensor_parameters=task.tensor_parameters(),
        bytes_per_parameter=BYTES_PER_PARAMETER,
        train_flops_per_sample=task.train_flops_per_sample,
        sample_bytes=task.sample_bytes,
        batch_size=task.batch_size,
        num_samples=tuple(len(samples) for samples in assignment.train),
    )


def _setting(run: Run, consortium: Consortium, workload: Workload) -> Setting:
    return Setting(
        consortium=consortium,
        topology=run.topology,
        transport=run.transport,
        bandwidth=run.bandwidth,
        workload=workload,
        hardware=run.hardware,
        variability=run.variability,
        availability=run.availability,
        fault=run.fault,
        mode=run.mode,
        agent=run.agent,
        budget=run.budget,
        protection=_protection(run, consortium, workload),
        merge_passes=run.aggregation.merge_passes(len(consortium.partners)),
        seed=run.seed,
        trace_level=run.trace_level,
    )


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


def _check_root_keys(config: Mapping[str, Any]) -> None:
    known = {field.name for field in fields(Run)}
    unknown, missing = sorted(set(config) - known), sorted(known - set(config))
    if unknown:
        raise ConfigError(
            f"unknown root key {', '.join(unknown)}; known are {', '.join(sorted(known))}: "
            "check the spelling, or put the setting below its group"
        )
    if missing:
        raise ConfigError(
            f"missing root key {', '.join(missing)}; start from conf/run.yaml, which has them all"
        )


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
    return _checked(option, values, path, parts)


def _checked(option: type, values: Any, path: str, parts: Mapping[str, Any] | None = None) -> Any:
    """Return an instance of a dataclass from config values, types checked strictly, and from parts
    that are instances already.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        text = json.dumps(values)
        if not parts:
            return TypeAdapter(option).validate_json(text, strict=True, extra="forbid")
        plain = _without(option, parts)
        checked: Any = TypeAdapter(plain).validate_json(text, strict=True, extra="forbid")
        return option(**parts, **{name: getattr(checked, name) for name in values})
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


def _check_scalar(name: str, value: Any, kind: type, remedy: str) -> None:
    if type(value) is not kind:
        raise ConfigError(f"{name} must be of type {kind.__name__}, got {value!r}; {remedy}")
