"""Fit a learning curve to recorded runs, for learner=curve: python -m runners.fit_curve
results/demo --name mnist_mlp --out mnist_mlp.json

Takes the runs of mode=proxy/federated with real training that are below the folders, plays each
again on the virtual clock to see who was merged when, and looks for the numbers with which the
curve comes nearest to the recorded test losses and accuracies.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit the curve that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m runners.fit_curve",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, nargs="+", help="folders with recorded runs")
    parser.add_argument("--name", required=True, help="what the curve is of, such as the task")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    parsed = parser.parse_args(arguments)
    from runners.learning_curves.fit import fit
    from runners.learning_curves.recorded import recorded_runs
    from runners.record import write_atomically

    try:
        curve = fit(parsed.name, recorded_runs(parsed.folder))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    text = json.dumps(vars(curve), indent=2)
    write_atomically(parsed.out, lambda path: path.write_text(text + "\n"))
    print(
        f"{curve.num_points} evaluations of {curve.num_runs} runs: accuracy within "
        f"{curve.accuracy_rmse:.4f}, loss within {curve.loss_rmse:.4f} (root mean square)"
    )
    print(f"Curve: {parsed.out}")


if __name__ == "__main__":
    main()
