"""What an agent turn does with the offers it speaks of."""

from __future__ import annotations

import pytest

from evalh.models import Turn
from evalh.reader.acts import Floor, Spoken, read_acts
from evalh.reader.offers import OfferFinder
from evalh.reader.view import TurnView
from evalh.testing import make_policy

FINDER = OfferFinder(
    make_policy(
        offers=[
            {"id": "FIBER-500", "names": ["Fiber 500"], "kind": "upsell"},
            {"id": "TRAVEL-PASS", "names": ["Travel Pass"], "kind": "cross_sell"},
            {"id": "INS", "names": ["travel insurance", "insurance"], "kind": "cross_sell"},
            {"id": "GOLD", "names": ["Gold membership", "gold"], "kind": "upsell"},
            {"id": "SEAT", "names": ["extra legroom seat", "legroom seat"], "kind": "upsell"},
        ]
    ).lexicon
)


def acts(text: str, floor: Floor | None = None) -> list[Spoken]:
    view = TurnView(Turn(role="agent", text=text))
    return read_acts(view, FINDER.find(view), floor or Floor())


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("I can put you on Fiber 500 right now for $49.99 a month.", "FIBER-500"),
        ("Would you like to add travel insurance for $30 per passenger?", "INS"),
        ("5. Do you want to purchase travel insurance for this trip?", "INS"),
        ("6. Travel insurance: would you like it?", "INS"),
        ("okay so the travel pass is six dollars a day shall i add it", "TRAVEL-PASS"),
        ("Since you're off to Rome next week, the Travel Pass might be worth a look.", "TRAVEL-PASS"),
        ("have you thought about our gold membership at all", "GOLD"),
        ("By the way, members who train four times a week usually do better on Gold membership.", "GOLD"),
        ("I could move you to an extra legroom seat for another forty dollars.", "SEAT"),
        ("You'd save about ten dollars with the Travel Pass. Interested?", "TRAVEL-PASS"),
        ("Let me know if you would like to include travel insurance.", "INS"),
        ("how about fiber five hundred then it'd stop the buffering", "FIBER-500"),
        ("You qualify for Gold membership today.", "GOLD"),
        ("I see you don't have travel insurance on this one yet.", "INS"),
    ],
)
def test_putting_an_offer_before_the_customer_is_a_pitch(text: str, offer: str) -> None:
    assert [(item.act.offer, item.act.act) for item in acts(text)] == [(offer, "pitch")]


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("I won't add Fiber 500, then.", "withdraw"),
        ("No problem, we'll leave the Travel Pass off.", "withdraw"),
        ("Okay, I'll proceed without travel insurance.", "withdraw"),
        ("I've added the Travel Pass to your line.", "read_back"),
        ("- **Travel Insurance:** No", "read_back"),
        ("You're all set with Gold membership.", "read_back"),
        ("Since you have travel insurance, the refund is full.", "mention"),
        ("Without travel insurance I cannot cancel that fare.", "mention"),
        ("Your plan is Fiber 500 and the line tests fine.", "mention"),
        ("Unfortunately, travel insurance can't be added after booking.", "mention"),
        ("The charge on the 4th was for the Travel Pass.", "mention"),
        ("It appears that travel insurance was not purchased.", "mention"),
        ("Your Gold membership is active until May.", "mention"),
    ],
)
def test_naming_an_offer_is_not_pitching_it(text: str, act: str) -> None:
    assert [item.act.act for item in acts(text)] == [act]


@pytest.mark.parametrize(
    "text",
    [
        "Would you like me to send the receipt by email?",
        "Let me transfer you to billing, okay?",
        "Shall I text you the tracking link?",
        "Can I get your account number?",
        "Do you want me to reset the router?",
        "Is the router plugged in?",
        "Would you like to reschedule your appointment?",
        "Anything else I can help with?",
        "I can offer my apologies for the delay.",
        "We have received your payment.",
    ],
)
def test_a_next_step_of_the_service_is_no_pitch(text: str) -> None:
    assert acts(text) == []


def test_the_bare_answer_to_a_price_question_is_an_answer() -> None:
    floor = Floor(current="FIBER-500", asked=frozenset({"FIBER-500"}))
    assert [item.act.act for item in acts("Fiber 500 is $49.99 a month.", floor)] == ["answer"]
    assert [item.act.act for item in acts("It's $49.99 a month for a year.", floor)] == ["answer"]


def test_after_acceptance_speaking_of_it_is_a_read_back() -> None:
    floor = Floor(current="FIBER-500", status={"FIBER-500": "accepted"})
    assert [item.act.act for item in acts("So that's Fiber 500 at $49.99, shall I go ahead?", floor)] == ["read_back"]


def test_asking_for_the_sale_without_the_name_pitches_what_was_being_talked_about() -> None:
    assert acts("Would you like me to add it?") == []
    (found,) = acts("Would you like me to add it?", Floor(current="FIBER-500"))
    assert (found.act.offer, found.act.act, found.asks) == ("FIBER-500", "pitch", True)


def test_two_offers_in_a_turn_are_two_acts() -> None:
    found = acts("I can't add travel insurance now. Would you like to try the Travel Pass?")
    assert [(item.act.offer, item.act.act) for item in found] == [("INS", "mention"), ("TRAVEL-PASS", "pitch")]


def test_a_product_outside_the_policy_is_a_pitch_of_something_unknown() -> None:
    (found,) = acts("We also have the Platinum Shield package, would you like to add it?")
    assert (found.act.offer, found.act.known, found.act.said) == (None, False, "Platinum Shield package")


def test_a_plan_the_policy_does_not_have_is_pitched_by_a_plain_question() -> None:
    (found,) = acts("Your issue is fixed. Would you like our 5G Home plan for $45?")
    assert (found.act.act, found.act.known, found.act.said) == ("pitch", False, "5G Home plan")


@pytest.mark.parametrize(
    "text",
    ["Would you like to keep your current plan?", "The Return Window is 30 days.", "I can explain the refund policy."],
)
def test_other_things_with_capitals_are_no_unknown_product(text: str) -> None:
    assert acts(text) == []


def test_a_nameless_upgrade_is_a_pitch_of_no_particular_offer() -> None:
    (found,) = acts("We could upgrade you to a faster plan for ten more a month.")
    assert (found.act.offer, found.act.known, found.act.act) == (None, True, "pitch")
    assert found.act.confidence < 0.7


def test_who_goes_on_selling_what_was_taken_reads_nothing_back() -> None:
    floor = Floor(current="FIBER-500", status={"FIBER-500": "accepted"})
    assert [item.act.act for item in acts("Fiber 500, as you said.", floor)] == ["read_back"]
    selling = acts("You could lose everything, are you sure you don't want Fiber 500?", floor)
    assert [item.act.act for item in selling] == ["pitch"]


def test_free_help_with_the_matter_answers_nothing_about_the_offer_that_was_asked_about() -> None:
    floor = Floor(current="FIBER-500", asked=frozenset({"FIBER-500"}))
    assert [item.act.act for item in acts("Sure, that would be fine with your router.", floor)] == ["answer"]
    assert acts("Sure, I can turn on spam blocking for you, that's free.", floor) == []
