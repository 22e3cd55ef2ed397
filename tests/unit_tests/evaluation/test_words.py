"""The loud words: said when they hold, with the figures, and not otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from cope_graph.evaluation.replaying.summarising import summarise
from cope_graph.evaluation.replaying.summary import BreakEven, Health, Interval, Summary, Word
from cope_graph.evaluation.replaying.words import words_of
from tests.unit_tests.evaluation.recorded import records, row
from tests.unit_tests.evaluation.summaries import health, interval, method, summary


def said(shown: Summary, level: str) -> str:
    return "\n".join(word.text for word in words_of(shown) if word.level == level)


def with_method(name: str, accuracy: float, usd: float | None, **changes: Any) -> Summary:
    one = method(name, accuracy, usd, **changes)
    kept = [other for other in summary().methods if other.name != name]
    return summary(methods=(*kept, one))


def with_gate(**changes: Any) -> Summary:
    gates: tuple[Health, ...] = (health(1, **changes),)
    return summary(health=gates)


def test_a_cascade_in_good_order_is_praised_and_not_warned_of() -> None:
    shown = summary()
    assert said(shown, "warning") == said(shown, "note") == ""
    praise = said(shown, "good")
    assert praise.startswith(
        "COPE would cost 0.54 times the large model alone here, and is as accurate, to within 2 "
        "points: 75.5 % against 75.0 %, +0.5 points (95 %: -0.5 to +1.5)."
    )
    assert "Stage 2 pays for itself: it accepts 50.0 %" in praise


def test_the_verdict_comes_first_then_warnings_and_praise_last() -> None:
    shown = summary(health=(health(1, accept_rate=0.99, auroc=0.9), health(2, items=3)))
    more = (Word("note", "Something else."),)
    first, *rest = words_of(shown, more)
    assert (first.level, first.text[:15]) == ("good", "COPE would cost")
    assert more[0] in rest
    levels = [word.level for word in rest]
    assert levels == sorted(levels, key=("warning", "note", "good").index)
    assert {"warning", "note", "good"} == set(levels)


@pytest.mark.parametrize(("rate", "word"), [(0.95, "accepts"), (0.05, "rejects")])
def test_a_gate_that_hardly_decides_is_named_with_its_rate(rate: float, word: str) -> None:
    warned = said(with_gate(accept_rate=rate), "warning")
    assert f"Stage 1's gate {word} nearly everything" in warned
    assert f"{100 * rate:.1f} % of the 500 answers" in warned
    assert "tau 0.75" in warned


@pytest.mark.parametrize("rate", [0.06, 0.94])
def test_a_gate_that_decides_is_not_warned_of(rate: float) -> None:
    assert "nearly everything" not in said(with_gate(accept_rate=rate), "warning")


def test_a_gate_near_a_coin_cannot_tell_right_from_wrong() -> None:
    assert "cannot tell right from wrong: AUROC 0.52" in said(with_gate(auroc=0.52), "warning")
    assert "tells right from wrong: AUROC 0.85" in said(with_gate(auroc=0.85), "good")


@pytest.mark.parametrize("auroc", [0.5, 0.9])
def test_a_gate_that_has_seen_few_wrong_answers_is_neither_blamed_nor_praised(auroc: float) -> None:
    shown = with_gate(items=40, auroc=auroc, accuracy_accepted=1.0, accuracy_rejected=0.9)
    assert "38 right and 2 wrong answers at stage 1's gate are too few of a kind" in said(
        shown, "note"
    )
    assert "right from wrong" not in said(shown, "good") + said(shown, "warning")


def test_confident_wrong_accepts_are_counted_and_laid_against_all_errors() -> None:
    warned = said(with_gate(accuracy_accepted=0.8), "warning")
    # 50 wrong of 250 accepted; COPE is wrong on 24.5 % of 500 items
    assert "50 of 250 accepted answers (20.0 %)" in warned
    assert "of all 122 wrong answers" in warned
    assert "with confidence" not in said(with_gate(accuracy_accepted=0.91), "warning")


@pytest.mark.parametrize(
    ("accepted", "rejected", "kind"), [(1.0, 1.0, "right"), (0.0, 0.0, "wrong")]
)
def test_one_class_is_named(accepted: float, rejected: float, kind: str) -> None:
    shown = with_gate(auroc=None, accuracy_accepted=accepted, accuracy_rejected=rejected)
    assert f"All 500 answers at stage 1's gate are {kind}" in said(shown, "note")


def test_few_items_at_a_gate_and_none_are_notes() -> None:
    assert "Only 12 items reach stage 1's gate" in said(with_gate(items=12), "note")
    assert "Stage 1's gate" not in said(with_gate(items=12, accept_rate=1.0, auroc=0.5), "warning")
    nothing = Health(2, 0, 0.5, None, None, None, None, None, None, ())
    assert "Nothing reaches stage 2's gate." in said(summary(health=(nothing,)), "note")


def test_a_small_model_as_good_as_the_large_one_leaves_nothing_to_add() -> None:
    as_good = said(with_method("small vote", 0.745, 0.0001), "warning")
    assert "is as good as the large model here: 74.5 % against 75.0 %" in as_good
    assert "A cascade has nothing to add." in as_good
    unsure = Interval(0.0, -0.4, 0.4)
    few = with_method("small vote", 0.75, 0.0001, difference=unsure)
    assert "A cascade may have nothing to add." in said(few, "warning")
    assert "nothing to add" not in said(with_method("small vote", 0.73, 0.0001), "warning")


def test_a_price_gap_too_small_for_votes_is_told_from_a_gate_that_accepts_too_few() -> None:
    dear = with_method("COPE", 0.755, 0.00515)
    assert "COPE would cost 1.03 times the large model alone here" in said(dear, "warning")
    assert "The gates accept too few to make up for the votes: a vote of the small model" in said(
        dear, "warning"
    )
    gap = summary(
        methods=(
            method("small vote", 0.65, 0.0052),
            method("large", 0.75, 0.005),
            method("COPE", 0.755, 0.009),
        )
    )
    assert "1.80 times" in said(gap, "warning")
    assert "The price gap is too small for votes to pay off" in said(gap, "warning")


def test_hardly_a_saving_is_a_note() -> None:
    assert "0.98 times the large model alone here, hardly a saving, and is as accurate" in said(
        with_method("COPE", 0.755, 0.0049), "note"
    )


def test_unknown_prices_and_prices_of_nothing_are_said_and_nothing_is_praised() -> None:
    unknown = with_method("COPE", 0.755, None)
    free = with_method("large", 0.75, 0.0)
    assert "USD are unknown" in said(unknown, "warning")
    assert "The large model costs 0 USD here" in said(free, "warning")
    for shown in (unknown, free):
        assert words_of(shown)[0].level == "warning"
    assert "would cost" not in said(unknown, "good") + said(free, "good")


def test_a_free_small_model_is_a_choice_that_is_named() -> None:
    assert "The small model counts as free" in said(with_method("small vote", 0.6, 0.0), "note")


def test_a_wide_interval_says_how_many_items_would_do() -> None:
    wide = Interval(0.005, -0.1, 0.1)
    warned = said(with_method("COPE", 0.755, 0.0027, difference=wide), "warning")
    assert "500 items are too few" in warned
    assert "+0.5 points (95 %: -10.0 to +10.0); about 2,000 would bring" in warned


def test_a_loss_that_is_not_ruled_out_is_a_note_and_no_praise() -> None:
    unsure = with_method("COPE", 0.745, 0.0027, difference=Interval(-0.005, -0.03, 0.02))
    noted = said(unsure, "note")
    assert "0.54 times the large model alone here, and may be less accurate, by 3.0 points" in noted
    assert "COPE would cost" not in said(unsure, "good")


@pytest.mark.parametrize("usd", [None, 0.0])
def test_without_prices_the_large_models_tokens_are_told_from_the_small_ones(
    usd: float | None,
) -> None:
    methods = (
        method("large", 0.75, usd, tokens=1_000, large_tokens=1_000),
        method("COPE", 0.755, usd, tokens=6_400, large_tokens=400),
    )
    verdict = words_of(summary(methods=methods, break_even=None))[0]
    assert "COPE takes 0.40 times the large model's tokens (400 against 1,000 an item) and" in (
        verdict.text
    )
    assert "6,000 of the small model's" in verdict.text


def test_nothing_good_is_said_of_a_few_items_that_all_went_well() -> None:
    rows = [
        one
        for item in "wxyz"
        for one in (
            row(item, "plan_free", {1: "aaab", 3: "a"}),
            row(item, "cope", {1: "aaaa", 2: "aaaa", 3: "a"}),
        )
    ]
    found = summarise(records(rows))
    assert [word for word in found.words if word.level == "good"] == []
    assert "4 items are too few to say whether it is as accurate" in found.words[0].text


def test_a_loss_beyond_chance_is_a_warning_and_no_praise() -> None:
    worse = with_method("COPE", 0.70, 0.0027, difference=interval(-0.05))
    assert "alone here, and is less accurate: 70.0 % against 75.0 %" in said(worse, "warning")
    assert "as accurate" not in said(worse, "good")


def test_plans_that_only_cost_are_noted() -> None:
    better = with_method("plan-free vote cascade", 0.76, 0.00135)
    assert "Plans do not pay here" in said(better, "note")
    assert "at 0.50 of the cost" in said(better, "note")
    assert "Plans do not pay" not in said(
        with_method("plan-free vote cascade", 0.75, 0.001), "note"
    )


def test_without_prices_plans_are_judged_by_the_large_models_tokens() -> None:
    methods = (
        method("large", 0.75, None),
        method("plan-free vote cascade", 0.76, None, large_tokens=217.2),
        method("COPE", 0.755, None),
    )
    assert "at 0.50 of the large model's tokens" in said(summary(methods=methods), "note")


@pytest.mark.parametrize(
    ("needed", "words"),
    [
        (0.6, "does not pay for itself: it accepts 50.0 % of what reaches it, and would"),
        (1.2, "cannot pay for itself: at 0.005 USD an item it costs more than the large model"),
    ],
)
def test_a_stage_2_that_does_not_pay_is_told_what_it_would_need(needed: float, words: str) -> None:
    found = BreakEven(0.5, needed, pays=False, usd_stage2=0.005, usd_saved=0.004)
    assert words in said(summary(break_even=found), "warning")


def test_without_the_large_model_alone_nothing_is_compared_and_that_is_said() -> None:
    shown = summary(methods=(method("COPE", 0.7, 0.002),))
    assert "Nobody asked the large model alone" in said(shown, "warning")


def test_without_plans_the_cascade_without_them_is_spoken_of() -> None:
    methods = [one for one in summary().methods if one.name != "COPE"]
    words = words_of(summary(methods=tuple(methods), break_even=None))
    assert words[0].text.startswith("The cascade without plans would cost 0.60 times the large")
    assert not any("COPE" in word.text for word in words)
