"""Fragments: whole layers, every layer once, turns evenly staggered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.learner import Part
from sim.protocol.fragments import fragments


def test_runs_of_layers_of_about_equal_size() -> None:
    first, second = fragments([160.0, 120.0, 80.0, 40.0], inner_steps=5, count=2)
    # half is 200: a cut after 160 is nearer than one after 280
    assert first.tensor_bytes == (160.0, 0.0, 0.0, 0.0)
    assert second.tensor_bytes == (0.0, 120.0, 80.0, 40.0)
    assert (first.num_bytes, second.num_bytes) == (160.0, 240.0)
    assert (first.num_steps, second.num_steps) == (2, 3)
    assert first.part == Part(kind="layers", index=0, count=2)


@given(
    sizes=st.lists(st.floats(1, 1e9), min_size=1, max_size=30),
    count=st.integers(1, 30),
    inner_steps=st.integers(1, 1000),
)
def test_every_layer_is_in_one_fragment(sizes: list[float], count: int, inner_steps: int) -> None:
    count = min(count, len(sizes))
    cut = fragments(sizes, inner_steps, count)
    assert len(cut) == count
    assert [sum(layer) for layer in zip(*(one.tensor_bytes for one in cut), strict=True)] == sizes
    held = [[i for i, size in enumerate(one.tensor_bytes) if size] for one in cut]
    assert all(held)
    assert [layer for layers in held for layer in layers] == list(range(len(sizes)))
    steps = [one.num_steps for one in cut]
    assert sum(steps) == inner_steps
    assert max(steps) - min(steps) <= 1


def test_refuses_more_fragments_than_layers() -> None:
    with pytest.raises(ValueError, match="at most the 2 gradient tensors of the task, got 3; try"):
        fragments([1.0, 1.0], inner_steps=5, count=3)
