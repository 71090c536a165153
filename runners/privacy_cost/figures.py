"""Owns the figures of single runs, `privacy_cost.csv`: what a run cost, and what its audit found.

| column | what | unit |
|---|---|---|
| `run`, `mechanism`, `seed` | folder; privacy and compression; seed | |
| `accuracy` | of the final model, on what is held out | fraction |
| `round_sim_s` | a round on the virtual clock, mean | s, virtual |
| `num_bytes` | all that was sent | bytes |
| `work_wall_s` | training, protecting and summing, without evaluation and checkpoints | s |
| `epsilon`, `delta`, `unit` | what the record states: the smallest ε; whose data it is about | |
| `membership_attack` | `lira_online`, without shadow models `loss_threshold` | |
| `auc`, `found` | of that attack: AUC, and members found at 1 % false positives | fraction |
| `chance_low`, `chance_high`, `p_value` | what 95 % of guesses find; who finds as many | |
| `epsilon_low`, `epsilon_ceiling` | ε that the attack proves; what a faultless one would | |
| `inversion_attack` | the one whose copies are nearest to their originals | |
| `psnr_db`, `chance_psnr_db` | of its copies; what is had without any update | dB |

Empty is what a run has not: an ε, or an audit.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from runners.audit.accounted import accounted_epsilon
from runners.privacy_cost import FILE_NAME, PLAIN
from runners.report.audits import MEMBERSHIP, NAME, read_audit
from runners.report.files import write_text
from runners.report.load import Sweep
from runners.report.option_titles import check_told_apart, option_titles

KEY = ["mechanism", "seed"]
MEMBERSHIP_COLUMNS = (
    *("membership_attack", "auc", "found", "chance_low", "chance_high", "p_value"),
    *("epsilon_low", "epsilon_ceiling"),
)
INVERSION_COLUMNS = ("inversion_attack", "psnr_db", "chance_psnr_db")


def tabulate(sweep: Sweep) -> pd.DataFrame:
    """Write and return the figures of a sweep's finished runs, those without privacy first."""
    runs = _costs(sweep)
    if not (runs["mechanism"] == PLAIN).any():
        raise ValueError(
            f"{sweep.folder} must have a finished run with privacy=none and compression=none, "
            "which the others are held against; add one to it"
        )
    check_told_apart(runs, KEY, sweep.folder, "privacy, compression")
    figures = [_stated(sweep, run) for run in runs["run"]]
    runs = pd.concat([runs, pd.DataFrame(figures, index=runs.index)], axis=1)
    runs = _in_order(runs)
    write_text(sweep.folder / FILE_NAME, runs.to_csv(index=False, lineterminator="\n"))
    return runs


def _costs(sweep: Sweep) -> pd.DataFrame:
    finished = sweep.finished
    if finished["accuracy"].isna().all():
        raise ValueError(
            f"{sweep.folder} has no finished run with an accuracy; make one with learner=horovod"
        )
    outside = finished["evaluate_wall_s"] + finished["checkpoint_wall_s"]
    return pd.DataFrame(
        {
            "run": finished["run"],
            "mechanism": _mechanisms(sweep),
            "seed": finished["seed"],
            "accuracy": finished["accuracy"],
            "round_sim_s": finished["total_sim_s"] / finished["num_rounds"],
            "num_bytes": finished["num_bytes"],
            "work_wall_s": finished["total_wall_s"] - outside,
        }
    )


def _mechanisms(sweep: Sweep) -> list[str]:
    """Return what each finished run does to updates."""
    pairs = zip(option_titles(sweep, "privacy"), option_titles(sweep, "compression"), strict=True)
    return [" + ".join(one for one in pair if one != PLAIN) or PLAIN for pair in pairs]


def _stated(sweep: Sweep, run: str) -> dict[str, Any]:
    """Return what a run's record and its audit say of privacy."""
    accounted = accounted_epsilon(sweep.records[run])
    spent = ("epsilon", "delta", "unit")
    return {name: getattr(accounted, name, None) for name in spent} | _leaks(
        sweep.folder / run / NAME
    )


def _leaks(path: Path) -> dict[str, Any]:
    attacks = read_audit(path)["attacks"] if path.is_file() else []
    made = {one["attack"]: one for one in attacks if one["judgement"] is not None}
    nothing = dict.fromkeys((*MEMBERSHIP_COLUMNS, *INVERSION_COLUMNS))
    asked = next((made[name] for name in MEMBERSHIP if name in made), None)
    inverted = [one for one in made.values() if "psnr_db" in one["quality"]]
    return (
        nothing
        | (_membership(asked) if asked else {})
        | (_inversion(max(inverted, key=_psnr_db)) if inverted else {})
    )


def _membership(attack: Mapping[str, Any]) -> dict[str, Any]:
    judgement, bound = attack["judgement"], attack["epsilon"]
    at_one_percent = judgement["detections"][0]
    figures = (
        attack["attack"],
        judgement["auc"]["value"],
        at_one_percent["rate"]["value"],
        *(at_one_percent[name] for name in ("chance_low", "chance_high", "p_value")),
        *(bound[name] for name in ("low", "ceiling")),
    )
    return dict(zip(MEMBERSHIP_COLUMNS, figures, strict=True))


def _inversion(attack: Mapping[str, Any]) -> dict[str, Any]:
    figures = (attack["attack"], _psnr_db(attack), attack["quality"]["chance_psnr_db"]["value"])
    return dict(zip(INVERSION_COLUMNS, figures, strict=True))


def _psnr_db(attack: Mapping[str, Any]) -> float:
    return float(attack["quality"]["psnr_db"]["value"])


def _in_order(runs: pd.DataFrame) -> pd.DataFrame:
    """Return runs by mechanism, in the order in which a sweep made them, and by seed."""
    order = sorted(runs.to_dict("records"), key=lambda row: (len(row["run"]), row["run"]))
    titles = list(dict.fromkeys([PLAIN, *(row["mechanism"] for row in order)]))
    place = runs["mechanism"].map(titles.index)
    return (
        runs.assign(place=place)
        .sort_values(["place", "seed"], ignore_index=True)
        .drop(columns="place")
    )
