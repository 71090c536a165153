"""What is only begun: merges, for whose sums the simulation does not wait."""

from collections.abc import Callable

import pytest
import torch

from runners.aggregation.mean import Mean
from runners.aggregation.median import Median
from runners.attack.none import Honest
from runners.learner.rank_learner import RankLearner
from runners.learner.rates import Rates
from runners.learner.under_way import UnderWay
from runners.learner.version import version_of
from runners.privacy.chain import Chain
from runners.privacy.none import Plain
from sim.learner import Merged, Model, Work
from tests.runners.learner.one_rank import RECIPE, OneRank, training


class LateRank(OneRank):
    """The only rank: its sums come when they are waited for, and `waited` are their names."""

    def __init__(self) -> None:
        self.waited: list[str] = []

    def start_sum(self, tensor: torch.Tensor, name: str) -> Callable[[], None]:
        """Hold the sum back: until then nobody may read it."""
        held_back = tensor.clone()
        tensor.fill_(torch.nan)

        def wait() -> None:
            tensor.copy_(held_back)
            self.waited.append(name)

        return wait


def learner(ranks: OneRank, aggregation: Mean | Median) -> RankLearner:
    return RankLearner(
        ranks=ranks,  # type: ignore[arg-type]
        training=training(),
        rates=Rates(RECIPE, 0.1, 100),
        privacy=Chain((Plain(),)),
        aggregation=aggregation,
        attack=Honest(),
        seed=0,
    )


def merge(mine: RankLearner, model: Model) -> Merged:
    works = [Work(partner=k, start=model, num_steps=2, data_of=(k,)) for k in range(3)]
    return mine.merge(model, works, [0.5, 0.25, 0.25])


@pytest.mark.parametrize(
    ("aggregation", "names"), [(Mean(), ["merge"]), (Median(), ["merge", "rows"])]
)
def test_a_merge_is_waited_for_when_something_needs_it(
    aggregation: Mean | Median, names: list[str]
) -> None:
    late, prompt = LateRank(), OneRank()
    theirs = learner(prompt, aggregation)
    first = merge(theirs, theirs.initial_model(None))
    second = merge(theirs, first.model)
    theirs.finish()

    mine = learner(late, aggregation)
    begun = merge(mine, mine.initial_model(None))
    assert version_of(begun.model).vector is None and late.waited == []
    next_begun = merge(mine, begun.model)
    assert late.waited == names
    assert next_begun.feedback() == second.feedback()
    assert late.waited == names * 2
    assert begun.feedback() == first.feedback()
    for ours, its in ((begun, first), (next_begun, second)):
        assert torch.equal(version_of(ours.model).weights(), version_of(its.model).weights())


def test_what_is_told_of_partners_does_not_hold_on_to_the_sums() -> None:
    """Rounds keep the call to the end of a run, and a sum is as large as the model."""
    mine = learner(OneRank(), Mean())
    merged = merge(mine, mine.initial_model(None))
    mine.finish()
    held = [cell.cell_contents for cell in merged.feedback.__closure__ or ()]
    (told,) = (one for one in held if isinstance(one, torch.Tensor))
    assert told.untyped_storage().nbytes() == told.nbytes == 8 * 3 * mine.training.num_partners


def test_one_thing_is_under_way_at_a_time() -> None:
    under_way, ended = UnderWay(), []
    under_way.finish()
    under_way.put(lambda: ended.append(1))
    with pytest.raises(AssertionError, match="finished before the next begins"):
        under_way.put(lambda: ended.append(2))
    under_way.finish()
    under_way.finish()
    assert ended == [1]
