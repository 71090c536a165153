"""McMahan et al. (2017), table 1, in small: the first cells, to an accuracy that is soon reached.

Its orderings hold: more partners a round and small batches need fewer rounds, non-IID data more.
"""

from pathlib import Path

from tests.runners.published.tables import csv_file, table

CELLS = (
    "partition,batch_size,num_participants,rounds,learning_rate",
    "iid,10,2,12,0.1",
    "iid,10,10,10,0.1",
    "iid,600,10,100,0.215",
    "shards,10,10,90,0.1",
    "shards,10,20,80,0.1",
)


def test_orderings_hold_up_to_90_percent(tmp_path: Path) -> None:
    small = table(
        "mcmahan2017",
        file=csv_file(tmp_path, *CELLS),
        runs=str(tmp_path / "runs"),
        target_accuracy=0.9,
        max_round_ratio=1.0,
        num_ranks=2,
    )
    figures = list(small.figures())
    rounds = {(one.row, one.quantity): one.simulated for one in figures}
    print(rounds)
    assert [(one.quantity, one.simulated) for one in figures if one.row == "orderings"] == [
        ("IID, B=10: order in C", 1),
        ("non-IID, B=10: order in C", 1),
        ("order in B", 1),
        ("order of IID and non-IID", 1),
    ]
    assert len(list((tmp_path / "runs").glob("*/record.json"))) == 5
