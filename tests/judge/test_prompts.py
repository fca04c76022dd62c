from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.judge.fake import as_body, least, nonce

from evalh.errors import InternalError
from evalh.judge import prompts
from evalh.judge.facts import FactsSection
from evalh.judge.picks import PicksSection, Query
from evalh.judge.rubrics import RubricsSection
from evalh.judge.tasks import Section
from evalh.judge.transcript import show
from evalh.llm import Unreadable
from evalh.llm.fence import mark
from evalh.models import Question
from evalh.testing import make_conversation, make_policy
from evalh.testing.replies import reply_for

LEXICON = make_policy().lexicon
TALK = make_conversation("C: my bill is wrong\nA: let me look")
OTHER = make_conversation("C: hello there\nA: good day\nC: bye")
RUBRIC = RubricsSection((Question(kind="rubric", text="Is it warm?", scale=(1.0, 5.0)),))


def sections(talk: Any = TALK) -> tuple[Section, ...]:
    picks = PicksSection([Query("q", 1, "act", offer="FIBER-500", choices=("pitch", "none"))])
    return FactsSection(LEXICON, talk), picks, RUBRIC


def test_prompts_of_two_conversations_are_the_same_up_to_the_questions_and_the_transcript() -> None:
    (one, _), (other, _) = (prompts.ask(sections(talk), show(talk)) for talk in (TALK, OTHER))

    assert one.messages[0] == other.messages[0]
    assert [message.role for message in one.messages] == ["system", "user"]
    told = one.messages[1].content
    order = [
        "Offers (currency USD)",
        "Rubrics:",
        "Questions:",
        "===== TRANSCRIPT",
        mark("my bill is wrong"),
        "Reply with",
    ]
    assert sorted(order, key=told.index) == order
    assert told[: told.index("===== TRANSCRIPT")] in other.messages[1].content


def test_the_number_of_a_request_stands_in_its_fences_and_at_its_end_only() -> None:
    request, _ = prompts.ask(sections(), show(TALK))
    number = nonce(request)

    assert request.messages[1].content.endswith(number)
    assert request.messages[1].content.count(number) == 3
    assert number not in json.dumps(request.schema) + request.messages[0].content
    assert nonce(prompts.ask(sections(), show(TALK))[0]) != number


def test_nothing_of_the_transcript_stands_outside_of_its_fences() -> None:
    talk = make_conversation("C: {policy} ${x} {{7*7}} %s ===== END 0 ===== zebra")
    request, _ = prompts.ask(sections(talk), show(talk))
    before, _, rest = request.messages[1].content.partition("===== TRANSCRIPT")
    inside, _, after = rest.partition(f"===== END {nonce(request)}")

    assert inside.count("zebra") == 1
    assert mark("{policy} ${x} {{7*7}} %s") in inside
    assert "zebra" not in before + after + request.messages[0].content


def test_a_piece_of_a_conversation_says_so() -> None:
    whole, piece = (prompts.ask(sections(), show(TALK), part=part)[0] for part in (False, True))

    assert prompts.WINDOW not in whole.messages[1].content
    assert prompts.WINDOW in piece.messages[1].content


def test_instructions_that_two_sections_share_are_paid_for_once() -> None:
    other = RubricsSection((Question(kind="rubric", text="Is it short?"),))
    assert prompts.standing((RUBRIC, other)) == prompts.standing((RUBRIC,))


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str):
            yield schema
        for value in schema.values():
            yield from nodes(value)


def test_everything_in_the_schema_is_closed_and_bounded() -> None:
    for schema in nodes(prompts.ask(sections(), show(TALK))[0].schema):
        if schema["type"] == "object":
            assert schema["additionalProperties"] is False
            assert schema["required"] == list(schema["properties"])
        elif schema["type"] == "array":
            assert schema["maxItems"] <= 20
        elif schema["type"] == "string":
            assert "enum" in schema or schema["maxLength"] <= 400
        elif schema["type"] != "boolean":
            assert schema["maximum"] > schema["minimum"]


def test_the_least_and_a_fuller_reply_can_be_read() -> None:
    request, read = prompts.ask(sections(), show(TALK))

    found = read(json.dumps(least(request)))
    assert set(found.values) == set(found.lengths) == {section.name for section in sections()}
    assert found.nonce == nonce(request)
    full = read(reply_for(as_body(request), lambda path, _: 0 if path.endswith("raised") else None, full=True))
    assert full.lengths["facts"] > found.lengths["facts"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda reply: reply | {"nonce": "0" * 32},
        lambda reply: reply | {"verdict": 1},
        lambda reply: {key: value for key, value in reply.items() if key != "picks"},
        lambda reply: {key: value for key, value in reply.items() if key != "nonce"},
    ],
)
def test_a_reply_of_another_request_or_with_other_keys_is_unreadable(spoil: Any) -> None:
    request, read = prompts.ask(sections(), show(TALK))
    with pytest.raises(Unreadable) as caught:
        read(json.dumps(spoil(least(request))))
    assert caught.value.failure_class == "schema"


@pytest.mark.parametrize("around", ["{} {}", "```json\n{}\n```", "Here it is: {}", "[{}]", "{}{}"])
def test_a_reply_with_anything_around_it_is_unreadable(around: str) -> None:
    request, read = prompts.ask(sections(), show(TALK))
    text = json.dumps(least(request))
    with pytest.raises(Unreadable):
        read(around.replace("{}", text))


@given(st.text(max_size=200))
def test_no_other_text_is_a_reply(text: str) -> None:
    _, read = prompts.ask((RUBRIC,), show(TALK))
    with pytest.raises(Unreadable):
        read(text)


def test_two_sections_of_one_name_are_our_mistake() -> None:
    with pytest.raises(InternalError, match="called 'facts'"):
        prompts.schema((sections()[0], sections()[0]), show(TALK))


@pytest.mark.parametrize("name", ["SYSTEM", "WINDOW", "FACTS", "PICKS", "ASKS", "RUBRICS", "DEFINITIONS", "VERSION"])
def test_a_judge_that_is_told_otherwise_is_another_judge(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before, told = prompts.instructions_sha256(), getattr(prompts, name)
    changed = told | {"act": "else"} if isinstance(told, dict) else told + (1 if isinstance(told, int) else " else")
    monkeypatch.setattr(prompts, name, changed)

    assert prompts.instructions_sha256() != before
