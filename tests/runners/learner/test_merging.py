"""A cohort's updates become one: weights, rules, mechanisms, precision, parts and controls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
import torch

from runners.aggregation import Aggregation
from runners.aggregation.mean import Mean
from runners.aggregation.median import Median
from runners.aggregation.norm_bound import NormBound
from runners.attack import Attack
from runners.attack.free_rider import FreeRider
from runners.attack.ipm import Ipm
from runners.attack.none import Honest
from runners.attack.sign_flip import SignFlip
from runners.learner.cohort import Job
from runners.learner.distilling import Teacher
from runners.learner.local_training import LocalTraining
from runners.learner.merging import Cohort, Merging, Update
from runners.learner.version import Version
from runners.optimizer import State
from runners.privacy import Mechanism, Merge
from runners.privacy.chain import Chain
from runners.privacy.none import Plain
from runners.secure_sum import SumNotRevealed
from runners.stopwatch import Stopwatch
from sim.learner import PLAIN, LocalRule, Part, Work
from tests.runners.learner.one_rank import CPU, Little, OneRank, mlp, sgd, training

WEIGHTS = (0.5, 0.3, 0.2)
RATES = (0.1, 0.2)
MEAN, AS_THEY_ARE, HONEST = Mean(), Plain(), Honest()


@dataclass(frozen=True, kw_only=True)
class Halved(Mechanism):
    """A mechanism by which half of an update leaves its owner."""

    needs_rows = True

    def protect(self, updates: torch.Tensor, partners: Sequence[int], merge: Merge) -> torch.Tensor:
        """Return the half of each."""
        return updates / 2


def merging(
    mine: LocalTraining,
    aggregation: Aggregation = MEAN,
    privacy: Mechanism = AS_THEY_ARE,
    attack: Attack = HONEST,
) -> Merging:
    return Merging(
        ranks=OneRank(),
        training=mine,
        privacy=Chain((privacy,)),
        aggregation=aggregation,
        attack=attack,
        stopwatch=Stopwatch(CPU),
        seed=0,
        secret=0,
    )


def cohort(
    mine: LocalTraining,
    *,
    parts: Sequence[Part | None] = (None, None, None),
    rule: LocalRule = PLAIN,
    wire_bytes_per_parameter: float | None = None,
    control: torch.Tensor | None = None,
    teachers: list[Teacher] | None = None,
) -> Cohort:
    """Return two steps of each of three partners."""
    start = Version(version=0, owner=None, vector=mine.model.initial)
    works = [
        Work(partner=k, start=start, num_steps=2, data_of=(k,), part=part, rule=rule)
        for k, part in enumerate(parts)
    ]
    return Cohort(
        works=works,
        weights=WEIGHTS,
        rates=RATES,
        wire_bytes_per_parameter=wire_bytes_per_parameter,
        control=control,
        teachers=teachers,
    )


def merged(
    aggregation: Aggregation = MEAN,
    privacy: Mechanism = AS_THEY_ARE,
    attack: Attack = HONEST,
    **rest: float,
) -> Update:
    mine = training()
    return merging(mine, aggregation, privacy, attack).begin(cohort(mine, **rest))()


def updates_of(mine: LocalTraining, rates: Sequence[float] = RATES) -> list[torch.Tensor]:
    """Return what plain steps change at each partner, from torch.autograd."""
    rows, module = [], mine.model.module
    for k in range(3):
        vector = mine.model.initial.clone()
        work = Work(
            partner=k, start=Version(version=0, owner=None, vector=None), num_steps=2, data_of=(k,)
        )
        job: Job = mine.job(work, vector, State())
        for step, rate in enumerate(rates):
            inputs, targets = mine.data.batch(job.samples[step])
            torch.nn.utils.vector_to_parameters(vector, module.parameters())
            loss = torch.nn.functional.cross_entropy(module(inputs), targets)
            gradients = torch.autograd.grad(loss, list(module.parameters()))
            vector = vector - rate * torch.cat([one.reshape(-1) for one in gradients])
        rows.append((vector - mine.model.initial).double())
    return rows


def close(ours: torch.Tensor, theirs: torch.Tensor, tolerance: float = 1e-6) -> None:
    torch.testing.assert_close(ours.double(), theirs.double(), rtol=0, atol=tolerance)


def test_the_sum_is_weighted() -> None:
    rows = updates_of(training())
    update = merged()
    close(update.vector, sum(weight * row for weight, row in zip(WEIGHTS, rows, strict=True)))
    close(update.norms, torch.stack([row.norm() for row in rows]))
    assert update.control_change is None


def test_a_rule_that_needs_rows_gets_them() -> None:
    """The weights sum to 1, so that the median is not scaled."""
    rows = torch.stack(updates_of(training()))
    close(merged(Median()).vector, rows.median(dim=0).values)


def test_norms_are_bounded_and_told_as_they_were() -> None:
    rows = updates_of(training())
    bound = float(min(row.norm() for row in rows)) / 2
    update = merged(NormBound(max_norm=bound))
    expected = sum(w * row * bound / row.norm() for w, row in zip(WEIGHTS, rows, strict=True))
    close(update.vector, expected)
    close(update.norms, torch.stack([row.norm() for row in rows]))


@pytest.mark.parametrize("rule", [MEAN, Median()])
def test_equal_updates_are_what_every_rule_makes_of_them(rule: Aggregation) -> None:
    """All samples are one and the same."""
    mine = training(data=Little(is_constant=True))
    update = merging(mine, rule).begin(cohort(mine))()
    close(update.vector, updates_of(training(data=Little(is_constant=True)))[0])


@pytest.mark.parametrize("rule", [MEAN, Median()])
def test_updates_pass_through_the_mechanism(rule: Aggregation) -> None:
    close(merged(rule, Halved()).vector, merged(rule).vector / 2)


def test_updates_are_rounded_before_they_are_summed() -> None:
    rows = [row.to(torch.bfloat16).double() for row in updates_of(training())]
    expected = sum(weight * row for weight, row in zip(WEIGHTS, rows, strict=True))
    update = merged(wire_bytes_per_parameter=2.0).vector
    close(update, expected, tolerance=1e-5)  # a sum in float32 may round to the other side
    assert not torch.allclose(update, merged().vector, rtol=0, atol=1e-6)


def test_proximal_steps_are_held_back() -> None:
    """Of steps with rates 0.1 and 0.2, the second has 0.2 μ (w − start) more with w − start the
    first one's move: with μ = 5 it takes the first back.
    """
    mine = training()
    held_back = merging(mine).begin(cohort(mine, rule=LocalRule(proximal_weight=5.0)))()
    expected = torch.zeros_like(held_back.vector)
    for weight, both, first in zip(
        WEIGHTS, updates_of(training()), updates_of(training(), RATES[:1]), strict=True
    ):
        expected += weight * (both - first)
    close(held_back.vector, expected)


def test_parts_are_merged_where_they_overlap() -> None:
    """All hold the first 3 of 6 hidden units, two the first 4, one all: what only the third has
    moves by that one's update, what the second has too by (0.3 u₂ + 0.2 u₃) / 0.5.
    """
    three, four = (Part(kind="width", index=index, count=6) for index in (2, 3))
    mine = training(model=mlp(6))
    update = merging(mine).begin(cohort(mine, parts=(three, four, None)))().vector
    alone = []
    for k, part in enumerate((three, four, None)):
        other = training(model=mlp(6))
        one = cohort(other, parts=(three, four, None))
        sole = Cohort(**(vars(one) | {"works": [one.works[k]], "weights": (1.0,)}))
        alone.append(merging(other).begin(sole)().vector)
        assert one.works[k].part == part
    units = update[:24].view(6, 4)  # weights into the hidden layer
    first, second, third = (vector[:24].view(6, 4) for vector in alone)
    close(units[:3], 0.5 * first[:3] + 0.3 * second[:3] + 0.2 * third[:3])
    close(units[3], 0.6 * second[3] + 0.4 * third[3])
    close(units[4:], third[4:])


def test_refuses_rules_on_rows_where_parts_differ() -> None:
    mine = training(model=mlp(6))
    half = Part(kind="width", index=0, count=2)
    with pytest.raises(ValueError, match="aggregation must be mean or norm_bound"):
        merging(mine, Median()).begin(cohort(mine, parts=(half, None, None)))()


def test_controls_move_by_what_the_updates_say() -> None:
    """From zero, option II: c_k' = −u / Σ η with Σ η = 0.3, and c is their mean."""
    mine = training()
    rows = updates_of(training())
    control = torch.zeros(mine.model.num_parameters)
    update = merging(mine).begin(
        cohort(mine, rule=LocalRule(uses_controls=True), control=control)
    )()
    assert update.control_change is not None
    close(update.control_change, -sum(rows) / 0.3 / 3, tolerance=1e-5)


def test_controls_add_to_every_gradient() -> None:
    """With c = 1 and c_k = 0, each of the two steps moves by η more: 0.1, then 0.2; gradients at
    the second step differ only because the first one led elsewhere.
    """
    mine = training(model=mlp(), optimizer=sgd())
    control = torch.full((mine.model.num_parameters,), 1e-4)
    drifted = merging(mine).begin(
        cohort(mine, rule=LocalRule(uses_controls=True), control=control)
    )()
    other = training(model=mlp(), optimizer=sgd())
    plain = merging(other).begin(cohort(other))()
    close(drifted.vector - plain.vector, torch.full_like(plain.vector, -0.3e-4), tolerance=3e-6)


def test_teachers_are_what_has_been_trained() -> None:
    mine = training()
    teachers: list[Teacher] = []
    update = merging(mine).begin(cohort(mine, teachers=teachers))().vector
    assert [(part, weight) for part, _, weight in teachers] == [(None, w) for w in WEIGHTS]
    mean = sum(weight * (end - mine.model.initial) for _, end, weight in teachers)
    assert isinstance(mean, torch.Tensor)
    close(mean, update)


@dataclass(frozen=True, kw_only=True)
class NeedsFour(Mechanism):
    """A mechanism that opens no sum of fewer than four."""

    def check_merge(self, merge: Merge) -> None:
        """Count the partners."""
        if len(merge.partners) < 4:
            raise SumNotRevealed("too few")


def test_a_sum_that_must_not_be_opened_changes_nothing() -> None:
    mine = training()
    update = merging(mine, privacy=NeedsFour()).begin(cohort(mine))()
    assert not update.vector.any() and update.losses.isnan().all()


def test_a_malicious_update_takes_its_owners_place() -> None:
    first, second, third = updates_of(training())
    attack = SignFlip(fraction=None, partners=(1,), scale=4.0)
    close(merged(attack=attack).vector, 0.5 * first - 4 * 0.3 * second + 0.2 * third)


def test_an_omniscient_attack_sees_all_honest_updates() -> None:
    """The third partner sends −2 (u₁ + u₂) ÷ 2."""
    first, second, _ = updates_of(training())
    attack = Ipm(fraction=None, partners=(2,), epsilon=2.0)
    expected = 0.5 * first + 0.3 * second - 0.2 * (first + second)
    close(merged(attack=attack).vector, expected)


def test_robust_rules_see_what_malicious_partners_send() -> None:
    rows = torch.stack(updates_of(training()))
    rows[0] *= -4
    attack = SignFlip(fraction=None, partners=(0,), scale=4.0)
    close(merged(Median(), attack=attack).vector, rows.median(dim=0).values)


def test_an_attack_comes_before_privacy() -> None:
    attack = SignFlip(fraction=None, partners=(0,), scale=4.0)
    halved = merged(privacy=Halved(), attack=attack).vector
    close(halved, merged(attack=attack).vector / 2)


def test_a_free_rider_sends_what_the_model_last_moved_by() -> None:
    """It trains all the same, so its samples are drawn as an honest run draws them."""
    rider = FreeRider(fraction=None, partners=(0,), sends="last", noise_ratio=0.0)
    mine, honest = training(), training()
    merge, other = merging(mine, attack=rider), merging(honest)
    _, second, third = updates_of(training())
    close(merge.begin(cohort(mine))().vector, 0.3 * second + 0.2 * third)
    other.begin(cohort(honest))()
    start = Version(version=0, owner=None, vector=mine.model.initial)
    merge.malicious.observe(start.weights(), start.weights() + 1)
    without_first = replace(cohort(honest), weights=(0.0, *WEIGHTS[1:]))
    close(merge.begin(cohort(mine))().vector, other.begin(without_first)().vector + 0.5)
