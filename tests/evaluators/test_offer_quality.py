from __future__ import annotations

from typing import Any

import pytest
from evaluators.offer_quality import OfferQuality
from tests.evaluators.conftest import context, labels

from evalh.evaluator import EvalContext, evaluate_one
from evalh.models import Score

GOOD = "Since you work from home, Fiber 500 gives you steadier video calls. Shall I tell you more?"


def pitched(
    text: str,
    *,
    named: bool = True,
    before: str = "that is all fine now",
    offer: str | None = "FIBER-500",
    **found: Any,
) -> EvalContext:
    mentions = [{"turn": 1, "offer": offer, "form": "name" if named else "category"}] if offer else []
    acts = [{"turn": 1, "offer": offer, "act": "pitch", "said": "Fiber 500" if named else ""}]
    facts: dict[str, Any] = {"mentions": mentions, "acts": acts, **found}
    return context(f"C: {before}\nA: {text}", **facts)


def verdict(ctx: EvalContext) -> Score:
    return evaluate_one(OfferQuality(), ctx)[0]


def test_a_good_pitch_has_no_fault() -> None:
    row = verdict(pitched(GOOD))

    assert (row.label, row.value, row.passed, row.severity) == ("good", 1.0, True, None)


@pytest.mark.parametrize(
    "text",
    [
        "there's also fiber 500 since you said the calls keep freezing it'd be a lot steadier",
        "As you work from home, Fiber 500 would make for smoother calls on video",
        "Fiber 500 suits a home like yours where someone works from home, with download speeds up to 500 Mbps",
        "I can see you're streaming a lot, so Fiber 500 could help: you'd get twice the speed",
        "For your trip to Lisbon there is Fiber 500, which covers the whole stay",
        "Since you get calls like that, Fiber 500 would block the links they send",
        "As you have a ten year old online: our Fiber 500 has parental controls",
        "There's a plan that would end the extra charges on your bill, Fiber 500",
    ],
)
def test_good_pitches_come_in_many_wordings(text: str) -> None:
    assert verdict(pitched(text)).label == "good"


def test_a_pitch_that_does_not_name_the_product_is_a_major_fault() -> None:
    row = verdict(pitched("Since you work from home, an upgrade gives you steadier calls.", named=False))

    assert (row.label, row.severity, row.passed) == ("unnamed_product", "major", False)
    assert row.expected == "the product's name"


def test_a_pitch_whose_name_nobody_found_is_unnamed_only_where_its_words_are_general() -> None:
    def by_model(text: str) -> Score:
        acts = [{"turn": 1, "offer": None, "act": "pitch", "said": "", "source": "model"}]
        return verdict(context(f"C: all fine now\nA: {text}", acts=acts))

    named = by_model("Since you travel a lot, our travel insurance gives you cover abroad.")
    general = by_model("Since you travel a lot, there is a better plan that gives you cover abroad.")

    assert (named.label, general.label) == ("good", "unnamed_product")


def test_a_product_named_earlier_need_not_be_named_again() -> None:
    ctx = context(
        "C: what is Fiber 500?\nA: Since you work from home it gives you steadier calls. Want it?",
        mentions=[{"turn": 0, "offer": "FIBER-500", "form": "name"}],
        acts=[{"turn": 1, "offer": "FIBER-500", "act": "pitch"}],
    )

    assert verdict(ctx).label == "good"


@pytest.mark.parametrize(
    "text", ["Would you like Fiber 500? You mentioned you work from home.", "For your home: Fiber 500?"]
)
def test_a_pitch_without_a_benefit_is_a_minor_fault(text: str) -> None:
    row = verdict(pitched(text))

    assert (row.label, row.severity, row.value, row.passed) == ("no_benefit", "minor", 0.7, True)


def test_a_feature_that_was_read_is_a_benefit() -> None:
    claims = [{"turn": 1, "offer": "FIBER-500", "kind": "feature", "value": "500 Mbps"}]

    assert verdict(pitched("For your home: Fiber 500 at five hundred?", claims=claims)).label == "good"


def test_a_benefit_of_the_policy_said_in_other_words_counts() -> None:
    assert verdict(pitched("For your home, Fiber 500: video calls run smoother on it.")).label == "good"


def test_a_pitch_that_is_linked_to_nobody_is_a_minor_fault() -> None:
    row = verdict(pitched("We also have Fiber 500, which gives you smoother calls."))

    assert (row.label, row.severity) == ("no_fit", "minor")


def test_taking_up_a_signal_of_the_customer_is_a_fit() -> None:
    ctx = pitched("Fiber 500 takes care of slow speed and gives you room.", customer={"signals": ["slow_speed"]})

    assert verdict(ctx).label == "good"


def test_a_possessive_about_the_problem_is_not_a_fit_of_the_offer() -> None:
    text = "I have looked into the charge on your bill. It is gone. All good then. We also sell Fiber 500, it's faster."
    ctx = pitched(text, acts=[{"turn": 1, "offer": "FIBER-500", "act": "pitch", "quote": "We also sell Fiber 500"}])

    assert verdict(ctx).label == "no_fit"


def test_neither_name_nor_benefit_nor_fit_is_a_generic_pitch() -> None:
    row = verdict(pitched("Would you like to upgrade today?", named=False))

    assert (row.label, row.value, row.severity) == ("generic_pitch", 0.0, "major")
    assert "the product is not named" in row.reason


@pytest.mark.parametrize(
    "framing",
    [
        "You wouldn't want Fiber 500 for your calls, would you? It gives you more speed.",
        "I don't suppose you'd like Fiber 500 for your home, it's faster.",
        "i don't think you'd be interested in fiber 500 for your home, it's faster",
        "it's faster but you wouldn't really want fiber 500 for your home would you",
        "you probably don't need fiber 500 for your calls but it's faster",
        "I have to ask, Fiber 500 for your home, faster and so on?",
        "no pressure but you're not interested in fiber 500 for your home, it's faster",
    ],
)
def test_offering_it_as_something_unwanted_is_a_major_fault(framing: str) -> None:
    row = verdict(pitched(framing))

    assert (row.label, row.severity, row.passed) == ("negative_framing", "major", False)


@pytest.mark.parametrize(
    "text",
    [
        "Since you work from home you won't need to wait any more with Fiber 500: it gives you faster calls.",
        "For your home, Fiber 500 is faster, and if you don't want it that's perfectly fine.",
        "You don't need to decide today. For your home Fiber 500 is faster, do you want the details by text?",
        "I don't think you'd need the bigger plan: for your calls Fiber 500 is faster and enough.",
    ],
)
def test_saying_what_the_customer_need_not_do_is_no_negative_framing(text: str) -> None:
    assert verdict(pitched(text)).label == "good"


PROBLEM = [{"turn": 0, "id": "i1", "intent": "service_fault", "status": "open"}]


def test_a_pitch_in_answer_to_a_problem_is_abrupt() -> None:
    row = verdict(pitched(GOOD, before="my calls keep dropping", issues=PROBLEM))

    assert (row.label, row.severity) == ("abrupt_transition", "minor")


def test_a_pitch_that_first_takes_the_problem_up_is_not_abrupt() -> None:
    assert verdict(pitched(f"I'm sorry about that. {GOOD}", issues=PROBLEM)).label == "good"
    warm = [{"turn": 1, "register": "empathetic"}]
    assert verdict(pitched(f"How annoying. {GOOD}", issues=PROBLEM, registers=warm)).label == "good"


def test_a_wish_to_buy_is_no_problem_to_take_up() -> None:
    assert verdict(pitched(GOOD, issues=[PROBLEM[0] | {"intent": "purchase"}])).label == "good"


def test_several_faults_are_all_named_and_the_worst_is_the_label() -> None:
    row = verdict(pitched("You wouldn't want Fiber 500, would you?", issues=PROBLEM))

    assert row.label == "negative_framing"
    assert row.reason.count(";") == 3


def test_an_offer_that_is_in_no_policy_is_judged_by_what_is_said() -> None:
    assert verdict(pitched("For your home, Turbo Max is faster.", offer=None)).label == "good"


def test_what_an_earlier_pitch_of_the_offer_said_need_not_be_said_again() -> None:
    ctx = context(
        f"C: hi\nA: {GOOD}\nC: go on\nA: Then Fiber 500 at forty-nine dollars. Shall I?\nA: And a Travel Pass?",
        mentions=[{"turn": turn, "offer": "FIBER-500"} for turn in (1, 3)] + [{"turn": 4, "offer": "TRAVEL-PASS"}],
        acts=[{"turn": turn, "offer": "FIBER-500", "act": "pitch"} for turn in (1, 3)]
        + [{"turn": 4, "offer": "TRAVEL-PASS", "act": "pitch"}],
    )

    assert labels(OfferQuality(), ctx) == ["good", "good", "no_benefit"]


def test_what_was_answered_before_need_not_be_said_again() -> None:
    text = "C: how fast is fiber 500\nA: For your calls it gives you twice the speed.\nC: hm\nA: Shall I add Fiber 500?"
    mentions = [{"turn": 3, "offer": "FIBER-500", "form": "name"}]
    pitch = {"turn": 3, "offer": "FIBER-500", "act": "pitch", "said": "Fiber 500"}
    answer = {"turn": 1, "offer": "FIBER-500", "act": "answer", "said": ""}

    assert verdict(context(text, mentions=mentions, acts=[answer, pitch])).label == "good"
    assert verdict(context(text, mentions=mentions, acts=[pitch])).label == "no_benefit"


def test_a_weight_is_a_setting() -> None:
    row = evaluate_one(OfferQuality(no_fit=0.5), pitched("We also have Fiber 500, it is faster."))[0]

    assert (row.value, row.passed) == (0.5, False)


def test_what_may_be_no_pitch_is_unsure() -> None:
    ctx = pitched(GOOD, acts=[{"turn": 1, "offer": "FIBER-500", "act": "pitch", "confidence": 0.2}])

    assert verdict(ctx).state == "unsure"


def test_without_a_pitch_there_is_nothing_to_judge() -> None:
    assert evaluate_one(OfferQuality(), context("C: hi\nA: hello"))[-1].state == "not_applicable"


def test_without_a_policy_a_pitch_cannot_be_judged() -> None:
    assert evaluate_one(OfferQuality(), pitched(GOOD, no_policy=True))[-1].state == "skipped"
