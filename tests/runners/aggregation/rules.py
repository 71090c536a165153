"""One of each rule on rows, and rows to merge."""

import torch
from hypothesis import strategies as st

from runners.aggregation import ByRows
from runners.aggregation.centred_clipping import CentredClipping
from runners.aggregation.geometric_median import GeometricMedian
from runners.aggregation.krum import Krum
from runners.aggregation.median import Median
from runners.aggregation.trimmed_mean import TrimmedMean

ON_ROWS: dict[str, ByRows] = {
    "median": Median(),
    "trimmed_mean": TrimmedMean(fraction=0.25),
    "krum": Krum(num_byzantine=1, num_selected=1),
    "multi_krum": Krum(num_byzantine=1, num_selected=2),
    "geometric_median": GeometricMedian(iterations=3, smoothing=1e-6),
    "centred_clipping": CentredClipping(radius=1.0, iterations=3),
}

SIZES = (1.0, -1.0, 1e6, -1e6, 1e20, -1e38, float("inf"), float("-inf"), float("nan"))


def random_rows(num_rows: int, size: int, seed: int = 0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(num_rows, size, generator=rng, dtype=torch.float64)


@st.composite
def good_and_bad(draw: st.DrawFn, num_bad: int, least_good: int) -> tuple[torch.Tensor, int]:
    """Return float32 rows, the bad ones last, and how many are good.

    Half of the bad rows are numbers of any size, some not finite; others hide beside a good one.
    """
    num_good = draw(st.integers(least_good, least_good + 5))
    rows = random_rows(num_good + num_bad, 3, draw(st.integers(0, 10_000))).float()
    for row in range(num_good, num_good + num_bad):
        if draw(st.booleans()):
            rows[row] = torch.tensor([draw(st.sampled_from(SIZES)) for _ in range(3)])
        else:
            rows[row] = rows[0] + rows[row] * draw(st.sampled_from((0.0, 1e-3, 1.0, 10.0)))
    return rows, num_good


def ones(rows: torch.Tensor) -> torch.Tensor:
    """Return weights of 1 / n, so that their sum is 1."""
    return torch.full((len(rows),), 1 / len(rows), dtype=torch.float64)
