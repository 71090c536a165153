"""Every knob does something: each setting of each option, changed by itself, changes what a run
gives out, or every other value is refused.

What a run gives out is its rounds, times, bytes, servers and cost on the virtual clock
(learner=none), who holds which samples, and what would be trained: the samples, and the model as
torch prints it. A setting that acts only together with others has the others in `TOGETHER_WITH`;
one that can't act here has its reason in `EXEMPT`.
"""

import hashlib
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from runners.anonymisation.passage import providers_of, release
from runners.build import GROUPS, Run, assemble, build, sampling_of
from runners.partition import Assignment
from runners.tables import rounds_table, virtual_summary
from runners.task.supervised import Supervised
from sim.learner.none import TimeOnly
from sim.setting import Setting
from sim.world import World
from tests.runners.alternatives import alternatives, changed
from tests.runners.compose import compose
from tests.runners.knobs import OWN_KEYS, TASK_PARTS, Knob, knobs

SMALL = ("learner=none", "hardware=cpu_core", "budget.num_epochs=2", "budget.num_evaluations=3")
SMALL_TASK = (
    "task=sized",
    "task.num_parameters=250000",  # 1 MB: 0.2 s on the thinnest of the listed lines
    "task.num_tensors=4",
    "task.train_flops_per_sample=1e9",  # 0.18 s a step
    "task.batch_size=8",
    "task.num_samples=320",
    "task.sample_bytes=10000",
    "partition=iid",
)
REAL_TASK = ("task=digits_mlp", "partition=dirichlet", "mode=solo")
PROXY = ("mode=proxy/federated", "mode.local_steps=2")
FEDERATED_DIGITS = ("task=digits_mlp", *PROXY)
POOL = ("mode=pool",)
FUSION = ("+fusion=horovod", "mode.fusion.coordinator=none")
DATA_PROXY = (
    *("mode=proxy/data_proxy", "partition=iid", "budget.num_epochs=0.05"),
    "scenario.partners.north.data_share=50.0",  # few rows pass, and are soon anonymised
)
LONG = ("budget.num_epochs=10",)
SHORT = ("budget.num_epochs=0.05",)

ALWAYS_WITH: dict[str, tuple[str, ...]] = {
    "scenario/lognormal": ("scenario.num_partners=5",),
    "bandwidth/diurnal": ("bandwidth.period_sim_s=4.0", "bandwidth.step_sim_s=0.5"),
    "task/sized": SMALL_TASK[1:],
    "availability/markov": (
        *("availability.mean_up_sim_s=2.0", "availability.mean_down_sim_s=0.5"),
        *LONG,
    ),
    "availability/diurnal": ("availability.period_sim_s=4.0", *LONG),
    "fault/churn": ("fault.mean_stay_sim_s=2.0", "fault.mean_away_sim_s=0.5", *LONG),
    "fault/stragglers": ("fault.mean_duration_sim_s=1.0", *LONG),
    "fault/outage": ("fault.mean_between_sim_s=1.0", "fault.duration_sim_s=0.3", *LONG),
    "fault/partition": (
        *("fault.start_sim_s=0.5", "fault.duration_sim_s=0.5", "fault.period_sim_s=2.0"),
        *(*PROXY, *LONG),
    ),
    "fault/proxy_crash": (
        *("fault.mean_between_sim_s=1.0", "fault.restart_sim_s=0.3"),
        *("scenario.proxy.num_replicas=2", *PROXY, *LONG),
    ),
    "fault/partner_crash": ("fault.mean_between_sim_s=1.0", "fault.restart_sim_s=0.3", *LONG),
    "aggregation/krum": ("scenario=uniform", "scenario.num_partners=5"),
    "aggregation/trimmed_mean": ("scenario=uniform", "scenario.num_partners=10"),
    "fusion/horovod": ("task.num_tensors=16", "mode.fusion.buffer_bytes=200000"),
    "fusion/horovod_2017": ("task.num_tensors=16", "mode.fusion.buffer_bytes=200000"),
}
"""Overrides that make an option act within the seconds that a small run lasts."""

TOGETHER_WITH: dict[str, tuple[tuple[str, ...], ...]] = {
    "seed": (REAL_TASK,),
    "budget": (("mode=solo",),),
    "budget.max_bytes": (PROXY,),
    "budget.max_cost_usd": ((*PROXY, "tariff.usd_per_gb=1000.0"),),
    "tariff": (PROXY, (*PROXY, "tariff.usd_per_kwh=0.2")),
    "scenario": ((), PROXY, REAL_TASK, (*REAL_TASK, "partition=iid")),
    "scenario/lognormal": ((*REAL_TASK, "scenario.data_skew_spread=0.5"),),
    "topology": ((), PROXY),
    "transport/tcp": ((), ("transport.window_bytes=100000",)),
    "transport/sealed": ((), ("transport.window_bytes=100000",)),
    "transport/sealed.sealing_bytes_per_s": (("transport.sealing_bytes_per_s=100000",),),
    "task": ((), POOL, FUSION),
    "task/adult_mlp": (SHORT,),
    "data": ((*SHORT, "partition=iid"),),
    "data/adult.key": ((*SHORT, "partition=natural"),),
    "data/table.key": ((*SHORT, "partition=natural"),),
    "data/table.sensitive_columns": ((*SHORT, "partition=iid", "task.data.features=null"),),
    "data/text_table.key": ((*SHORT, "partition=natural", "task.data.key=folder"),),
    "model": ((*SHORT, "partition=iid"),),
    "training": (REAL_TASK,),
    "training.held_out_fold": ((*REAL_TASK, "training.num_folds=3"),),
    "aggregation": (PROXY,),
    "attack": (FEDERATED_DIGITS,),
    "anonymisation/k_anonymity": (("task=adult_mlp", *DATA_PROXY),),
    "anonymisation/k_anonymity.diversity": (
        ("task=adult_mlp", *DATA_PROXY, "anonymisation.l_diversity=1.5"),
    ),
    "anonymisation/pseudonyms": (
        ("task=text_table_cnn", "task.data.text=body", "task.data.length=100", *DATA_PROXY),
    ),
    "mode/proxy/data_proxy": (("mode.transform_bytes_per_s=1e6", "mode.size_ratio=1.0"),),
    "compression/adaptive": ((*PROXY, *LONG, "agent=tuner", "agent.interval_rounds=1"),),
    "compression/powersgd": (("task=digits_mlp", "partition=iid"),),
    "partition": (REAL_TASK,),
    "agent": (PROXY,),
    "agent/oracle": ((*PROXY, "scenario=uniform", "scenario.num_partners=4"),),
    "agent/tuner": ((*PROXY, *LONG),),
    "fusion/horovod.cycle_sim_s": (("mode.fusion.cycle_sim_s=1.0",),),
    "fusion/horovod_2017.cycle_sim_s": (("mode.fusion.cycle_sim_s=1.0",),),
    "variability/empirical.factors": (("variability.file=null", "variability.factors=[1.0,2.0]"),),
    **{
        f"mode/proxy/{name}.local_epochs": (("mode.local_steps=null", "mode.local_epochs=2.0"),)
        for name in ("federated", "fedbuff", "hierarchical")
    },
    "mode/proxy/federated.heeds_forecast": (("mode.deadline_sim_s=3.0",),),
    "mode/partner/gossip.num_neighbours": (("mode.graph=random",),),
    "mode/partner/parameter_server.staleness_bound": (
        ("mode.consistency=stale", "mode.staleness_bound=1"),
    ),
    "mode/partner/diloco": ((), ("mode.num_fragments=2", "mode.overlap_steps=2")),
    "mode/partner/pipeline": (("task.num_tensors=16",),),
    "mode/partner/submodel.distillation_steps": (
        ("mode.fusion=distillation", "mode.distillation_steps=4"),
    ),
}
"""Overrides with which a setting acts, by its own path, its option or its group; each is tried."""

LEARNING = "acts only where training is real; tests/parallel and tests/runners/learner hold it"
LOSSES = "acts only where losses are known, or among many; tests/sim/agent/test_choices.py holds it"
FILE = "a path: other files are the tests of the option itself"
POLICY = "acts only with a learned policy; tests/runners/agent_training trains some"
EXEMPT: dict[str, str] = {
    "learner": LEARNING,
    "optimizer": LEARNING,
    "learner/curve.file": FILE,
    **{f"agent/*.{name}": POLICY for name in ("policy", "shuffles", "selection", "temperature")},
    **{f"agent/{name}.num_participants": POLICY for name in ("dqn", "q_learning")},
    "task/adult_mlp.name": "what a preset is called in records",
    "model/gpt.num_heads": LEARNING,
    **{
        f"agent/oort.{name}": LOSSES
        for name in ("min_exploration", "clip_percentile", "pacer_rounds", "pacer_percent")
    },
    "agent/power_of_choice.num_candidates": LOSSES,
    "agent/tifl.interval_rounds": LOSSES,
    **{
        f"training.{name}": LEARNING
        for name in ("schedule", "warmup_fraction", "final_rate_fraction", "augmentation")
    },
    "training.start_from": FILE,
    **{
        f"anonymisation/k_anonymity.quasi_identifiers.{number}": "a column like the first"
        for number in range(1, 10)
    },
    **{
        f"aggregation/*.{name}": LEARNING
        for name in ("max_norm", "radius", "smoothing", "fraction", "num_byzantine")
    },
    **{
        f"privacy/*.{name}": LEARNING
        for name in (
            *("clipping_norm", "initial_clipping_norm", "quantile", "learning_rate"),
            *("bits_noise_std", "noise_source", "min_partners", "max_inflation", "distribution"),
            *("step", "max_abs", "rounding", "threshold_fraction", "scale_bits"),
            *("poly_modulus_degree", "ciphertext_bytes"),
            *(f"coeff_mod_bit_sizes.{number}" for number in range(4)),
        )
    },
    **{
        f"privacy/dp_sgd.{name}": LEARNING
        for name in ("noise_multiplier", "sampling", "delta", "max_epsilon")
    },
    **{
        f"attack/*.{name}": LEARNING
        for name in ("boost", "direction", "epsilon", "noise_ratio", "norm_ratio", "scale", "sends")
    },
    "attack/alie.z": LEARNING,
    **{f"compression/*.{name}": LEARNING for name in ("error_feedback", "shared_support")},
    "budget.target_accuracy": LEARNING,
    "budget.stops_at_target": LEARNING,
    "budget.patience_evaluations": LEARNING,
    "mode/partner/diloco.outer_learning_rate": LEARNING,
    "mode/partner/diloco.outer_momentum": LEARNING,
    "mode/proxy/fedbuff.staleness_exponent": LEARNING,
    "mode/*.proximal_weight": LEARNING,
    **{
        f"mode/*.{name}": LEARNING
        for name in ("optimizer", "learning_rate", "momentum", "second_momentum", "adaptivity")
    },
    "scenario/uniform.site.data_share": "of equal partners' shares only the ratio counts",
    "scenario/trace.file": FILE,
    "topology/links.file": FILE,
    "bandwidth/trace.file": FILE,
    "variability/empirical.file": FILE,
    "availability/trace.file": FILE,
    "topology/links.routes_file": FILE,
    "data/text_table.sensitive_columns": "final figures are told apart by it",
    **{f"data/*.{name}": FILE for name in ("files.0", "test_file", "folder", "test_folder")},
}
"""Settings that can't be seen here, with the reason."""

VALUES: dict[str, tuple[Any, ...]] = {
    "variability/empirical.factors": ([0.5, 1.5],),
    "mode/partner/allreduce.fusion": (
        {"buffer_bytes": 200000.0, "cycle_sim_s": 0.001, "coordinator": "gloo"},
    ),
    "mode/proxy/federated.deadline_sim_s": (5.0,),
    "anonymisation/k_anonymity.direct_identifiers": (["hours_per_week"],),
    "anonymisation/k_anonymity.quasi_identifiers.0": ("hours_per_week",),
    "data/table.label": ("race",),
    **{f"data/table.features.{number}": ("race",) for number in range(7)},
    "data/table.key": ("workclass",),
    "data/table.sensitive_columns": (["race"],),
    "data/text_table.text": ("body",),
    "data/text_table.label": ("folder",),
    "data/text_table.key": ("mailing_list",),
}
"""What to try where no rule of `alternatives` fits."""


def is_exempt(knob: Knob) -> bool:
    """Whether the table of exemptions has a setting."""
    below = ".".join(map(str, knob.below))
    endings = {f"{knob.group}/*.{below}", f"{knob.group}/*.{knob.below[-1]}"} if below else set()
    option = f"{knob.group}/{knob.option}"
    return bool({knob.name, knob.group, option, *endings} & set(EXEMPT))


def contexts(knob: Knob) -> list[tuple[str, ...]]:
    """Return the overrides with which to try a setting, most of all those of its own."""
    option = f"{knob.group}/{knob.option}"
    keys = (knob.name, option, knob.group)
    found = [context for key in keys for context in TOGETHER_WITH.get(key, ())]
    own = ALWAYS_WITH.get(option, ())
    return [
        (*SMALL, *_task(knob, context), *own, *context, *knob.choice) for context in found or [()]
    ]


def _task(knob: Knob, context: tuple[str, ...]) -> tuple[str, ...]:
    """Return the small task, unless another one is asked for."""
    is_own = knob.group in ("task", *TASK_PARTS)
    is_other = is_own or any(override.startswith("task=") for override in context)
    return () if is_other else SMALL_TASK


@cache
def composed(overrides: tuple[str, ...]) -> dict[str, Any]:
    """Return the config of some overrides."""
    return compose(*overrides)


@cache
def outcome_of(overrides: tuple[str, ...]) -> Any:
    """Return what the run of some overrides gives out."""
    return outcome(composed(overrides))


def outcome(config: dict[str, Any]) -> Any:
    """Return what a run gives out."""
    run = build(config)
    setting, assignment = assemble(run)
    outcome = World(setting, TimeOnly(), lambda fraction: None).run()
    rounds = rounds_table(outcome)
    summary = virtual_summary(
        outcome,
        rounds,
        num_partners=len(setting.consortium.partners),
        target_accuracy=run.budget.target_accuracy,
        tariff=run.tariff,
    )
    held = [samples.tolist() for samples in assignment.train]
    guarantees = run.privacy.guarantees(sampling_of(run, len(held)), 10, None)
    malicious = run.attack.malicious(len(held), run.seed)
    learned = trained(run, setting, assignment)
    return (
        rounds.to_dict("records"),
        summary,
        held,
        len(outcome.spans),
        learned,
        guarantees,
        malicious,
    )


def trained(run: Run, setting: Setting, assignment: Assignment) -> Any:
    """Return what the ranks would train: the model, and what identifies the samples."""
    if not isinstance(run.task, Supervised):
        return None
    partners = setting.consortium.partners
    providers = providers_of(partners, assignment, run.task, run.training)
    made = release(run.anonymisation, run.task, run.training, providers, run.seed)
    digest = hashlib.sha256()
    data = run.task.data
    told = run.privacy.labels(made.samples.train_targets, data, run.seed)
    samples = replace(made.samples, train_targets=told)
    samples = run.attack.poison(samples, data, assignment, run.seed)
    triggered = run.attack.triggered(samples, data)
    for array in [*vars(samples).values(), *([] if triggered is None else [triggered])]:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array))
    return str(run.task.new_module()), digest.hexdigest()


def acts(overrides: tuple[str, ...], knob: Knob) -> bool:
    """Whether some other value of a setting gives something else, or all others are refused."""
    config = composed(overrides)
    present: Any = config
    for key in knob.path:
        present = present[key]
    values = VALUES.get(knob.name) or alternatives(config, knob.path, present)
    expected = str(outcome_of(overrides))
    are_refused = []
    for value in values:
        try:
            if str(outcome(changed(config, knob.path, value))) != expected:
                return True
            are_refused.append(False)
        except ValueError:
            are_refused.append(True)
    return all(are_refused) and bool(are_refused)


KNOBS = {knob.name: knob for knob in knobs()}


@pytest.mark.parametrize("name", [name for name, knob in KNOBS.items() if not is_exempt(knob)])
def test_a_knob_changes_something(name: str) -> None:
    knob = KNOBS[name]
    assert any(acts(overrides, knob) for overrides in contexts(knob)), (
        f"{name} changes nothing: drop it, or say in TOGETHER_WITH with what it acts"
    )


def test_no_table_has_a_line_for_a_setting_that_is_gone() -> None:
    known = {*GROUPS, *TASK_PARTS, *OWN_KEYS, "fusion"}
    for knob in KNOBS.values():
        below = ".".join(map(str, knob.below))
        known |= {knob.name, f"{knob.group}/{knob.option}", f"{knob.group}/*.{below}"}
        known |= {f"{knob.group}/*.{one}" for one in knob.below[-1:]}
    assert not (set(ALWAYS_WITH) | set(TOGETHER_WITH) | set(VALUES) | set(EXEMPT)) - known
