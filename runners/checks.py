"""Owns what the parts of a run ask of each other; raises ValueError where they don't fit.

An option checks its own fields itself. What is here needs options of several groups.
"""

import math
from collections.abc import Sequence

import numpy as np

from runners.aggregation import Aggregation
from runners.aggregation.mean import Mean
from runners.anonymisation import Anonymisation
from runners.attack import Attack
from runners.compression import Compression
from runners.compression.none import Uncompressed
from runners.privacy.chain import Chain, names_of
from runners.task import Task
from runners.task.supervised import Supervised
from runners.training import Training
from sim.agent import Agent
from sim.consortium import Consortium
from sim.mode.proxy.data_proxy import DataProxy
from sim.setting import Mode

LEAST_SUMMED = 2
"""Updates behind a sum that hides each of them."""


def check_augmentation(task: Task, training: Training) -> None:
    """Raise ValueError where there are no images to shift or mirror."""
    inputs: Sequence[int] = task.data.inputs if isinstance(task, Supervised) else ()
    if training.augmentation != "none" and len(inputs) != 3:
        raise ValueError(
            f"training.augmentation must be none for samples that are no images, got "
            f"{training.augmentation} for samples of shape {inputs}; try task=mnist_cnn"
        )


def check_agent(agent: Agent, mode: Mode) -> None:
    """Raise ValueError where an agent decides what a mode does not understand."""
    if missing := sorted(agent.actions - mode.actions):
        raise ValueError(
            f"the mode must understand what the agent decides ({', '.join(sorted(agent.actions))}),"
            f" and does not understand {', '.join(missing)}; try mode=proxy/federated, or "
            "agent=static"
        )


def what_needs_the_proxy(chain: Chain, rule: Aggregation) -> str | None:
    """Return the setting because of which no partner may add up others' updates, if there is
    one.
    """
    needing = [one for one in chain.mechanisms if one.needs_proxy]
    if needing:
        return f"privacy={names_of(needing)}"
    return None if isinstance(rule, Mean) else f"aggregation={names_of([rule])}"


def check_direct(agent: Agent, chain: Chain, rule: Aggregation) -> None:
    """Raise ValueError where an agent sends updates past a proxy that has to act on them."""
    needing = what_needs_the_proxy(chain, rule)
    if "direct" in agent.actions and needing is not None:
        raise ValueError(
            f"agent must send every update to the proxy with {needing}, which acts there on what "
            f"no partner may add up for others, got {names_of([agent])}; try agent=balanced, or "
            f"leave {needing} out"
        )


def check_aggregation(rule: Aggregation, mode: Mode, consortium: Consortium) -> None:
    """Raise ValueError where a rule other than the sum can't be used."""
    rule.check(len(consortium.partners))
    if isinstance(rule, Mean):
        return
    if not mode.merges_in_one_place:
        raise ValueError(
            f"aggregation must be mean where updates are summed on their way, got {rule}; "
            "try aggregation=mean, or a mode that merges at a proxy such as mode=proxy/federated"
        )
    if consortium.proxy.num_replicas > 1:
        raise ValueError(
            f"aggregation must be mean where replicas of the proxy share the partners and exchange "
            f"sums, got {rule}; try aggregation=mean, or scenario.proxy.num_replicas=1"
        )


def check_anonymisation(
    option: Anonymisation,
    privacy: Chain,
    attack: Attack,
    mode: Mode,
    task: Task,
    providers: Sequence[np.ndarray],
) -> None:
    """Raise ValueError where no data of these providers pass a data proxy, or they can't be
    anonymised so; `option` is one that changes data.
    """
    name = type(option).__module__.rpartition(".")[2]
    if attack.changes_data:
        raise ValueError(
            f"attack must leave data alone with anonymisation={name}, since it changes a model's "
            f"inputs and not the rows and texts that a data proxy takes, got {attack}; try "
            "attack=none, or anonymisation=none"
        )
    if privacy.changes_labels and getattr(option, "l_diversity", 1.0) > 1:
        raise ValueError(
            f"anonymisation.l_diversity must be 1 where privacy={names_of(privacy.mechanisms)} "
            "draws labels anew, since classes that have it may lose it then; try "
            "anonymisation.l_diversity=1, or privacy=none"
        )
    if not isinstance(mode, DataProxy):
        raise ValueError(
            f"anonymisation must be none in a mode that passes no data through a proxy, got {name}"
            "; try mode=proxy/data_proxy"
        )
    if mode.transform_bytes_per_s is not None:
        raise ValueError(
            f"mode.transform_bytes_per_s and mode.size_ratio must be null with anonymisation={name}"
            f", which has its own, got {mode.transform_bytes_per_s} and {mode.size_ratio}; try "
            "anonymisation.transform_bytes_per_s and anonymisation.size_ratio"
        )
    if not providers:
        raise ValueError(
            f"anonymisation must be none for one partner, whose data stay where they are, got "
            f"{name}; try scenario=listed"
        )
    option.check(task.data if isinstance(task, Supervised) else task, providers)


def check_attack(attack: Attack, mode: Mode, task: Task, num_partners: int) -> None:
    """Raise ValueError where the attack has no sense, no target, or nothing to change."""
    attack.check(num_partners)
    if isinstance(task, Supervised):
        attack.check_data(task.data)
    if attack.needs_rows and not mode.merges_updates:
        raise ValueError(
            "attack must be none or label_flip, or backdoor with attack.boost=1, in a mode whose "
            f"partners send something other than updates of the whole model, got {attack}; try "
            "mode=proxy/federated"
        )


def check_compression(compression: Compression, mode: Mode) -> None:
    """Raise ValueError where there are no updates of the whole model to compress."""
    sends_updates = mode.merges_updates and not _sends_controls(mode)
    if not isinstance(compression, Uncompressed) and not sends_updates:
        raise ValueError(
            "compression must be none in a mode whose partners send something other than updates "
            f"of the whole model, got {compression}; try mode=proxy/federated"
        )


def check_privacy(chain: Chain, mode: Mode, rule: Aggregation, task: Task) -> None:
    """Raise ValueError where updates don't pass through the mechanisms, or not by themselves."""
    changing = [one for one in chain.mechanisms if one.is_about_updates]
    if isinstance(task, Supervised):
        chain.check_data(task.data)
    if changing and not mode.merges_updates:
        raise ValueError(
            f"privacy must be none, label_dp or dp_sgd in a mode whose partners send something "
            f"other than updates of the whole model, got {names_of(changing)}; "
            "try mode=proxy/federated"
        )
    if chain.needs_sum and rule.needs_rows:
        raise ValueError(
            f"aggregation must be mean or norm_bound where privacy speaks of the sum of updates, "
            f"got {rule}; try aggregation=mean, or privacy=clip"
        )
    if changing and _sends_controls(mode):
        raise ValueError(
            f"privacy must be none, label_dp or dp_sgd with mode.algorithm=scaffold, whose control "
            f"variates are not protected, got {names_of(changing)}; try mode.algorithm=fedavg"
        )


def check_secure_sum(chain: Chain, mode: Mode, attack: Attack, num_chosen: int) -> None:
    """Raise ValueError where what is summed securely is one partner's update, or seen by others."""
    if chain.secure_sum is None:
        return
    name = names_of([chain.secure_sum])
    if mode.merges_single_updates:
        raise ValueError(
            f"privacy must have no secure sum where updates are merged one at a time, got {name}: "
            "a sum of one is the update itself; try mode.buffer_size=10, or mode=proxy/federated"
        )
    if attack.needs_all_rows:
        raise ValueError(
            f"attack must be none or one that sees its own updates only, under a secure sum, got "
            f"{name}, which shows nobody another's update; try attack=sign_flip, or privacy=clip"
        )
    num_kept = math.ceil(getattr(mode, "keep_fraction", 1.0) * num_chosen)
    if num_kept < LEAST_SUMMED:
        raise ValueError(
            f"privacy must have no secure sum where {num_kept} of {num_chosen} partners is summed, "
            f"got {name}: a sum of one is the update itself; try agent.num_participants=null, "
            "mode.keep_fraction=1 and more partners"
        )


def _sends_controls(mode: Mode) -> bool:
    """Return whether partners send control variates beside their updates."""
    return getattr(mode, "algorithm", None) == "scaffold"
