"""Owns two ways to score candidates by several criteria, from 0 (worst) to 1 (best)."""

import numpy as np

from runners.select.criteria import Matrix


def weighted_scores(matrix: Matrix) -> np.ndarray:
    """Return weighted sums of figures that are scaled from the worst candidate's 0 to the best
    one's 1, of shape (num_candidates,); where all are equal a criterion gives everyone 1.
    """
    low, high = matrix.figures.min(axis=0), matrix.figures.max(axis=0)
    span = high - low
    from_worst = np.where(matrix.is_benefit, matrix.figures - low, high - matrix.figures)
    scaled = np.where(span > 0, from_worst / np.where(span > 0, span, 1.0), 1.0)
    return scaled @ matrix.weights


def topsis(matrix: Matrix) -> np.ndarray:
    """Return each candidate's closeness to the ideal, S⁻ ÷ (S⁺ + S⁻), of shape (num_candidates,):
    TOPSIS (Hwang & Yoon 1981).

    Columns are divided by their Euclidean norms and weighted; S⁺ and S⁻ are Euclidean distances
    from the best and from the worst figure of each column. Equal candidates get 1.
    """
    norms = np.linalg.norm(matrix.figures, axis=0)
    weighted = matrix.figures / np.where(norms > 0, norms, 1.0) * matrix.weights
    low, high = weighted.min(axis=0), weighted.max(axis=0)
    best = np.where(matrix.is_benefit, high, low)
    worst = np.where(matrix.is_benefit, low, high)
    to_best = np.linalg.norm(weighted - best, axis=1)
    to_worst = np.linalg.norm(weighted - worst, axis=1)
    total = to_best + to_worst
    return np.where(total > 0, to_worst / np.where(total > 0, total, 1.0), 1.0)
