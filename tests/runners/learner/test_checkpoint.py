"""Checkpoints on disk: whole or not there, and of one config."""

from pathlib import Path

import pytest
import torch

from runners.learner.checkpoint import Checkpoint, Checkpoints, History, Journal
from runners.learner.version import Version
from runners.optimizer import State
from sim.learner import Evaluation, Feedback, Part
from tests.runners.learner.one_rank import OneRank

LINE = State(num_steps=3, moments=[torch.tensor([[0.5, -1.0]])])


class OneOfTwo(OneRank):
    """A rank that has another beside it."""

    size = 2


def checkpoint(num_calls: int) -> Checkpoint:
    """Return two versions of one line, and one that is kept elsewhere."""
    vector = torch.tensor([1.0, float("nan")])
    first = Version(version=0, owner=None, vector=vector, optimizer=LINE)
    second = Version(
        version=1,
        owner=None,
        vector=vector * 2,
        optimizer=LINE,
        outer=(torch.ones(2), torch.zeros(2)),
        control=torch.tensor([3.0]),
        part=Part(kind="width", index=0, count=2),
    )
    elsewhere = Version(version=2, owner=1, vector=None)
    return Checkpoint(
        num_calls=num_calls,
        history=History(total_wall_s=1.5, num_resumes=1),
        journal=Journal(
            evaluations={1: Evaluation(loss=0.1, accuracy=0.2)},
            feedback={
                2: (
                    Feedback(
                        partner=0, train_loss=0.3, mean_square_loss=0.1, update_norm=float("nan")
                    ),
                )
            },
        ),
        versions={4: first, 5: second, 6: elsewhere},
        learner={"batches": {("batches", "0"): {"rng": {"state": 2**100}, "ahead": [1, 2]}}},
    )


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    saved = checkpoint(7)
    Checkpoints(tmp_path, "hash", OneRank()).save(saved)
    loaded = Checkpoints(tmp_path, "hash", OneRank()).load()
    assert loaded is not None
    assert (loaded.num_calls, loaded.history, loaded.learner) == (7, saved.history, saved.learner)
    assert loaded.journal.evaluations == saved.journal.evaluations
    assert loaded.journal.feedback[2][0].train_loss == 0.3
    first, second, elsewhere = (loaded.versions[number] for number in (4, 5, 6))
    assert first.weights()[0] == 1 and first.weights()[1].isnan() and second.weights()[0] == 2
    assert first.optimizer is second.optimizer and first.optimizer is not elsewhere.optimizer
    assert first.optimizer.num_steps == 3
    assert torch.equal(first.optimizer.moments[0], LINE.moments[0])
    assert [vector.tolist() for vector in second.outer] == [[1, 1], [0, 0]]
    assert second.part == Part(kind="width", index=0, count=2) and second.control is not None
    assert elsewhere.vector is None and elsewhere.owner == 1


def test_only_the_latest_is_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "hash", OneRank())
    for num_calls in (3, 7, 9):
        checkpoints.save(checkpoint(num_calls))
    loaded = checkpoints.load()
    assert loaded is not None and loaded.num_calls == 9
    names = sorted(path.name for path in (tmp_path / "checkpoint").iterdir())
    assert names == ["9", "latest"]


def test_a_run_killed_while_it_writes_has_the_checkpoint_before(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "hash", OneRank())
    checkpoints.save(checkpoint(3))
    half = tmp_path / "checkpoint" / "7"
    half.mkdir()
    (half / "rank-0.pt").write_bytes(b"half of it")
    loaded = checkpoints.load()
    assert loaded is not None and loaded.num_calls == 3


def test_there_is_none_of_another_config_nor_of_a_new_run(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, "hash", OneRank()).load() is None
    Checkpoints(tmp_path, "hash", OneRank()).save(checkpoint(3))
    assert Checkpoints(tmp_path, "other", OneRank()).load() is None


def test_refuses_another_number_of_ranks(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "hash", OneRank()).save(checkpoint(3))
    with pytest.raises(
        ValueError,
        match=r"learner\.num_ranks must be the 1 that the checkpoint in .* was taken with, got 2; "
        r"resume with learner\.num_ranks=1, or delete",
    ):
        Checkpoints(tmp_path, "hash", OneOfTwo()).load()


def test_a_finished_run_has_none(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "hash", OneRank())
    checkpoints.save(checkpoint(3))
    checkpoints.drop()
    assert checkpoints.load() is None and not (tmp_path / "checkpoint").exists()
    checkpoints.drop()  # a run without evaluations has none to drop


def test_nothing_but_what_checkpoints_consist_of_is_let_in(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "hash", OneRank())
    checkpoints.save(checkpoint(3))
    torch.save(Path("anything else"), tmp_path / "checkpoint" / "3" / "rank-0.pt")
    with pytest.raises(Exception, match="Weights only load failed"):
        checkpoints.load()
