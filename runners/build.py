"""Owns the way from a composed config to a run's checked parts, and to the simulation's setting.

In: the resolved config, whose nodes `runners.options` makes options of. Out: a `Run`, and what is
simulated and learned from it. Errors name the setting by its full path, the value, and what to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from runners.aggregation import Aggregation
from runners.anonymisation import Anonymisation
from runners.anonymisation.none import Unchanged
from runners.anonymisation.passage import providers_of, with_costs
from runners.attack import Attack
from runners.checks import (
    check_agent,
    check_aggregation,
    check_anonymisation,
    check_attack,
    check_augmentation,
    check_compression,
    check_direct,
    check_privacy,
    check_secure_sum,
    what_needs_the_proxy,
)
from runners.compression import Compression, Layout
from runners.compression.stage import compressed
from runners.folds import index_of
from runners.learner.horovod import Horovod, check_num_ranks
from runners.options import ConfigError, build_chain, build_option, checked
from runners.partition import Assignment, Partition, divide
from runners.privacy import Load, Sampling
from runners.privacy.chain import Chain
from runners.task import Task
from runners.task.supervised import Supervised
from runners.training import Training
from runners.virtual_learner import label_counts
from sim.agent import Agent
from sim.agent.oracle import Oracle
from sim.agent.static import Static
from sim.availability import Availability
from sim.availability.always import Always
from sim.bandwidth import Bandwidth
from sim.budget import Budget
from sim.consortium import Consortium
from sim.fault import Fault
from sim.fault.none import NoFault
from sim.hardware import Hardware
from sim.learner.curve import Curve
from sim.learner.none import TimeOnly
from sim.protection import Protection
from sim.scenario import Scenario
from sim.setting import Mode, Setting
from sim.tariff import Tariff
from sim.topology import Topology
from sim.trace import LEVELS
from sim.transport import Transport
from sim.variability import Variability
from sim.workload import Workload
from sim.world import World

BYTES_PER_PARAMETER = 4
"""Models are trained and sent in float32."""


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
    anonymisation: Anonymisation
    compression: Compression
    aggregation: Aggregation
    attack: Attack
    hardware: Hardware
    variability: Variability
    availability: Availability
    fault: Fault
    learner: TimeOnly | Curve | Horovod
    budget: Budget
    tariff: Tariff
    training: Training
    seed: int
    trace_level: str


GROUPS = (
    *("scenario", "topology", "transport", "bandwidth", "mode", "task", "partition", "agent"),
    *(
        "privacy",
        "anonymisation",
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
    budget = checked(Budget, config["budget"], "budget")
    tariff = checked(Tariff, config["tariff"], "tariff")
    training = checked(Training, config["training"], "training")
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


def assemble(run: Run, *, checks_agent: bool = True) -> tuple[Setting, Assignment]:
    """Return the simulation's setting and who holds which samples; raises ConfigError where the
    parts don't fit. An agent that is yet to be trained can't be checked, and decides nothing.

    What only shows when a run starts, such as more stages than partners, is found by starting one.
    """
    try:
        consortium = run.scenario.consortium(run.seed)
        if isinstance(run.learner, Horovod):
            _ = run.task.optimizer  # a task by numbers only has none, and says so
            check_augmentation(run.task, run.training)
            run.learner.check_roles([partner.name for partner in consortium.partners])
            if run.learner.launcher == "own":
                check_num_ranks(run.learner.num_ranks, len(consortium.partners))
        if isinstance(run.learner, Curve):
            run.learner.curve()
        if checks_agent:
            run.agent.check(len(consortium.partners))
        check_agent(run.agent, run.mode)
        check_direct(run.agent, run.privacy, run.aggregation)
        check_aggregation(run.aggregation, run.mode, consortium)
        check_attack(run.attack, run.mode, run.task, len(consortium.partners))
        check_compression(run.compression, run.mode)
        check_privacy(run.privacy, run.mode, run.aggregation, run.task)
        check_secure_sum(run.privacy, run.mode, run.attack, _num_chosen(run, consortium))
        run.availability.check(consortium.partners)
        index = index_of(run.task, run.training)
        assignment = divide(index, run.partition, consortium.partners, run.seed)
        if not isinstance(run.anonymisation, Unchanged):
            providers = providers_of(consortium.partners, assignment, run.task, run.training)
            check_anonymisation(
                run.anonymisation, run.privacy, run.attack, run.mode, run.task, providers
            )
        setting = _setting(run, consortium, _workload(run, assignment))
        world = World(setting, TimeOnly(), lambda fraction: None, asks_outside=not checks_agent)
        run.fault.check(len(world.members), len(world.sites))
        world.try_start()
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return setting, assignment


def sampling_of(run: Run, num_partners: int) -> Sampling:
    """Return how the partners of a merge are drawn, as far as a guarantee may rest on it: who is
    there depends on more than chance where partners come and go, and then nothing is amplified.
    """
    drawn = getattr(run.agent, "num_participants", None)
    is_by_chance = isinstance(run.agent, Static) and isinstance(run.availability, Always)
    if drawn is None or not is_by_chance or not isinstance(run.fault, NoFault):
        return Sampling(kind="everyone", num_partners=num_partners, num_chosen=num_partners)
    return Sampling(kind="fixed", num_partners=num_partners, num_chosen=drawn)


def _num_chosen(run: Run, consortium: Consortium) -> int:
    return getattr(run.agent, "num_participants", None) or len(consortium.partners)


def _protection(run: Run, consortium: Consortium, workload: Workload) -> Protection:
    sampling = sampling_of(run, len(consortium.partners))
    load = Load(num_parameters=workload.num_parameters, num_partners=_num_chosen(run, consortium))
    chain = compressed(run.privacy, run.compression, _layout(run))
    cost = chain.cost(load)
    wire_bytes, *coarser_bytes = _bytes_at_levels(run, workload, load)
    return Protection(
        wire_bytes=wire_bytes,
        coarser_bytes=tuple(coarser_bytes),
        partner_sim_s=cost.partner_sim_s,
        proxy_sim_s=cost.proxy_sim_s,
        num_round_trips=cost.num_round_trips,
        step_factor=chain.step_factor,
        max_merges=chain.max_merges(sampling),
        step_limits=chain.step_limits(workload.num_samples, workload.batch_size),
        needs_proxy=what_needs_the_proxy(run.privacy, run.aggregation),
    )


def _bytes_at_levels(run: Run, workload: Workload, load: Load) -> list[int]:
    """Return what an update weighs at each level of compression."""
    layout, levels = _layout(run), range(run.compression.num_levels)
    chains = [compressed(run.privacy, run.compression.at(level), layout) for level in levels]
    return [chain.wire_bytes(workload.update_bytes, load) for chain in chains]


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


def _workload(run: Run, assignment: Assignment) -> Workload:
    task = run.task
    return Workload(
        num_parameters=task.num_parameters,
        tensor_parameters=task.tensor_parameters(),
        bytes_per_parameter=BYTES_PER_PARAMETER,
        train_flops_per_sample=task.train_flops_per_sample,
        sample_bytes=task.sample_bytes,
        batch_size=task.batch_size,
        num_samples=tuple(len(samples) for samples in assignment.train),
        label_counts=label_counts(run, assignment) if isinstance(run.agent, Oracle) else None,
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
        mode=with_costs(run.mode, run.anonymisation),
        agent=run.agent,
        budget=run.budget,
        tariff=run.tariff,
        protection=_protection(run, consortium, workload),
        merge_passes=run.aggregation.merge_passes(len(consortium.partners)),
        seed=run.seed,
        trace_level=run.trace_level,
    )


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


def _check_scalar(name: str, value: Any, kind: type, remedy: str) -> None:
    if type(value) is not kind:
        raise ConfigError(f"{name} must be of type {kind.__name__}, got {value!r}; {remedy}")
