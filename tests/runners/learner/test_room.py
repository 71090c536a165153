"""A room hands out the same memory, as long as it is large enough."""

import torch

from runners.learner.room import Room


def test_tensors_take_the_memory_of_those_before() -> None:
    room = Room(torch.empty(0, dtype=torch.float64))
    first = room.tensor(2, 3).fill_(7.0)
    second = room.tensor(5)
    assert second.dtype == torch.float64
    assert second.data_ptr() == first.data_ptr()
    assert room.tensor(2, 3).tolist() == [[7.0] * 3] * 2
    assert room.tensor(7).numel() == 7
