"""A judge's answers in a local reading: what they change, what stays the rules', and the ledger that then follows."""

from __future__ import annotations

from typing import Any

import pytest
from evaluators.groundedness import Groundedness

from evalh.evaluator import EvalContext, evaluate_one
from evalh.judge.picks import Picked, Query
from evalh.models import (
    Claim,
    Conversation,
    CourtesyFact,
    Evidence,
    Issue,
    Mood,
    OfferAct,
    OfferReply,
    PolicyInForce,
    Reading,
    Register,
    Score,
)
from evalh.reader.local import AGAIN, LocalReader
from evalh.reader.merge import READS_SO, replay, with_facts, with_picks
from evalh.reader.uncertain import Doubt
from evalh.testing import make_conversation, make_policy

LEXICON = make_policy().lexicon
READER = LocalReader(rules_only=True)
TALK = make_conversation(
    """
    C: my bill is wrong
    A: That is fixed now. Would you like Fiber 500 for $49.99 a month?
    C: no thanks
    A: It is really fast, and I could add it now.
    C: i said no
    A: Added.
    > add_offer offer_id=FIBER-500
    C: fine, add it
    """
)
LOCAL = READER.read([TALK], LEXICON)[0]


def at(turn: int, talk: Conversation = TALK) -> dict[str, Any]:
    text = talk.turns[turn].text
    return {"turn": turn, "start": 0, "end": len(text), "quote": text}


def act(turn: int, kind: str, offer: str | None = "FIBER-500", **more: Any) -> OfferAct:
    return OfferAct.model_validate(
        {**at(turn), "offer": offer, "act": kind, "confidence": 0.9, "source": "judge", **more}
    )


def reply(turn: int, kind: str, offer: str | None = "FIBER-500", **more: Any) -> OfferReply:
    return OfferReply.model_validate(
        {**at(turn), "offer": offer, "reply": kind, "confidence": 0.9, "source": "judge", **more}
    )


def events(reading: Reading) -> list[str]:
    return [
        f"{entry.turn} {entry.event}" + (f" {entry.repeat_of}" if entry.repeat_of else "") for entry in reading.ledger
    ]


def local(**facts: Any) -> Reading:
    fields = {"conversation": TALK.id, "conversation_sha256": "0", "reader": "r", "lexicon_sha256": "0"}
    return Reading.model_validate({**fields, **facts})


def picked(label: str | None, turn: int = 1, confidence: float = 0.9) -> Picked:
    return Picked(label, Evidence(**{**at(turn), "end": 4, "quote": TALK.turns[turn].text[:4]}), confidence)


def doubt(
    field: str, turn: int, *places: int, about: str = "act", offer: str | None = "FIBER-500", **more: Any
) -> Doubt:
    return Doubt(Query("q", turn, about, offer=offer, choices=("pitch",)), field, places, **more)


def answered(reading: Reading, doubted: Doubt, answer: Picked) -> Reading:
    return with_picks(TALK, reading, [doubted], {"q": answer})


# --- the ledger ---


SCRIPTS = [
    "C: hi\nA: Would you like Fiber 500?\nC: no\nA: Then the Travel Pass?\nC: yes please\n"
    "A: Done.\n> add_offer offer_id=TRAVEL-PASS",
    "A: How about Fiber 500?\nC: how much is it\nA: $49.99 a month.\nC: too dear\nA: It is worth it!\nC: later maybe",
    "A: Fiber 500 is great.\nC: not now\nA: Sure. Anything else?\nC: actually tell me about that fiber\nA: It is fast.",
    "C: hi",
    "",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_local_ledger_is_what_its_own_facts_replay_to(script: str) -> None:
    reading = READER.read([make_conversation(script)], LEXICON)[0]

    assert replay(reading.acts, reading.replies, reading.bookings) == tuple(reading.ledger)


def test_the_ledger_follows_the_judges_acts_and_replies_and_the_rules_bookings() -> None:
    facts = {
        "acts": (act(1, "pitch"), act(3, "pitch")),
        "replies": (reply(2, "refuse"), reply(4, "refuse"), reply(6, "accept")),
    }

    found = with_facts(TALK, LOCAL, facts)

    assert events(found) == ["1 pitched", "2 refused", "3 pitched same", "4 refused", "5 booked", "6 accepted"]
    assert {entry.source for entry in found.ledger if entry.event != "booked"} == {"judge"}
    assert next(entry.source for entry in found.ledger if entry.event == "booked") == "rule"


def test_a_repeat_that_rests_on_a_no_read_by_the_judge_does_not_rest_on_rules() -> None:
    found = replay([act(1, "pitch", source="rule"), act(3, "pitch", source="rule")], [reply(2, "refuse")], [])

    assert [(entry.event, entry.source) for entry in found] == [
        ("pitched", "rule"),
        ("refused", "judge"),
        ("pitched", "judge"),
    ]


# --- a whole reading by a judge ---


def test_the_judges_facts_replace_what_is_read_for_meaning_and_nothing_else() -> None:
    facts = {
        "moods": (Mood.model_validate({**at(0), "mood": "frustrated", "source": "judge"}),),
        "issues": (Issue.model_validate({**at(0), "id": "issue-1", "intent": "refund", "status": "open"}),),
        "mentions": (),
        "bookings": (),
        "claims": (),
        "disclosures": (),
    }

    found = with_facts(TALK, LOCAL, facts)

    assert found.moods == facts["moods"]
    assert found.issues == facts["issues"]
    assert not any((found.acts, found.replies, found.intents, found.registers, found.courtesies))
    assert (found.mentions, found.claims, found.bookings) == (LOCAL.mentions, LOCAL.claims, LOCAL.bookings)
    assert LOCAL.mentions
    assert LOCAL.claims
    assert LOCAL.bookings


def test_acceptances_give_consent_and_the_rules_other_consents_stay() -> None:
    marketing = [{**at(4), "kind": "marketing", "answer": "no"}, {**at(2), "kind": "offer", "answer": "yes"}]
    replies = (reply(2, "accept"), reply(6, "accept", "TRAVEL-PASS", confidence=0.4))

    found = with_facts(TALK, local(consents=marketing), {"replies": replies})

    assert [(item.turn, item.kind, item.offer, item.answer, item.source) for item in found.consents] == [
        (2, "offer", "FIBER-500", "yes", "judge"),
        (4, "marketing", None, "no", "rule"),
        (6, "offer", "TRAVEL-PASS", "ambiguous", "judge"),
    ]


def test_a_price_that_the_judge_reads_differently_is_unsure_and_told() -> None:
    other = Claim.model_validate(
        {**at(1), "offer": "FIBER-500", "kind": "price", "value": "39.99", "confidence": 0.9, "source": "judge"}
    )

    found = with_facts(TALK, LOCAL, {"claims": (other,)})

    assert [(item.value, item.confidence) for item in found.claims if item.kind == "price"] == [("49.99", 0.0)]
    assert [(item.rule, item.judge) for item in found.disagreements] == [("49.99", "39.99 (FIBER-500)")]


def test_a_price_that_the_judge_reads_differently_is_neither_grounded_nor_wrong() -> None:
    talk = make_conversation("C: hi\nA: Would you like Fiber 500 for $39.99 a month?\nC: ok")
    (reading,) = READER.read([talk], LEXICON)
    policies = make_policy()
    in_force = PolicyInForce(policy=policies.newest)
    right = Claim.model_validate(
        {**at(1, talk), "offer": "FIBER-500", "kind": "price", "value": "49.99", "confidence": 0.9, "source": "judge"}
    )

    def states(claims: tuple[Claim, ...]) -> set[str]:
        acts = tuple(item.model_copy(update={"confidence": 0.9}) for item in reading.acts)
        facts = with_facts(talk, reading, {"acts": acts, "claims": claims})
        ctx = EvalContext(talk, facts=facts, policies=policies, in_force=in_force)
        return {score.state if score.passed is None else f"passed {score.passed}" for score in _claims(ctx)}

    assert states(()) == {"passed False"}
    assert states((right,)) == {"unsure"}


def _claims(ctx: EvalContext) -> list[Score]:
    return [score for score in evaluate_one(Groundedness(), ctx) if score.clause and "price" in score.clause]


def test_a_fault_that_a_rule_found_and_the_judge_does_not_see_is_unsure_and_told() -> None:
    talk = make_conversation(
        """
        C: am i talking to a bot?
        A: No, I am a real person. Don't be an idiot.
        C: ok
        """
    )
    local = READER.read([talk], LEXICON)[0]
    blind = CourtesyFact.model_validate({**at(1, talk), "courtesy": "polite", "confidence": 0.9, "source": "judge"})
    assert {fact.claim for fact in local.identities} & {"ai_denied", "human_claimed"}
    assert [fact.courtesy for fact in local.courtesies if fact.turn == 1] == ["impolite"]

    found = with_facts(talk, local, {"courtesies": (blind,), "identities": ()})

    assert {fact.confidence for fact in found.identities} == {0.0}
    assert [(fact.courtesy, fact.confidence) for fact in found.courtesies] == [("polite", 0.0)]
    assert [item.kind for item in found.disagreements] == ["identity", "courtesy"]
    assert {item.judge for item in found.disagreements} == {None, "polite"}


def test_a_pitch_after_a_no_is_pushy_and_as_sure_as_both() -> None:
    neutral = Register.model_validate({**at(3), "register": "neutral", "confidence": 0.9, "source": "judge"})
    facts = {
        "acts": (act(1, "pitch"), act(3, "pitch")),
        "replies": (reply(2, "refuse", confidence=0.0),),
        "registers": (neutral,),
    }

    (register,) = with_facts(TALK, LOCAL, facts).registers

    assert (register.register_, register.confidence, register.source) == ("pushy", 0.0, "judge")


# --- answers to single questions ---


def test_the_same_label_makes_a_fact_as_sure_as_the_judge() -> None:
    reading = local(acts=[act(1, "pitch", confidence=0.6, source="rule")])

    (found,) = answered(reading, doubt("acts", 1, 0), picked("pitch")).acts

    assert (found.confidence, found.source, found.quote) == (0.9, "judge", TALK.turns[1].text)


def test_the_same_label_of_an_unsure_judge_makes_nothing_less_sure() -> None:
    reading = local(acts=[act(1, "pitch", confidence=0.6, source="rule")])

    assert answered(reading, doubt("acts", 1, 0), picked("pitch", confidence=0.4)).acts == reading.acts


def test_another_label_replaces_the_fact_and_the_ledger_is_replayed() -> None:
    acts = [act(1, "pitch", source="rule"), act(3, "answer", confidence=0.6, source="model")]
    reading = local(acts=acts, replies=[reply(2, "refuse", source="rule")])

    found = answered(reading, doubt("acts", 3, 1), picked("pitch", 3))

    assert events(found) == ["1 pitched", "2 refused", "3 pitched same"]
    assert (found.acts[1].act, found.acts[1].source, found.acts[1].quote) == ("pitch", "judge", "It i")
    assert found.acts[0] == reading.acts[0]


def test_another_label_of_an_unsure_judge_leaves_an_unsure_fact() -> None:
    reading = local(replies=[reply(2, "refuse", confidence=0.7, source="rule")])

    (found,) = answered(reading, doubt("replies", 2, 0), picked("defer", 2, 0.4)).replies

    assert (found.reply, found.confidence) == ("defer", 0.4)


@pytest.mark.parametrize("answer", [Picked(None), Picked(None, None, 0.9)])
def test_without_a_label_the_fact_stays_as_it_was(answer: Picked) -> None:
    reading = local(replies=[reply(2, "refuse", confidence=0.3, source="rule")])

    assert answered(reading, doubt("replies", 2, 0), answer) == reading
    assert with_picks(TALK, reading, [doubt("replies", 2, 0)], {}) == reading


def test_nothing_said_takes_a_fact_away_only_where_the_judge_is_sure() -> None:
    reading = local(acts=[act(1, "pitch", confidence=0.7, source="model")])

    assert answered(reading, doubt("acts", 1, 0), picked("none")).acts == ()
    assert answered(reading, doubt("acts", 1, 0), picked("none")).ledger == ()
    (kept,) = answered(reading, doubt("acts", 1, 0), picked("none", confidence=0.6)).acts
    assert (kept.act, kept.confidence) == ("pitch", 0.4)
    (kept,) = answered(reading, doubt("acts", 1, 0), picked("none", confidence=0.4)).acts
    assert (kept.act, kept.confidence) == ("pitch", 0.4)


def test_a_missed_pitch_and_a_missed_answer_are_added() -> None:
    reading = local(acts=[act(3, "mention")])
    near = doubt("acts", 1)
    with_act = answered(reading, near, picked("pitch"))

    assert [(item.turn, item.act, item.offer, item.asks) for item in with_act.acts] == [
        (1, "pitch", "FIBER-500", True),
        (3, "mention", "FIBER-500", False),
    ]
    assert events(with_act) == ["1 pitched"]

    with_reply = answered(with_act, doubt("replies", 2, about="reply", to_turn=1), picked("refuse", 2))
    assert [(item.turn, item.reply, item.to_turn) for item in with_reply.replies] == [(2, "refuse", 1)]
    assert events(with_reply) == ["1 pitched", "2 refused"]
    for nothing in ("none", "mention"):
        assert answered(reading, near, picked(nothing)).acts == reading.acts


def test_an_issue_ends_as_the_judge_reads_it_by_the_word_of_who_says_so() -> None:
    issues = [
        {**at(0), "id": "issue-1", "intent": "billing_dispute", "status": "unsure", "confidence": 0.4},
        {**at(2), "id": "issue-2", "intent": "refund", "status": "open", "confidence": 0.4},
    ]
    asked = [doubt("issues", 0, 0, about="issue")]

    found = with_picks(TALK, local(issues=issues), asked, {"q": picked("resolved", 1)}).issues

    assert [(item.status, item.word, item.resolved_turn, item.confidence) for item in found] == [
        ("resolved", "agent", 1, 0.9),
        ("open", None, None, 0.4),
    ]
    assert found[0].resolution is not None
    assert (found[0].turn, found[0].quote) == (0, TALK.turns[0].text)
    (first, _) = with_picks(TALK, local(issues=issues), asked, {"q": picked("unresolved", 2)}).issues
    assert (first.status, first.word, first.resolved_turn) == ("unresolved", "customer", None)


def test_a_claim_given_to_another_offer_is_unsure_and_told_and_one_confirmed_is_sure() -> None:
    claims = [
        {**at(1), "offer": "FIBER-500", "kind": "price", "value": "49.99", "confidence": 0.6},
        {**at(1), "offer": "FIBER-500", "kind": "term", "value": "24", "confidence": 0.7},
    ]
    asked = doubt("claims", 1, 0, 1, about="claim")

    agreed = answered(local(claims=claims), asked, picked("FIBER-500"))
    assert [item.confidence for item in agreed.claims] == [0.9, 0.9]
    assert agreed.disagreements == ()

    for label, told in (("TRAVEL-PASS", "49.99 (TRAVEL-PASS)"), ("none", None)):
        denied = answered(local(claims=claims), asked, picked(label))
        assert [(item.value, item.confidence) for item in denied.claims] == [("49.99", 0.0), ("24", 0.0)]
        assert denied.disagreements[0].judge == told


def test_a_manner_read_otherwise_says_that_a_judge_reads_it_so() -> None:
    reading = local(moods=[{**at(0), "mood": "calm", "confidence": 0.6, "reason": "shows no mood"}])

    (mood,) = answered(reading, doubt("moods", 0, 0, about="mood"), picked("frustrated", 0)).moods

    assert (mood.mood, mood.reason, mood.source) == ("frustrated", READS_SO, "judge")


def test_a_pressure_that_is_none_goes() -> None:
    reading = local(pressures=[{**at(3), "kind": "guilt", "confidence": 0.6}])

    assert answered(reading, doubt("pressures", 3, 0, about="pressure"), picked("none", 3)).pressures == ()
    (kept,) = answered(reading, doubt("pressures", 3, 0, about="pressure"), picked("guilt", 3)).pressures
    assert kept.confidence == 0.9


def test_a_register_that_followed_from_a_repeat_is_unsure_once_there_is_none() -> None:
    acts = [act(1, "pitch", source="rule"), act(3, "pitch", confidence=0.6, source="model")]
    again = {**at(3), "register": "pushy", "confidence": 0.6, "reason": AGAIN}
    reading = local(acts=acts, replies=[reply(2, "refuse", source="rule")], registers=[again])

    (doubted,) = answered(reading, doubt("acts", 3, 1), picked("answer", 3)).registers
    (surer,) = answered(reading, doubt("acts", 3, 1), picked("pitch", 3)).registers

    assert (doubted.register_, doubted.confidence) == ("pushy", 0.0)
    assert (surer.register_, surer.confidence, surer.source) == ("pushy", 0.9, "judge")
