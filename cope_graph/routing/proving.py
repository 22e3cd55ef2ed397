"""Make a router of recorded runs: with a predictor fitted to them, or with one's own."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import log
from statistics import fmean
from typing import Final

from cope_graph.errors import InputError
from cope_graph.routing.calibration import brier
from cope_graph.routing.evidence import evidence
from cope_graph.routing.features import FEATURES, features
from cope_graph.routing.logistic import Logistic, fit_logistic
from cope_graph.routing.predictor import Predictor
from cope_graph.routing.records import RoutingRecord, check_records, costs_of
from cope_graph.routing.router import Router

_RIDGES: Final = (1.0, 10.0, 100.0, 1000.0)
_PARTS: Final = 3


def fit_router(records: Sequence[RoutingRecord], *, seed: int = 0) -> Router:
    """Fit a router to recorded runs, and show by cross-fitting what it would have saved.

    Args:
        records: Of runs that began at stage 1, with the models, task and settings of the graph.
        seed: Of the folds and the resamples: the same records give the same router.

    Returns:
        A router; whether it pays is for `create_cope` to see, and stands in its `evidence`.

    Raises:
        InputError: The records are too few or all alike.
    """
    records = tuple(records)
    check_records(records)
    shown = evidence(records, lambda others: fitted(others, seed), seed)
    return Router(fitted(records, seed), costs_of(records), shown)


def proven(predict: Predictor, records: Sequence[RoutingRecord], *, seed: int = 0) -> Router:
    """Make a router of one's own predictor, and show what it would have saved.

    Args:
        predict: The probability that stage 1 accepts a question's answer, from its text.
        records: Of runs that began at stage 1, on questions that the predictor was not made from;
            otherwise the evidence flatters it.
        seed: Of the folds and the resamples.

    Raises:
        InputError: The records are too few or all alike, or the predictor raises or gives no
            probability for one of them.
    """
    given: object = predict
    if not callable(given):
        msg = f"A predictor gives 0 to 1 for a question's text; {predict!r:.60} is no function."
        raise InputError(msg)
    records = tuple(records)
    shown = evidence(records, lambda _: predict, seed)
    return Router(predict, costs_of(records), shown)


def fitted(records: Sequence[RoutingRecord], seed: int) -> Logistic:
    """Fit the predictor, shrunk towards the base rate as cross-validation finds best."""
    rows = [features(record.question) for record in records]
    labels = [record.accepted for record in records]
    base = fmean(labels)
    errors = {ridge: _error(rows, labels, ridge, seed) for ridge in _RIDGES}
    best = min(_RIDGES, key=lambda ridge: (errors[ridge], -ridge))
    if errors[best] >= base * (1 - base):  # the features say nothing: the base rate for all
        return Logistic(log(base / (1 - base)), (0.0,) * len(FEATURES))
    return fit_logistic(rows, labels, best)


def _error(rows: list[list[float]], labels: list[bool], ridge: float, seed: int) -> float:
    """Give the Brier score of a shrinkage on rows that the fit has not seen."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)  # noqa: S311 - no secret
    order.sort(key=labels.__getitem__)  # stable: each part gets its share of both kinds
    chances, happened = [], []
    for part in range(_PARTS):
        held_out = set(order[part::_PARTS])
        seen = [i for i in order if i not in held_out]
        model = fit_logistic([rows[i] for i in seen], [labels[i] for i in seen], ridge)
        chances += [model.of(rows[i]) for i in held_out]
        happened += [labels[i] for i in held_out]
    return brier(chances, happened)
