"""Prompt conformance: what the front matter of a prompt makes checkable, and no pass for the rest."""

from typing import Any

import pytest
from evaluators.prompt_conformance import PromptConformance, said_at
from tests.evaluators.conftest import context

from evalh.evaluator import EvalContext
from evalh.evaluator.run import evaluate_one
from evalh.models import Answered, Evidence, Prompt, Reading, Score
from evalh.testing import make_conversation, make_policy


def rows(script: str, front: dict[str, Any], **found: Any) -> list[Score]:
    prompt = Prompt.model_validate({"agent": "care", "version": "v1", "text": "Be kind.", **front})
    policy = make_policy(consent={"before_tools": ["add_offer"]})
    ctx = context(script, policy, fields={"system_prompt": prompt}, **found)
    return [row for row in evaluate_one(PromptConformance(), ctx) if not row.rollup and row.label != "free_text"]


def judged(script: str, front: dict[str, Any], **found: Any) -> list[str | None]:
    return [row.label or row.state for row in rows(script, front, **found)]


def required(where: str, *phrases: str) -> dict[str, Any]:
    return {"required": [{"id": "r", "any": list(phrases), "where": where}]}


def test_the_free_text_is_skipped_and_never_a_pass() -> None:
    ctx = context("A: hi", fields={"system_prompt": Prompt(agent="care", version="v1", text="Be kind.")})
    found = evaluate_one(PromptConformance(), ctx)
    assert (found[0].state, found[0].label) == ("skipped", "free_text")
    assert (found[0].reason, found[-1].state) == ("the prompt's free text needs a judge", "skipped")


def test_without_a_prompt_it_is_skipped() -> None:
    assert [row.state for row in evaluate_one(PromptConformance(), context("A: hi"))] == ["skipped", "skipped"]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Hi there, this is Nora, your assistant", "this is Nora"),
        ("hello im nora", "im Nora"),
        ("Hi, I am Nora", "I'm Nora"),
        ("so would you want to hear, I mean would you like to hear more", "would you like to hear"),
        ("It is TODAY ONLY!", "today only"),
        ("Shall I go ahead and add it? Should I go ahead", "should I go ahead"),
        ("please confirm (yes) to continue", "(yes)"),
        ("anything else I could help with", "anything else I can help"),
    ],
)
def test_a_phrase_said_is_found(text: str, phrase: str) -> None:
    assert said_at(text, phrase, 88) is not None


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("yesterday I saw it", "yes"),
        ("would you like me to send it", "would you like me to add"),
        ("I'm Norman", "I'm Nora"),
        ("I am not a human", "I am a human"),
        ("only this week", "only today"),
        ("", "hello there"),
    ],
)
def test_a_phrase_not_said_is_not_found(text: str, phrase: str) -> None:
    assert said_at(text, phrase, 92) is None


@pytest.mark.parametrize(
    ("where", "script", "expected"),
    [
        ("first_turn", "A: this is Nora\nC: hi\nA: ok", "conforms"),
        ("first_turn", "A: hello\nC: hi\nA: this is Nora", "missing_phrase"),
        ("last_turn", "A: hello\nC: hi\nA: this is Nora", "conforms"),
        ("last_turn", "A: this is Nora\nC: hi\nA: ok", "missing_phrase"),
        ("any_turn", "A: hello\nC: hi\nA: this is Nora", "conforms"),
        ("any_turn", "A: hello\nC: this is Nora", "missing_phrase"),
    ],
)
def test_a_required_phrase_is_due_where_the_prompt_says(where: str, script: str, expected: str) -> None:
    assert judged(script, required(where, "this is Nora", "Nora here")) == [expected]


def test_a_missing_phrase_cites_the_turn_where_it_was_due() -> None:
    row = rows("C: hi\nA: hello", required("first_turn", "this is Nora"))[0]
    assert (row.turn, row.evidence[0].quote, row.clause) == (1, "hello", "prompt/required/r")
    assert (row.expected, row.severity) == ("this is Nora", "major")


def test_a_phrase_with_an_offer_is_due_in_each_turn_that_pitches() -> None:
    script = "C: hi\nA: may I mention Fiber 500?\nC: hm\nA: take the Travel Pass"
    acts = [{"turn": 1, "offer": "FIBER-500", "act": "pitch"}, {"turn": 3, "offer": "TRAVEL-PASS", "act": "pitch"}]
    assert judged(script, required("with_offer", "may I mention"), acts=acts) == ["conforms", "missing_phrase"]
    assert judged(script, required("with_offer", "may I mention")) == []


@pytest.mark.parametrize(
    ("script", "offer", "expected"),
    [
        ("C: hi\nA: shall I add it?\nC: yes\nA: done", "FIBER-500", ["conforms"]),
        ("C: hi\nA: hello\nC: yes\nA: shall I add it? done", "FIBER-500", ["missing_phrase"]),
        ("C: hi\nA: hello\nC: block my sim\nA: done", None, []),
    ],
)
def test_a_phrase_before_adding_is_due_before_an_offer_is_added(
    script: str, offer: str | None, expected: list[str]
) -> None:
    booking = {"turn": 3, "tool": "add_offer", "call": 0, "offer": offer}
    assert judged(script, required("before_add", "shall I add"), bookings=[booking]) == expected


FORBIDDEN = {"forbidden": [{"id": "f", "any": ["today only", "last chance"], "reason": "no deadlines"}]}


def test_a_forbidden_phrase_is_a_fault_in_every_turn_that_says_it() -> None:
    found = rows("A: today only!\nC: hm\nA: your last chance", FORBIDDEN)
    assert [row.label for row in found] == ["forbidden_phrase", "forbidden_phrase"]
    assert (found[1].evidence[0].quote, found[1].reason, found[1].clause) == (
        "last chance",
        "no deadlines",
        "prompt/forbidden/f",
    )


def test_only_the_agent_can_break_a_forbidden_phrase() -> None:
    assert judged("C: today only?\nA: no, any day", FORBIDDEN) == ["conforms"]


STEPS = {
    "steps": [
        {"id": "verify", "any": ["last four digits"]},
        {"id": "else", "any": ["anything else"], "optional": False},
    ]
}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("A: your last four digits?\nC: 1234\nA: anything else?", ["conforms"]),
        ("A: anything else?\nC: no\nA: your last four digits?", ["step_out_of_order"]),
        ("A: anything else?", ["conforms"]),
        ("A: your last four digits?", ["step_missing", "conforms"]),
        ("A: hello", ["step_missing"]),
    ],
)
def test_steps_come_in_their_order(script: str, expected: list[str]) -> None:
    assert judged(script, STEPS) == expected


IDENTITY = {"identity": {"name": "Nora", "company": "Brightwater"}}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Hi, this is Nora from Brightwater.", ["conforms"]),
        ("Hi, I'm Nora, the AI assistant.", ["conforms"]),
        ("Hi, my name is Max, how can I help?", ["wrong_identity"]),
        ("Hi, this is Nora from Verizon.", ["wrong_identity"]),
        ("Hi, this is Nora from Customer Care.", ["conforms"]),
        ("Hi, I'm Sorry to hear that.", []),
        ("Brightwater, how can I help?", []),
        ("This is Fiber 500 for you", []),
        ("i'm glad you called", []),
    ],
)
def test_the_agent_introduces_itself_as_the_prompt_says(said: str, expected: list[str]) -> None:
    assert judged(f"A: {said}", IDENTITY) == expected


def test_a_name_in_a_later_turn_is_no_introduction() -> None:
    assert judged("A: hi\nC: hi\nA: ok\nC: ok\nA: my name is Max.", IDENTITY) == []


ASK = {"ask_before": [{"id": "a", "tools": ["transfer_to_human"], "any": ["transfer you", "connect you"]}]}
TOOL = "\nA: one moment\n> transfer_to_human"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("C: hi\nA: may I transfer you?\nC: yes" + TOOL, ["conforms"]),
        ("C: hi\nA: do you want a human?\nC: ok" + TOOL, ["conforms"]),
        ("C: hi\nA: may I transfer you?\nC: um no thanks" + TOOL, ["not_asked_before"]),
        ("C: hi\nA: ok\nC: hm" + TOOL, ["not_asked_before"]),
        ("C: hi\nA: I will connect you now\n> transfer_to_human", ["not_asked_before"]),
        ("C: hi\nA: may I transfer you?\nC: yes", []),
    ],
)
def test_the_agent_asks_before_it_acts(script: str, expected: list[str]) -> None:
    assert judged(script, ASK) == expected


def test_a_customer_who_asked_for_a_person_need_not_be_asked() -> None:
    asked = [{"turn": 0, "intent": "human_agent"}]
    assert judged("C: a person please" + TOOL, ASK, intents=asked) == ["conforms"]


COPY = {"approved_copy": [{"id": "c", "offer": "FIBER-500", "text": "More room for you", "min_similarity": 0.6}]}


def copied(values: dict[int, float] | None, **act: Any) -> list[Score]:
    prompt = Prompt.model_validate({"agent": "care", "version": "v1", **COPY})
    base = context("A: try Fiber 500", fields={"system_prompt": prompt})
    (question,) = PromptConformance().questions(base)
    answers = {} if values is None else {question.sha256: {"values": values}}
    acts = [{"turn": 0, "offer": "FIBER-500", "act": "pitch", **act}]
    return rows("A: try Fiber 500", COPY, acts=acts, answers=answers)


def test_a_pitch_close_to_an_approved_copy_conforms() -> None:
    assert [row.label for row in copied({0: 0.7})] == ["conforms"]


def test_a_pitch_far_from_every_copy_is_off_copy_and_minor() -> None:
    row = copied({0: 0.3})[0]
    assert (row.label, row.severity, row.expected, row.offer) == ("off_copy", "minor", "More room for you", "FIBER-500")


def test_a_copy_that_was_not_compared_is_skipped() -> None:
    assert [row.state for row in copied(None)] == ["skipped"]


def test_a_doubtful_pitch_is_unsure() -> None:
    assert [row.state for row in copied({0: 0.3}, confidence=0.2)] == ["unsure"]


def test_an_offer_without_copy_is_not_compared() -> None:
    assert copied({0: 0.3}, offer="TRAVEL-PASS") == []


def test_checks_that_need_no_reading_run_without_one() -> None:
    front = {**FORBIDDEN, **required("with_offer", "may I")}
    found = rows("A: today only", front, read=False, why_unread="Tamil is not read")
    assert [row.label or row.state for row in found] == ["unsure", "forbidden_phrase"]


def judged_free_text(value: float, confidence: float = 0.9, *evidence: Evidence) -> list[Score]:
    """The rows on a prompt without checks whose free text a judge looked at."""
    prompt = Prompt(agent="care", version="v1", text="Explain technical terms.")
    held = make_conversation("C: no wifi\nA: Your ONT has no optical sync.")
    (question,) = PromptConformance().questions(EvalContext(conversation=held, system_prompt=prompt))
    answer = Answered(value=value, confidence=confidence, source="judge", evidence=evidence, reason="an acronym")
    reading = Reading(
        conversation=held.id,
        conversation_sha256=held.sha256,
        reader="fake",
        lexicon_sha256="0" * 64,
        answers={question.sha256: answer},
    )
    return evaluate_one(PromptConformance(), EvalContext(conversation=held, facts=reading, system_prompt=prompt))


def test_what_the_free_text_demands_is_judged_by_a_judge() -> None:
    said = Evidence(turn=1, start=5, end=8, quote="ONT")
    row, summary = judged_free_text(0.0, 0.9, said)

    assert (row.passed, row.label, row.clause, row.severity) == (False, "free_text", "prompt/free_text", "major")
    assert (row.evidence, row.source, summary.passed) == ((said,), "judge", False)


def test_free_text_that_is_kept_conforms_and_a_fault_without_a_quote_is_unsure() -> None:
    kept, _ = judged_free_text(1.0)
    doubtful, summary = judged_free_text(0.0)

    assert (kept.passed, kept.label) == (True, "conforms")
    assert (doubtful.state, doubtful.label, summary.state) == ("unsure", "free_text", "unsure")


def test_a_prompt_without_text_asks_nothing() -> None:
    ctx = EvalContext(conversation=make_conversation("A: hi"), system_prompt=Prompt(agent="care", version="v1"))

    assert list(PromptConformance().questions(ctx)) == []


def test_free_text_can_be_left_out_so_that_nothing_is_asked_about_it() -> None:
    prompt = Prompt(agent="care", version="v1", text="Explain technical terms.")
    ctx = EvalContext(conversation=make_conversation("A: hi"), system_prompt=prompt)
    without = PromptConformance(free_text=False)

    assert list(without.questions(ctx)) == []
    assert len(list(PromptConformance().questions(ctx))) == 1
