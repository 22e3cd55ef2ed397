"""Logistic regression on a question's text: applied in plain Python, and fitted by Newton's method.

Fitted here and not by scikit-learn: seven coefficients are not worth the 200 MB that it and scipy
take, and a router can be made wherever it is used. What is fitted has one minimum, where the slope
is 0: that is what the tests look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p
from operator import mul
from statistics import fmean, pstdev
from typing import Final

from cope_graph.routing.features import features

_STEPS: Final = 50
_CLOSE: Final = 1e-9
Columns = list[list[float]]


@dataclass(frozen=True)
class Logistic:
    """The probability that stage 1 accepts, from the question's text.

    Attributes:
        intercept: Of the log-odds.
        weights: One a feature of the text as it is, not standardised.
    """

    intercept: float
    weights: tuple[float, ...]

    def __call__(self, question: str) -> float:
        """Estimate it: quick, and the same for the same text."""
        return self.of(features(question))

    def of(self, row: Sequence[float]) -> float:
        """Estimate it from a text's features."""
        return sigmoid(self.intercept + sum(map(mul, self.weights, row)))


def sigmoid(x: float) -> float:
    """Turn log-odds into a probability."""
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def fit_logistic(
    rows: Sequence[Sequence[float]], labels: Sequence[float], ridge: float
) -> Logistic:
    """Fit by least ridge-penalised log-loss, which has one minimum.

    The penalty is ridge / 2 times the squares of the standardised features' weights. The intercept
    is free: the stronger the penalty, the nearer all probabilities are to the base rate.

    Args:
        rows: Features, one row a question.
        labels: What came of each; both kinds occur.
        ridge: How strongly to shrink, > 0.
    """
    columns = [list(column) for column in zip(*rows, strict=True)]
    means = [fmean(column) for column in columns]
    scales = [pstdev(column) or 1.0 for column in columns]
    ones = [1.0] * len(rows)
    scaled = [
        [(x - mean) / scale for x in column]
        for column, mean, scale in zip(columns, means, scales, strict=True)
    ]
    intercept, *own = _newton([ones, *scaled], [float(y) for y in labels], ridge)
    weights = [weight / scale for weight, scale in zip(own, scales, strict=True)]
    return Logistic(intercept - sum(map(mul, weights, means)), tuple(weights))


def _newton(columns: Columns, labels: list[float], ridge: float) -> list[float]:
    base = fmean(labels)
    penalty = [0.0, *[ridge] * (len(columns) - 1)]
    weights = [log(base / (1 - base)), *[0.0] * (len(columns) - 1)]
    loss = _loss(columns, labels, weights, ridge)
    for _ in range(_STEPS):
        chances = [sigmoid(z) for z in _odds(columns, weights)]
        wrong = [p - y for p, y in zip(chances, labels, strict=True)]
        spread = [p * (1 - p) for p in chances]
        slope = [
            sum(map(mul, column, wrong)) + pull * weight
            for column, pull, weight in zip(columns, penalty, weights, strict=True)
        ]
        spreads = [list(map(mul, column, spread)) for column in columns]
        bend = [[sum(map(mul, a, b)) for b in columns] for a in spreads]
        for i, pull in enumerate(penalty):
            bend[i][i] += pull
        step = _solved(bend, slope)
        if max(map(abs, step)) < _CLOSE:
            break
        while True:  # a full step may go too far where probabilities are near 0 and 1
            tried = [weight - change for weight, change in zip(weights, step, strict=True)]
            now = _loss(columns, labels, tried, ridge)
            if now <= loss or max(map(abs, step)) < _CLOSE:
                break
            step = [change / 2 for change in step]
        weights, loss = tried, now
    return weights


def _odds(columns: Columns, weights: Sequence[float]) -> list[float]:
    return [sum(map(mul, weights, row)) for row in zip(*columns, strict=True)]


def _loss(columns: Columns, labels: list[float], weights: list[float], ridge: float) -> float:
    odds = _odds(columns, weights)
    misses = (max(z, 0.0) + log1p(exp(-abs(z))) - y * z for z, y in zip(odds, labels, strict=True))
    return sum(misses) + ridge / 2 * sum(weight * weight for weight in weights[1:])


def _solved(matrix: Columns, right: list[float]) -> list[float]:
    """Solve a symmetric positive definite system by elimination, which then needs no pivots."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i, row in enumerate(rows):
        for below in rows[i + 1 :]:
            factor = below[i] / row[i]
            below[:] = [b - factor * a for a, b in zip(row, below, strict=True)]
    found = [0.0] * len(rows)
    for i in reversed(range(len(rows))):
        row = rows[i]
        found[i] = (row[-1] - sum(map(mul, row[i + 1 : -1], found[i + 1 :]))) / row[i]
    return found
