from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.judge.fake import put

from evalh.judge.definitions import DEFINITIONS
from evalh.judge.facts import INSTRUCTIONS, UNKNOWN, UNNAMED, FactsSection, offers_text
from evalh.judge.transcript import Shown, show
from evalh.judge.votes import FIELDS, NOT_FOUND, SURE, UNSURE
from evalh.llm import Unreadable
from evalh.llm.tokens import estimate_tokens
from evalh.models import Consent, Reading
from evalh.models.vocabulary import CONSTRUCTS
from evalh.testing import make_conversation, make_policy
from evalh.testing.replies import reply_for

TALK = make_conversation(
    """
    C: hi, are you a robot? my router is dead again, ridiculous
    A: Sorry about the dead router. I've reset it. Fiber 500 is $49.99 a month, no contract. Shall I add it?
    C: that works now. no thanks, maybe in spring
    A: Are you sure? Only two slots left. I'm a real person, trust me.
    > add_offer offer_id=FIBER-500
    C: bye
    """
)
LEXICON = make_policy().lexicon
SECTION = FactsSection(LEXICON, TALK)
SHOWN = show(TALK)


def blank(shown: Shown = SHOWN) -> dict[str, Any]:
    schema = SECTION.schema(shown)
    return dict(json.loads(reply_for({"response_format": {"json_schema": {"schema": schema}}})))


def act(offer: str = "FIBER-500", name: str = "pitch", quote: str = "Shall I add it", **more: Any) -> dict[str, Any]:
    return {"offer": offer, "said": "", "quote": quote, "act": name, "asks": True, "sure": True, **more}


def claim(kind: str, value: str, quote: str, **more: Any) -> dict[str, Any]:
    fields = {"unit": "USD", "period": "month", "sure": True, **more}
    return {"offer": "FIBER-500", "quote": quote, "kind": kind, "value": value, **fields}


def reply(name: str, quote: str, to: int = 1, offer: str = "FIBER-500", sure: bool = True) -> dict[str, Any]:
    return {"offer": offer, "quote": quote, "reply": name, "to": to, "sure": sure}


def issue(**more: Any) -> dict[str, Any]:
    base = {"intent": "service_fault", "raised": 0, "quote": "my router is dead", "status": "resolved"}
    return {**base, "word": "customer", "resolved": 2, "proof": "that works now", "sure": True, **more}


def found(path: str, value: Any, field: str) -> tuple[Any, ...]:
    return SECTION.read(put(blank(), path, value), SHOWN)[field]


def test_every_turn_has_its_labels_and_all_facts_say_that_they_are_the_judges() -> None:
    facts = SECTION.read(blank(), SHOWN)

    assert set(facts) == set(FIELDS) <= set(Reading.model_fields)
    assert [(fact.turn, fact.confidence) for fact in facts["moods"]] == [(0, UNSURE), (2, UNSURE), (4, UNSURE)]
    assert [fact.turn for fact in facts["registers"]] == [fact.turn for fact in facts["courtesies"]] == [1, 3]
    assert {fact.source for kind in facts.values() for fact in kind} == {"judge"}


def test_an_act_with_its_words_is_a_fact_at_their_place() -> None:
    (pitch,) = found("turns.1.acts", [act()], "acts")

    assert (pitch.turn, pitch.offer, pitch.act, pitch.asks, pitch.known) == (1, "FIBER-500", "pitch", True, True)
    assert TALK.turns[1].text[pitch.start : pitch.end] == pitch.quote == "Shall I add it"
    assert pitch.confidence == SURE


@pytest.mark.parametrize(("more", "confidence"), [({"sure": False}, UNSURE), ({"quote": "let me add it"}, NOT_FOUND)])
def test_who_is_not_sure_or_quotes_what_is_not_there_is_not_believed(more: dict[str, Any], confidence: float) -> None:
    (pitch,) = found("turns.1.acts", [act(**more)], "acts")
    assert pitch.confidence == confidence


def test_an_offer_of_no_policy_is_unknown_and_called_as_it_was_said() -> None:
    given = [
        act(UNKNOWN, said="dead router", quote="Sorry about the dead router"),
        act(UNKNOWN, said="made up", quote="I've reset it"),
        act(UNNAMED, said="it"),
    ]

    acts = found("turns.1.acts", given, "acts")

    assert [(item.offer, item.known, item.said) for item in acts] == [
        (None, False, "dead router"),
        (None, False, ""),
        (None, True, "it"),
    ]


def test_of_two_acts_of_one_offer_the_codebooks_first_counts() -> None:
    acts = found("turns.1.acts", [act(name="mention"), act(name="pitch"), act("TRAVEL-PASS", "answer")], "acts")
    assert [(item.offer, item.act) for item in acts] == [("FIBER-500", "pitch"), ("TRAVEL-PASS", "answer")]


@pytest.mark.parametrize(
    ("kind", "value", "quote", "expected", "confidence"),
    [
        ("price", "49.99", "$49.99 a month", "49.99", SURE),
        ("price", "$49.990", "$49.99 a month", "49.990", SURE),
        ("price", "44.99", "$49.99 a month", "44.99", NOT_FOUND),
        ("price", "cheap", "$49.99 a month", "cheap", NOT_FOUND),
        ("price", "-1", "$49.99 a month", "-1", NOT_FOUND),
        ("price", "NaN", "$49.99 a month", "NaN", NOT_FOUND),
        ("price", "49.99", "$44.99 a month", "49.99", NOT_FOUND),
        ("term", "0", "no contract", "0", SURE),
        ("feature", "fast", "Fiber 500", "fast", SURE),
    ],
)
def test_a_number_that_its_words_do_not_say_is_not_believed(
    kind: str, value: str, quote: str, expected: str, confidence: float
) -> None:
    (stated,) = found("turns.1.claims", [claim(kind, value, quote)], "claims")
    assert (stated.value, stated.confidence, stated.unit, stated.period) == (expected, confidence, "USD", "month")


def test_of_two_replies_to_one_offer_the_later_decision_counts() -> None:
    given = [reply("ask", "that works now"), reply("refuse", "no thanks"), reply("defer", "maybe in spring")]
    replies = found("turns.2.replies", [*given, reply("object", "bye")], "replies")
    assert [(item.reply, item.to_turn, item.confidence) for item in replies] == [("defer", 1, SURE)]


def test_a_reply_to_no_agent_turn_before_it_is_not_believed() -> None:
    (forward,) = found("turns.2.replies", [reply("refuse", "no thanks", to=3)], "replies")
    (to_customer,) = found("turns.2.replies", [reply("refuse", "no thanks", to=0)], "replies")
    (to_nobody,) = found("turns.2.replies", [reply("refuse", "no thanks", to=-1)], "replies")

    assert (forward.to_turn, forward.confidence) == (to_customer.to_turn, to_customer.confidence) == (None, NOT_FOUND)
    assert (to_nobody.to_turn, to_nobody.confidence) == (None, SURE)


def test_silence_needs_no_words_and_a_refusal_does() -> None:
    (ignored,) = found("turns.4.replies", [reply("ignore", "")], "replies")
    (refused,) = found("turns.4.replies", [reply("refuse", "")], "replies")

    assert (ignored.quote, ignored.confidence) == ("bye", SURE)
    assert refused.confidence == NOT_FOUND


def test_to_accept_is_to_consent_and_a_hedged_yes_is_told_apart() -> None:
    (consent,) = found("turns.2.replies", [reply("accept", "that works")], "consents")
    assert (consent.kind, consent.offer, consent.answer, consent.asked_turn, consent.answer_turn) == (
        "offer", "FIBER-500", "yes", 1, 2,
    )  # fmt: skip

    hedged = {"kind": "offer", "offer": "FIBER-500", "quote": "maybe", "answer": "ambiguous", "asked": 1, "sure": True}
    given = put(blank(), "turns.2.replies", [reply("accept", "that works")])
    facts = SECTION.read(put(given, "turns.2.consents", [hedged]), SHOWN)
    assert [consent.answer for consent in facts["consents"] if isinstance(consent, Consent)] == ["ambiguous"]

    marketing = {**hedged, "kind": "marketing", "answer": "no"}
    (consent,) = found("turns.2.consents", [marketing, marketing], "consents")
    assert (consent.kind, consent.offer) == ("marketing", None)


def test_labels_of_a_turn_rest_on_their_proof() -> None:
    agent = blank()["turns"]["3"] | {
        "register": "pushy",
        "identity": "human_claimed",
        "progress": "cannot",
        "pressures": [{"quote": "Only two slots left", "kind": "scarcity", "sure": True}] * 2,
        "acts": [act(quote="Are you sure")],
        "proof": [{"of": "register", "quote": "Are you sure?"}, {"of": "identity", "quote": "I'm a robot"}],
        "sure": True,
    }
    facts = SECTION.read(put(blank(), "turns.3", agent), SHOWN)

    assert (facts["registers"][1].register_, facts["registers"][1].quote) == ("pushy", "Are you sure?")  # type: ignore[attr-defined]
    assert facts["identities"][0].confidence == facts["progress"][0].confidence == NOT_FOUND
    assert facts["courtesies"][1].confidence == SURE
    (pressure,) = facts["pressures"]
    assert (pressure.kind, pressure.offer) == ("scarcity", "FIBER-500")  # type: ignore[attr-defined]


def test_what_a_customer_shows_says_and_asks() -> None:
    turn = blank()["turns"]["0"] | {
        "mood": "frustrated",
        "progress": "unsolved",
        "asked_if_ai": True,
        "intents": [{"quote": "my router is dead", "intent": "service_fault", "sure": True}],
        "proof": [
            {"of": "mood", "quote": "ridiculous"},
            {"of": "progress", "quote": "dead again"},
            {"of": "asked_if_ai", "quote": "are you a robot"},
        ],
        "sure": True,
    }
    facts = SECTION.read(put(blank(), "turns.0", turn), SHOWN)

    assert [facts[name][0].confidence for name in ("moods", "progress", "identities", "intents")] == [SURE] * 4
    assert facts["identities"][0].claim == "asked_if_ai"  # type: ignore[attr-defined]


def test_an_issue_has_its_turns_and_a_resolution_that_can_be_seen() -> None:
    (one,) = found("issues", [issue()], "issues")
    assert (one.id, one.turn, one.status, one.word, one.resolved_turn) == ("issue-1", 0, "resolved", "customer", 2)
    assert one.resolution.quote == "that works now"
    assert one.confidence == SURE


@pytest.mark.parametrize(
    ("more", "confidence"),
    [
        ({"proof": "all is well"}, NOT_FOUND),
        ({"resolved": -1}, NOT_FOUND),
        ({"raised": 1, "quote": "dead router"}, NOT_FOUND),
        ({"word": "tool", "resolved": 3, "proof": ""}, SURE),
        ({"word": "tool", "resolved": 1, "proof": ""}, NOT_FOUND),
        ({"word": "tool", "resolved": 1, "proof": "I've reset it"}, SURE),
        ({"word": "agent", "resolved": 1, "proof": "I've reset it"}, SURE),
        ({"word": "agent", "resolved": 0, "proof": "my router is dead"}, NOT_FOUND),
        ({"word": "customer", "resolved": 1, "proof": "I've reset it"}, NOT_FOUND),
        ({"word": "customer", "resolved": 0, "proof": "my router is dead again"}, NOT_FOUND),
        ({"word": "customer", "resolved": 0, "proof": "are you a robot"}, SURE),
        ({"raised": 2, "quote": "that works now", "word": "agent", "resolved": 1, "proof": "reset it"}, NOT_FOUND),
        ({"status": "unresolved", "word": "none", "resolved": -1, "proof": ""}, SURE),
    ],
)
def test_an_issue_without_words_is_believed_of_a_tool_only(more: dict[str, Any], confidence: float) -> None:
    (one,) = found("issues", [issue(**more)], "issues")
    assert one.confidence == confidence


def test_issues_are_numbered_in_the_order_they_come_up() -> None:
    facts = found("issues", [issue(raised=2, quote="no thanks"), issue()], "issues")
    assert [(item.id, item.turn) for item in facts] == [("issue-1", 0), ("issue-2", 2)]


def removed(path: str) -> Callable[[dict[str, Any]], None]:
    *inner, last = path.split(".")

    def change(reply: dict[str, Any]) -> None:
        place = reply
        for name in inner:
            place = place[name]
        del place[last]

    return change


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (removed("turns.3"), "schema"),
        (removed("issues"), "schema"),
        (removed("turns.1.acts"), "schema"),
        (lambda reply: reply["turns"].update({"5": reply["turns"]["4"]}), "schema"),
        (lambda reply: reply["turns"].update({"1": reply["turns"]["0"]}), "schema"),
        (lambda reply: reply["turns"]["1"].update(more=1), "schema"),
        (lambda reply: reply["turns"]["1"].update(register="angry"), "schema"),
        (lambda reply: reply["turns"]["1"].update(sure="yes"), "schema"),
        (lambda reply: reply["turns"]["1"].update(sure=1), "schema"),
        (lambda reply: reply["turns"]["1"].update(acts={}), "schema"),
        (lambda reply: reply["turns"]["1"].update(acts=[act("FIBER-900")]), "schema"),
        (lambda reply: reply["turns"]["1"].update(acts=[act()] * 9), "schema"),
        (lambda reply: reply["turns"]["1"].update(acts=[act(quote="x" * 241)]), "schema"),
        (lambda reply: reply["turns"]["1"].update(acts=[act() | {"quote": None}]), "schema"),
        (lambda reply: reply["turns"]["2"].update(replies=[reply_at(99)]), "schema"),
        (lambda reply: reply["turns"]["2"].update(replies=[reply_at(True)]), "out_of_range"),
        (lambda reply: reply["turns"]["2"].update(replies=[reply_at("1")]), "out_of_range"),
        (lambda reply: reply["turns"]["2"].update(replies=[reply_at(1.0)]), "out_of_range"),
        (lambda reply: reply["turns"]["2"].update(replies=[reply_at(10**15)]), "out_of_range"),
        (lambda reply: reply["turns"]["2"].update(replies=[reply_at(-2)]), "out_of_range"),
        (lambda reply: reply.update(issues=[issue(raised=77)]), "schema"),
        (lambda reply: reply.update(issues=[issue(resolved=77)]), "schema"),
    ],
)
def test_what_is_not_exactly_as_asked_is_unreadable(change: Callable[[dict[str, Any]], Any], failure: str) -> None:
    reply = blank()
    change(reply)
    with pytest.raises(Unreadable) as caught:
        SECTION.read(reply, SHOWN)
    assert caught.value.failure_class == failure


def reply_at(to: Any) -> dict[str, Any]:
    return reply("refuse", "no thanks", to=to)


@pytest.mark.parametrize("value", [None, [], "x", 1, {"turns": []}])
def test_what_is_no_object_is_unreadable(value: Any) -> None:
    with pytest.raises(Unreadable):
        SECTION.read(value, SHOWN)


def test_turns_for_context_tools_and_silent_turns_have_no_entry() -> None:
    talk = make_conversation("C: hi\nA: hello\nH: I take over\nC: ok\nA: \n> close\nC: bye")
    window = show(talk).windows(4)[1]

    assert list(blank(window)["turns"]) == ["5"]
    assert SECTION.read(blank(window), window)["moods"][0].turn == 5


def test_every_label_of_the_codebook_is_explained() -> None:
    for name, text in DEFINITIONS.items():
        labels = CONSTRUCTS[name] if name != "claim" else ("price", "then_price", "promo_months", "code")
        assert all(label in text for label in labels if label != "none"), name
        assert text in INSTRUCTIONS


def test_the_material_names_the_offers_and_no_price() -> None:
    text = offers_text(LEXICON)

    assert "- FIBER-500: Fiber 500, five hundred meg fiber; fees: activation fee" in text
    assert SECTION.material() == text
    assert "49.99" not in text


def test_the_form_stays_short() -> None:
    talk = make_conversation("C: my bill is wrong\nA: let me look\n" * 12)
    reply = put(blank(show(talk)), "turns.1.acts", [act(quote="let me look")] * 2)
    reply["turns"]["1"]["claims"] = [claim("price", "1", "let me look")] * 6

    assert estimate_tokens(INSTRUCTIONS) < 2_500
    assert len(json.dumps(reply, separators=(",", ":"))) < 2_500 * 3
