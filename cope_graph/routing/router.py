"""A predictor, what stages cost, and the proof that routing by them pays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from cope_graph.context import describe
from cope_graph.errors import InputError
from cope_graph.routing.evidence import Evidence
from cope_graph.routing.expected import Costs
from cope_graph.routing.features import FEATURES
from cope_graph.routing.logistic import Logistic
from cope_graph.routing.predictor import Predictor
from cope_graph.state import Stage


@dataclass(frozen=True)
class Router:
    """Where a run begins: `create_cope(router=...)`. Made by `fit_router` or `proven`.

    Attributes:
        predict: The probability that stage 1 accepts, from the question's text.
        costs: What stages cost, on average.
        evidence: What it would have saved on recorded runs.
    """

    predict: Predictor
    costs: Costs
    evidence: Evidence

    def save(self, path: str | Path) -> None:
        """Write it as JSON.

        Raises:
            InputError: Its predictor is a function of one's own, which no file holds.
        """
        if not isinstance(self.predict, Logistic):
            msg = (
                "Only a router of fit_router can be saved; one of your own function is made anew "
                "by proven(function, records)."
            )
            raise InputError(msg)
        content = {
            "version": 1,
            "features": dict(zip(FEATURES, self.predict.weights, strict=True)),
            "intercept": self.predict.intercept,
            "costs": asdict(self.costs),
            "evidence": asdict(self.evidence),
        }
        Path(path).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Router:
        """Read what `save` wrote.

        Raises:
            InputError: There is no such file, or it is none of a router of this version.
        """
        try:
            content = _FILE.validate_json(Path(path).read_bytes(), strict=True)
        except OSError as error:
            msg = f"The router {path} cannot be read: {error.strerror}."
            raise InputError(msg) from error
        except ValidationError as error:
            msg = f"{path} is no router that save() wrote: {describe(error)}"[:500]
            raise InputError(msg) from error
        if tuple(content["features"]) != FEATURES:
            msg = f"{path} has other features than {', '.join(FEATURES)}: fit the router anew."
            raise InputError(msg)
        predict = Logistic(content["intercept"], tuple(content["features"].values()))
        return cls(predict, Costs(**content["costs"]), Evidence(**content["evidence"]))


_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Usd = Annotated[float, Field(allow_inf_nan=False, ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]


class _Costs(TypedDict):
    stage1: _Usd
    stage2: _Usd | None
    stage3: _Usd | None
    accepts2: _Share | None


class _Evidence(TypedDict):
    records: _Count
    sha256: str
    seed: int
    usd_before: _Usd
    usd_after: _Usd
    saved: _Finite
    low: _Finite
    high: _Finite
    starts: tuple[_Count, _Count, _Count]
    brier: _Share
    brier_base: _Share
    calibration_error: _Share


class _File(TypedDict):
    version: Literal[1]
    features: dict[str, _Finite]
    intercept: _Finite
    costs: _Costs
    evidence: _Evidence


_FILE: Final = TypeAdapter(_File)


def checked_router(router: object, stages: Sequence[Stage]) -> Router | None:
    """Refuse what has not been shown to pay for runs of these stages.

    Args:
        router: What `create_cope` was given.
        stages: Those of its default settings.

    Raises:
        InputError: It is no router, was made for other stages, or its evidence shows no savings.
    """
    if router is None:
        return None
    if not isinstance(router, Router):
        fix = "cope_graph.routing.proven(function, records)"
        msg = f"A router is shown to pay before it is used: pass {fix}, not {router!r:.60}."
        raise InputError(msg)
    if router.costs.stages != tuple(stages):
        msg = (
            f"The router was made of runs with stages {list(router.costs.stages)}, and this graph "
            f"has {list(stages)}: record runs of this graph."
        )
        raise InputError(msg)
    if not router.evidence.pays:
        msg = (
            f"The router has not been shown to pay: it {router.evidence}. The interval has to be "
            "above 0: leave the router out, or record more questions."
        )
        raise InputError(msg)
    return router
