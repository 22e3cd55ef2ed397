from __future__ import annotations

from decimal import Decimal
from math import isnan

import pytest

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.repricing import Pricing, check_names, pricing_of
from cope_graph.money.prices import Price
from tests.unit_tests.evaluation.recorded import bench
from tests.unit_tests.money.lines import line

MODELS = {"small": "s", "large": "l"}


def test_without_other_prices_the_bill_stands() -> None:
    assert Pricing(MODELS).of(line(usd="0.25")) == (0.25, 0.25)
    assert isnan(Pricing(MODELS).of(line(usd=None))[0])


@pytest.mark.parametrize("name", ["large", "l", "l-2026"])
def test_a_price_is_found_by_side_by_name_and_by_what_the_provider_called_it(name: str) -> None:
    pricing = Pricing(MODELS, {name: Price.of(100_000, 200_000)})
    one = line(node="large_execute", model="l-2026", usd=None)
    assert pricing.of(one) == pytest.approx((10 * 0.1 + 2 * 0.2, 1.0))
    assert pricing.of(line(model="s", usd="0.25"))[0] == 0.25


def test_cached_tokens_have_their_own_price() -> None:
    pricing = Pricing(MODELS, {"small": Price.of(100_000, 0, 10_000)})
    assert pricing.of(line(cached_tokens=6))[0] == pytest.approx(4 * 0.1 + 6 * 0.01)


def test_a_judge_has_its_own_price_or_the_large_models() -> None:
    judged = line(node="confidence_gate", role="judge", model="j")
    free, dear = Price.of(0, 0), Price.of(100_000, 0)
    assert Pricing(MODELS, {"large": dear, "small": free}).of(judged)[0] == pytest.approx(1)
    assert Pricing({**MODELS, "judge": "j"}, {"large": free, "judge": dear}).of(judged)[0] == 1


def test_a_voter_does_not_cost_what_the_large_model_does() -> None:
    pricing = Pricing(MODELS, {"large": Price.of(0, 0)}, voter="voter:x")
    assert pricing.of(line(node="large_execute", usd="0.5"))[0] == 0.5
    own = Pricing(MODELS, {"voter:x": Price.of(0, 0)}, voter="voter:x")
    assert own.of(line(node="large_execute", usd="0.5"))[0] == 0


def test_tokens_that_are_not_known_have_no_price_unless_they_are_free() -> None:
    lost = line(status="unknown", usd=None, input_tokens=0, output_tokens=0)
    assert isnan(Pricing(MODELS, {"small": Price.of(1, 1)}).of(lost)[0])
    assert Pricing(MODELS, {"small": Price.of(0, 0)}).of(lost)[0] == 0


def test_a_price_by_the_hour_needs_the_time_of_the_gpu() -> None:
    pricing = Pricing(MODELS, {"small": Price.per_gpu_hour("3600")})
    assert pricing.of(line(gpu_seconds=2.0))[0] == 2
    with pytest.raises(InputError, match="m has a price by the hour, and the records do not say"):
        pricing.of(line())


def test_a_listed_model_of_several_samples_is_split_by_its_listed_price() -> None:
    several = line(model="gpt-4o", samples=4, input_tokens=1000, output_tokens=250, usd="0.005")
    assert Pricing(MODELS).of(several) == pytest.approx((0.005, 0.0025))


def test_recorded_prices_split_a_request_too() -> None:
    header = bench().header
    header["prices"] = {"small": {"input": "10000", "output": "100000"}}
    pricing = pricing_of(header, None, None)
    assert pricing.billed == {"small": Price(Decimal(10_000), Decimal(100_000))}
    assert pricing.of(line(samples=2, usd="0.6")) == pytest.approx((0.6, 0.2))


def test_a_price_of_a_model_that_is_not_there_is_refused() -> None:
    check_names(bench(), {"small": Price.of(1, 1), "l": Price.of(1, 1)})
    with pytest.raises(InputError, match="a price for 'larg', and no such model in "):
        check_names(bench(), {"larg": Price.of(1, 1)})
