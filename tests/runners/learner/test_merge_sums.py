"""Under a secure sum nothing of a single partner travels in the open: neither updates nor figures,
losses or norms; what is learned stays the same.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from runners.aggregation.mean import Mean
from runners.attack.none import Honest
from runners.compression import Layout
from runners.compression.stage import compressed
from runners.learner.local_training import LocalTraining
from runners.learner.merging import Cohort, Merging, Update
from runners.learner.version import Version
from runners.privacy import Mechanism
from runners.privacy.chain import Chain
from runners.privacy.none import Plain
from runners.secure_sum.fixed_point import NUM_EXTRA_ENTRIES
from runners.stopwatch import Stopwatch
from sim.learner import Work
from tests.runners.compression.options import random_k
from tests.runners.learner.one_rank import CPU, OneRank, training
from tests.runners.privacy.dp_cases import ADAPTIVE, CENTRAL, CLIP
from tests.runners.privacy.test_secagg import OPTION
from tests.runners.privacy.test_secret_sharing import OPTION as SHARES
from tests.runners.secure_sum.protocol import ThreadRanks, on_threads

SECAGG = replace(OPTION, step=2.0**-24, max_abs=8.0)
SHARING = replace(SHARES, step=2.0**-24, max_abs=8.0)
NUM_MERGES = 3
QUIET = replace(CENTRAL, noise_multiplier=0.0)


def merging(ranks: object, mine: LocalTraining, chain: Chain, secret: int = 7) -> Merging:
    return Merging(
        ranks=ranks,  # type: ignore[arg-type]
        training=mine,
        privacy=chain,
        aggregation=Mean(),
        attack=Honest(),
        stopwatch=Stopwatch(CPU),
        seed=0,
        secret=secret,
    )


def cohort(mine: LocalTraining, partners: Sequence[int] = (0, 1, 2)) -> Cohort:
    start = Version(version=0, owner=None, vector=mine.model.initial)
    return Cohort(
        works=[Work(partner=k, start=start, num_steps=2, data_of=(k,)) for k in partners],
        weights=[1 / len(partners)] * len(partners),
        rates=(0.1, 0.2),
        wire_bytes_per_parameter=None,
        control=None,
        teachers=None,
    )


Merges = tuple[list[Update], list[dict], list[torch.Tensor]]


def merges(ranks: object, mine: LocalTraining, chain: Chain) -> Merges:
    """Return some merges, what the mechanisms remember of them, and what left this rank."""
    one = merging(ranks, mine, chain)
    updates = [one.begin(cohort(mine))() for _ in range(NUM_MERGES)]
    return updates, one.memories, getattr(ranks, "sent", [])


def alone(chain: Chain) -> Merges:
    return merges(OneRank(), training(), chain)


def on_two(chain: Chain) -> list[Merges]:
    """Return what two ranks have; their models are drawn one after the other."""
    trainings = [training(), training()]
    return on_threads(2, lambda ranks: merges(ranks, trainings[ranks.rank], chain))


def layout() -> Layout:
    model = training().model
    return Layout(tensor_shapes=tuple(tuple(one.shape) for one in model.parameters))


@pytest.mark.parametrize("secure", [SECAGG, SHARING])
@pytest.mark.parametrize("noise", [QUIET, CENTRAL])
def test_only_whole_numbers_travel_and_all_learn_the_same(
    secure: Mechanism, noise: Mechanism
) -> None:
    """Bits of adaptive clipping go through the secure sum: C moves as it does without one."""
    clip = replace(ADAPTIVE, initial_clipping_norm=0.05)
    open_updates, open_memories, _ = alone(Chain((clip, noise)))
    chain = Chain((clip, noise, secure))
    results = on_two(chain)
    norms = [memories[0]["clipping_norm"] for _, memories, _ in results]
    assert norms == [open_memories[0]["clipping_norm"]] * 2 and norms[0] != 0.05
    for updates, _, sent in results:
        assert len(sent) == NUM_MERGES
        assert not any(tensor.is_floating_point() for tensor in sent)
        for update, plain in zip(updates, open_updates, strict=True):
            torch.testing.assert_close(update.vector, plain.vector, rtol=0, atol=2e-5)
            assert update.losses.isnan().all() and update.norms.isnan().all()
            assert not plain.losses.isnan().any() and not plain.norms.isnan().any()


def test_bits_are_behind_masks() -> None:
    """The last entries of a rank's vector are its partners' bits and the count of clipped values:
    with other masks they are other numbers.
    """

    trainings = [training(), training()]

    def sent(secret: int) -> torch.Tensor:
        def one(ranks: ThreadRanks) -> torch.Tensor:
            mine = trainings[ranks.rank]
            merging(ranks, mine, Chain((ADAPTIVE, SECAGG)), secret).begin(cohort(mine))()
            return ranks.sent[0]

        return on_threads(2, one)[0]

    first, second = sent(7), sent(8)
    # the very last number counts rows, and is no secret
    assert (first[:-1] != second[:-1]).all() and first[-1] == second[-1]


def test_without_a_secure_sum_losses_and_norms_are_told() -> None:
    results = on_two(Chain((Plain(),)))
    (updates, _, sent), _ = results
    assert all(tensor.is_floating_point() for tensor in sent)
    assert (updates[0].losses > 0).all() and (updates[0].norms > 0).all()


@pytest.mark.parametrize("error_feedback", [True, False])
def test_a_shared_support_is_summed_securely_in_fewer_numbers(error_feedback: bool) -> None:
    option = random_k(0.25, error_feedback=error_feedback, shared_support=True)
    shape = layout()
    num_sent = option.num_sent(shape)
    assert num_sent < shape.size / 3
    plain = compressed(Chain((CLIP, QUIET)), option, shape)
    secure = compressed(Chain((CLIP, QUIET, SECAGG)), option, shape)
    open_updates, _, _ = alone(plain)
    results = on_two(secure)
    for updates, _, sent in results:
        # and a number that counts clipped values, and one that counts rows
        assert {len(one) for one in sent} == {num_sent + NUM_EXTRA_ENTRIES + 1}
        for update, wanted in zip(updates, open_updates, strict=True):
            assert len(update.vector) == shape.size
            assert int(update.vector.count_nonzero()) <= num_sent
            torch.testing.assert_close(update.vector, wanted.vector, rtol=0, atol=2e-5)


def test_noise_is_drawn_for_the_numbers_that_are_sent() -> None:
    option = random_k(0.25, shared_support=True)
    chain = compressed(Chain((CLIP, CENTRAL)), option, layout())
    (update, *_), _, _ = alone(chain)
    assert int(update.vector.count_nonzero()) == option.num_sent(layout())


def test_clipped_values_are_counted_over_all_merges() -> None:
    tight = replace(SECAGG, max_abs=2.0**-20, step=2.0**-30)
    for _, memories, _ in on_two(Chain((tight,))):
        num_clipped = Chain((tight,)).num_clipped(memories)
        assert num_clipped is not None and num_clipped > 20 * NUM_MERGES
    _, memories, _ = alone(Chain((SECAGG,)))
    assert Chain((SECAGG,)).num_clipped(memories) == 0
    assert Chain((CLIP,)).num_clipped([{}]) is None
