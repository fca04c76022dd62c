"""Whole conversations through the local reader: the traps of the ledger, and the promises of a session."""

from __future__ import annotations

import pytest

from evalh.models import Conversation, Question, Reading
from evalh.reader.local import LocalReader
from evalh.testing import make_conversation, make_policy

LEXICON = make_policy().lexicon
READER = LocalReader(rules_only=True)


def read(script: str, **fields: object) -> Reading:
    return READER.read([make_conversation(script, **fields)], LEXICON)[0]


def ledger(script: str) -> list[str]:
    return [
        f"{entry.event} {entry.offer}" + (f" repeat={entry.repeat_of}" if entry.repeat_of else "")
        for entry in read(script).ledger
    ]


TRAPS = {
    "a no to anything else is no refusal": (
        """
        C: my wifi keeps dropping
        A: I've reset the line and it tests fine now. Is it working again?
        C: yes it is
        A: Great. Fiber 500 would make it steadier, by the way. Anything else I can help with?
        C: no that's all
        """,
        ["pitched FIBER-500", "ignored FIBER-500"],
    ),
    "a no to a service question is no refusal": (
        """
        C: my internet is down
        A: Is the router plugged in?
        C: no
        A: Please plug it in and tell me when the light is green.
        C: ok it's back
        """,
        [],
    ),
    "a soft no closes the topic and the next pitch is a repeat": (
        """
        A: Your bill is sorted. Would you like to hear about Fiber 500?
        C: uh not right now
        A: It's only $49.99 a month, would you like me to add it?
        C: no
        """,
        ["pitched FIBER-500", "deferred FIBER-500", "pitched FIBER-500 repeat=same", "refused FIBER-500"],
    ),
    "another offer after a no is a repeat of another": (
        """
        A: Would you like to upgrade to Fiber 500?
        C: no thanks
        A: Then how about the Travel Pass for your trips?
        C: i said no
        """,
        ["pitched FIBER-500", "refused FIBER-500", "pitched TRAVEL-PASS repeat=other", "refused TRAVEL-PASS"],
    ),
    "a deflection closes the topic": (
        """
        C: fix my bill
        A: Sure. While I look, would you be interested in the Travel Pass?
        C: just fix my bill please
        """,
        ["pitched TRAVEL-PASS", "deflected TRAVEL-PASS"],
    ),
    "a price asked for and given is an answer": (
        """
        A: That's done. Would you like to hear about Fiber 500?
        C: how much is it
        A: It's $49.99 a month for 12 months, then $64.99.
        C: no thanks
        """,
        ["pitched FIBER-500", "asked FIBER-500", "answered FIBER-500", "refused FIBER-500"],
    ),
    "naming it to leave it off is no pitch": (
        """
        A: Would you like to add the Travel Pass?
        C: no thank you
        A: No problem, I won't add the Travel Pass.
        C: thanks
        """,
        ["pitched TRAVEL-PASS", "refused TRAVEL-PASS", "withdrawn TRAVEL-PASS"],
    ),
    "a read-back after acceptance is no pitch": (
        """
        A: Would you like to add the Travel Pass for $10 a day?
        C: yes please
        A: So that's the Travel Pass at $10 a day. Shall I go ahead?
        C: yes
        > add_offer offer_id=TRAVEL-PASS
        """,
        ["pitched TRAVEL-PASS", "accepted TRAVEL-PASS", "accepted TRAVEL-PASS"],
    ),
    "a customer who comes back to it has reopened the topic": (
        """
        A: Would you like to add the Travel Pass?
        C: nah not today
        A: Of course. Your payment went through.
        C: actually how much was that travel pass
        A: It's $10 a day. Shall I add it?
        C: yeah go on add it
        """,
        [
            "pitched TRAVEL-PASS",
            "deferred TRAVEL-PASS",
            "reopened TRAVEL-PASS",
            "answered TRAVEL-PASS",
            "accepted TRAVEL-PASS",
        ],
    ),
    "an objection leaves the topic open": (
        """
        A: Would you like to move up to Fiber 500 at $49.99 a month?
        C: that's too dear for me
        A: I hear you. Fiber 500 could stop the buffering on your calls though. Would you like to try it?
        C: no
        """,
        ["pitched FIBER-500", "objected FIBER-500", "pitched FIBER-500", "refused FIBER-500"],
    ),
    "a customer who names it first has asked": (
        """
        C: hi can i get the travel pass for my trip
        A: Sure, the Travel Pass is $10 a day, would you like me to add it?
        C: yes please
        """,
        ["asked TRAVEL-PASS", "answered TRAVEL-PASS", "accepted TRAVEL-PASS"],
    ),
    "shall i text you the receipt is a next step": (
        """
        C: i want to pay my bill
        A: Done. Shall I text you the receipt?
        C: yes
        """,
        [],
    ),
    "an offer named after a nameless pitch is what the customer answers": (
        """
        A: That's paid. There's a plan that would end the buffering. Would you like to hear about it?
        C: how much
        A: For real: Fiber 500, $49.99 a month, no contract.
        C: ok do it
        """,
        ["pitched None", "asked None", "pitched FIBER-500", "accepted FIBER-500"],
    ),
    "messy speech refuses too": (
        """
        A: so um the fiber five hundred would be uh forty nine ninety nine a month want me to set that up
        C: uh no i'm i'm good
        """,
        ["pitched FIBER-500", "refused FIBER-500"],
    ),
    "benefits told again after a no pitch it again": (
        """
        A: Would you like to hear about Fiber 500?
        C: i'll think about it
        A: Of course. It does mean smoother video calls for you, starting this week.
        C: i said i'd think about it
        """,
        ["pitched FIBER-500", "deferred FIBER-500", "pitched FIBER-500 repeat=same", "deferred FIBER-500"],
    ),
}


@pytest.mark.parametrize("name", TRAPS)
def test_the_ledger_of(name: str) -> None:
    script, expected = TRAPS[name]
    assert ledger(script) == expected


LONG = "\n".join(script for script, _ in TRAPS.values())


def test_a_session_fed_turn_by_turn_reads_what_the_batch_reads() -> None:
    conversation = make_conversation(LONG)
    session = READER.session(conversation, LEXICON)
    for turn in conversation.turns:
        session.add(turn)
    assert session.reading(ended=True) == READER.read([conversation], LEXICON)[0]


def test_a_partial_session_is_bound_to_the_turns_it_was_fed() -> None:
    conversation = make_conversation(LONG)
    assert conversation.sha256
    session = READER.session(conversation, LEXICON)
    session.add(conversation.turns[0])
    first = conversation.model_validate({**conversation.model_dump(), "turns": conversation.turns[:1]})
    assert session.reading().conversation_sha256 == first.sha256 != conversation.sha256


@pytest.mark.parametrize("cut", range(2, 60, 7))
def test_facts_at_a_turn_use_only_the_turns_up_to_it(cut: int) -> None:
    conversation = make_conversation(LONG)
    start = conversation.model_copy(update={"turns": conversation.turns[:cut]})
    whole, part = READER.read([conversation, start], LEXICON)
    for kind in ("acts", "replies", "claims", "ledger", "intents", "moods", "registers", "pressures", "consents"):
        known = tuple(fact for fact in getattr(whole, kind) if fact.turn < cut)
        assert getattr(part, kind) == known, kind


def test_every_fact_quotes_the_original_at_its_place() -> None:
    conversation = make_conversation(
        "A: Wöuld you like the “Fiber 500”\u200b for $49.99?\nC: No\u00a0thanks — I’m good."
    )
    reading = READER.read([conversation], LEXICON)[0]
    facts = [*reading.acts, *reading.replies, *reading.claims, *reading.mentions, *reading.ledger]
    assert facts
    for fact in facts:
        assert conversation.turns[fact.turn].text[fact.start : fact.end] == fact.quote


def test_hidden_characters_change_nothing_but_the_flag() -> None:
    plain = read("A: Would you like Fiber 500?\nC: no thanks")
    hidden = read("A: Would you like Fi\u200bber 500?\nC: n\u200bo th\u00adаnks")
    assert [item.event for item in hidden.ledger] == [item.event for item in plain.ledger]
    assert (plain.obfuscated, hidden.obfuscated) == ((), (0, 1))


def test_a_language_it_does_not_read_leaves_the_reading_unread() -> None:
    reading = read("A: ¿Le interesa Fiber 500?\nC: no gracias", language="es")
    assert not reading.read
    assert "es" in reading.why_unread
    assert reading.acts == ()


def test_what_a_barge_in_cut_off_was_not_said() -> None:
    turns = [
        {"role": "agent", "text": "Your line is fine. Would you like Fiber 500?", "interrupted": True, "delivered": 18},
        {"role": "customer", "text": "ok great"},
    ]
    conversation = Conversation.model_validate({"turns": turns})
    assert READER.read([conversation], LEXICON)[0].acts == ()


def test_a_tool_call_that_adds_a_product_is_a_booking() -> None:
    reading = read("A: Adding it now.\n> add_offer offer_id=TRAVEL-PASS price=10.00\nC: thanks")
    (booking,) = reading.bookings
    assert (booking.offer, booking.sku, booking.price, booking.succeeded) == (
        "TRAVEL-PASS",
        "TRAVEL-PASS",
        "10.00",
        True,
    )


def test_a_flag_named_like_an_offer_is_a_booking_when_it_says_yes() -> None:
    lexicon = make_policy(offers=[{"id": "INS", "names": ["insurance"], "kind": "cross_sell"}]).lexicon
    yes = make_conversation("A: Booking now.\n> book_reservation insurance=yes flight=X1")
    no = make_conversation("A: Booking now.\n> book_reservation insurance=no flight=X1")
    with_it, without = READER.read([yes, no], lexicon)
    assert [item.offer for item in with_it.bookings] == ["INS"]
    assert without.bookings == ()


WORDED = [{"id": "limit", "text": "It covers one trip of up to 30 days from the first day you use it."}]


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("It covers one trip of up to 30 days from the first day you use it.", True),
        ("Forty nine for the trip, up to thirty days from first use.", True),
        ("You can use it for your trip from Monday.", False),
    ],
)
def test_a_disclosure_is_found_as_worded_or_with_its_content_in_other_words(said: str, made: bool) -> None:
    lexicon = make_policy(disclosures=WORDED).lexicon
    reading = READER.read([make_conversation(f"A: {said}\nC: ok")], lexicon)[0]
    assert [fact.disclosure for fact in reading.disclosures] == (["limit"] if made else [])


def test_an_unanswered_question_for_marketing_consent_is_read_with_its_answer() -> None:
    reading = read("A: May we text you offers and promotions now and then?\nC: no please don't")
    assert [(item.kind, item.answer, item.asked_turn) for item in reading.consents] == [("marketing", "no", 0)]


def test_similarity_is_answered_without_an_encoder_by_wording() -> None:
    question = Question(kind="similar", text="Fiber 500 is $49.99 a month for a year", pitches_of="FIBER-500")
    conversation = make_conversation("A: Hello there.\nC: hi\nA: Would you like Fiber 500? It's $49.99 a month.\nC: no")
    reading = READER.read([conversation], LEXICON, [[question]])[0]
    answer = reading.answers[question.sha256]
    assert list(answer.values) == [2]
    assert answer.values[2] > 0.6
    assert answer.source == "rule"


def test_rubric_questions_stay_unanswered() -> None:
    question = Question(kind="rubric", text="Was the agent kind?")
    assert READER.read([make_conversation("A: hi\nC: hi")], LEXICON, [[question]])[0].answers == {}


def test_the_reader_is_named_by_the_digest_of_its_rules() -> None:
    name, _, rules = LocalReader(rules_only=True).id.partition("@")
    assert name == "local-2"
    assert len(rules.removesuffix("+rules-only")) == 12
