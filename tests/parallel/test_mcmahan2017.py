"""McMahan et al. (2017), table 1, in small: four cells, to an accuracy that is soon reached."""

from pathlib import Path

from tests.runners.published.tables import csv_file, table

CELLS = (
    "partition,batch_size,num_participants,rounds,learning_rate,num_seeds",
    "iid,10,2,8,0.1,1",
    "iid,10,10,6,0.1,1",
    "iid,600,10,50,0.1,1",  # rounds are the most that it takes; this one is not there yet
    "shards,10,10,51,0.1,1",
)


def test_more_partners_small_batches_and_iid_data_need_fewer_rounds(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    small = table(
        "mcmahan2017",
        file=csv_file(tmp_path, *CELLS),
        runs=str(runs),
        target_accuracy=0.85,
        max_round_ratio=1.0,
        num_ranks=2,
    )
    figures = [(one.quantity, one.simulated, one.published) for one in small.figures()]
    assert figures[len(CELLS) - 1 :] == [
        ("IID, B=10: order in C", 1, 1),
        ("order in B", 1, 1),
        ("order of IID and non-IID", 1, 1),
    ]
    assert len(list(runs.glob("*/record.json"))) == len(CELLS) - 1
