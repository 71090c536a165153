"""adaptive: each merge is sent as its own level's option sends it."""

from dataclasses import replace

import pytest
import torch

from runners.build import assemble, build
from runners.compression.adaptive import Adaptive
from runners.compression.stage import Stage
from runners.options import ConfigError
from sim.learner import Work
from tests.runners.compose import compose
from tests.runners.compression.options import FLOAT16, LAYOUT, SPEEDS, int4, int8, merge_of, rows
from tests.runners.learner import test_merging as merges
from tests.runners.learner.one_rank import training

OPTIONS = (FLOAT16, int8(16), int4(16))
ADAPTIVE = Adaptive(levels=("float16", "int8", "int4"), block_size=16, **SPEEDS)


@pytest.mark.parametrize("level", range(3))
def test_a_merge_is_sent_at_its_level(level: int) -> None:
    partners = (0, 1, 2)
    merge = replace(merge_of(partners), compression=level)
    updates = rows(3)
    ours = ADAPTIVE.compress(updates.clone(), partners, merge, LAYOUT)
    theirs = OPTIONS[level].compress(updates.clone(), partners, merge, LAYOUT)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    assert ADAPTIVE.at(level).wire_bytes(LAYOUT) == OPTIONS[level].wire_bytes(LAYOUT)


def test_the_learner_sends_at_the_level_of_the_works() -> None:
    """The coarser the level, the further is the merged update from what it was."""
    errors = []
    for level in (None, 0, 1, 2):
        mine = training()
        layout = replace(LAYOUT, tensor_shapes=((mine.model.size,),), num_statistics=0)
        merging = merges.merging(mine, privacy=Stage(ADAPTIVE, layout))
        if level is None:
            merging = merges.merging(mine)
        all_ = merges.cohort(mine)
        works: list[Work] = [replace(work, compression=level or 0) for work in all_.works]
        vector = merging.begin(replace(all_, works=works))().vector
        errors.append(vector)
    off = [float((vector - errors[0]).norm()) for vector in errors[1:]]
    assert 0 < off[0] < off[1] / 10 and off[1] < off[2] / 3


def test_levels_have_their_bytes_on_the_virtual_clock() -> None:
    setting, _ = assemble(build(compose("mode=proxy/federated", "compression=adaptive")))
    alone = ("float16", "int8", "int4", "compression.block_size=256")
    for level, name in enumerate(alone[:3]):
        blocks = alone[3:] if name == "int4" else ()
        one, _ = assemble(build(compose("mode=proxy/federated", f"compression={name}", *blocks)))
        assert setting.protection.bytes_at[level] == one.protection.wire_bytes


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("compression.levels=[]",), "levels must be at least one"),
        (("compression.levels=[int8,sign]",), "compression.levels must be one of float16"),
        (("privacy=secagg",), "must be none or random_k"),
        (("mode=partner/allreduce",), "compression must be none in a mode"),
    ],
)
def test_what_does_not_fit_is_refused(settings: tuple[str, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        assemble(build(compose("mode=proxy/federated", "compression=adaptive", *settings)))
