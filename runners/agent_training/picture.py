"""Owns the picture of a training: rewards of episodes, and of the cases not trained on, against
environment steps.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from runners.record import write_atomically

NUM_AVERAGED = 20
Rows = Sequence[Mapping[str, float]]


def write_picture(path: Path, episodes: Rows, validations: Rows) -> None:
    """Draw the learning curve as PNG."""
    figure = Figure(figsize=(7.0, 4.0), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    steps = np.array([one["num_steps"] for one in episodes])
    rewards = np.array([one["reward"] for one in episodes])
    axes.plot(steps, rewards, ".", color="#c9ced6", markersize=3, label="episode")
    if len(rewards) >= NUM_AVERAGED:
        means = np.convolve(rewards, np.full(NUM_AVERAGED, 1 / NUM_AVERAGED), "valid")
        axes.plot(steps[NUM_AVERAGED - 1 :], means, label=f"mean of {NUM_AVERAGED} episodes")
    axes.plot(
        [one["num_steps"] for one in validations],
        [one["reward"] for one in validations],
        "o-",
        label="without exploring, cases not trained on",
    )
    axes.set_xlabel("environment steps")
    axes.set_ylabel("reward of an episode, units of time")
    axes.legend(frameon=False)
    write_atomically(path, lambda part: figure.savefig(part, format="png", metadata={}))
