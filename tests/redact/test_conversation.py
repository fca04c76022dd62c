"""A conversation's turns, quotes, reasons, readings and tool calls without personal data."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.redact.samples import CARDS, card

from evalh.models import Conversation, Identity, Mood, Reading, ToolCall
from evalh.redact import RedactedConversation, Redactor

CARD = "4111 1111 1111 1111"


def conversation(*turns: str | tuple[str, str], **fields: Any) -> Conversation:
    roles = ("customer", "agent")
    said = [turn if isinstance(turn, tuple) else (roles[at % 2], turn) for at, turn in enumerate(turns)]
    return Conversation.model_validate(
        {"id": "c-1", "turns": [{"role": role, "text": text} for role, text in said], **fields}
    )


def redaction(*turns: str | tuple[str, str], **fields: Any) -> RedactedConversation:
    return RedactedConversation(conversation(*turns, **fields), Redactor())


def texts(redacted: RedactedConversation) -> list[str]:
    return [turn.text for turn in redacted.turns]


def test_tokens_are_numbered_by_conversation_and_not_by_what_came_before() -> None:
    redactor = Redactor()
    RedactedConversation(conversation("5555555555554444"), redactor)
    assert texts(RedactedConversation(conversation(f"it's {CARD}", "4111111111111111 then"), redactor)) == [
        "it's <CARD_1>",
        "<CARD_1> then",
    ]


def test_a_conversation_without_personal_data_is_given_back_as_it_is() -> None:
    held = conversation("my order number is 4155552671", "It is $49.99 a month.")
    redacted = RedactedConversation(held, Redactor())
    assert not redacted.found
    assert redacted.shown() is held


def test_a_card_said_in_pieces_over_several_turns_is_found() -> None:
    redacted = redaction("yes it's 4111 1111", "mm-hm", "one one one one", "go on", "1111, it expires in May")
    assert texts(redacted) == ["yes it's <CARD_1>", "mm-hm", "<CARD_1>", "go on", "<CARD_1>, it expires in May"]


def test_a_word_between_does_not_end_a_card_that_is_said_in_pieces() -> None:
    redacted = redaction("5177 8528", "ok", "hang on", "sure", "9226 8012")
    assert texts(redacted) == ["<CARD_1>", "ok", "hang on", "sure", "<CARD_1>"]


def test_numbers_of_several_turns_that_are_no_card_stay() -> None:
    turns = ["it was 4111 1111", "ok", "and then 1111", "yes?", "one one one two", "right"]
    assert texts(redaction(*turns)) == turns


def test_many_turns_of_digits_are_searched_in_little_time() -> None:
    assert not redaction(*[("customer", "12 34")] * 2_000).found


def test_a_turn_that_asks_says_what_the_next_one_is() -> None:
    assert texts(redaction(("agent", "your phone number?"), ("customer", "4155552671")))[1] == "<PHONE_1>"


def test_a_quote_is_that_of_the_redacted_turn() -> None:
    redacted = redaction(f"pay {CARD} now")
    assert redacted.quote(0, 0, 13, f"pay {CARD[:9]}") == "pay <CARD_1>"
    assert redacted.quote(0, 0, 3, "pay") == "pay"
    assert redacted.quote(0, 0, 0, f"somewhere {CARD}") == "somewhere <CARD_1>"
    assert redacted.quote(7, 0, 3, CARD) == "<CARD_1>"


def test_free_text_hides_known_values_in_other_forms_and_cut_off() -> None:
    redacted = redaction(f"{CARD}, jane.doe@example.com, call 415-555-2671")
    for text, expected in {
        "card '4111 1111 111…'": "card '<CARD_1> …'",
        "4111111111111111": "<CARD_1>",
        "four one one one one one": "<CARD_1>",
        "value 4155552671": "value <PHONE_1>",
        "mail jane.doe@exa…": "mail <EMAIL_1>…",
        "5 offers, 12 months, 2026-11-30": "5 offers, 12 months, 2026-11-30",
        "49.99": "49.99",
    }.items():
        assert redacted.words(text).replace(" …", "…") == expected.replace(" …", "…")


def test_a_long_text_is_searched_for_many_known_numbers_in_little_time() -> None:
    redacted = redaction(*(("customer", f"call +1415555{number:04d}") for number in range(1_000)))
    begun = time.process_time()
    assert redacted.words("41555 " * 5_000).startswith("<PHONE_")
    assert time.process_time() - begun < 2.0


def test_names_digests_and_offsets_stay() -> None:
    redacted = redaction(CARD)
    reading = Reading(
        conversation="4111111111111111",
        conversation_sha256="1" * 64,
        reader="local-4111111111111111",
        lexicon_sha256="1" * 64,
        moods=(Mood(turn=0, start=0, end=9, quote=CARD[:9], mood="calm", reason=f"says {CARD}"),),
        identities=(Identity(turn=0, start=0, end=4, quote="4111", claim="ai_disclosed"),),
    )
    done = redacted.reading(reading)
    assert done.conversation == reading.conversation
    assert done.reader == reading.reader
    mood = done.moods[0]
    assert (mood.start, mood.end, mood.quote, mood.reason) == (0, 9, "<CARD_1>", "says <CARD_1>")
    assert done.identities[0].quote == "<CARD_1>"


def test_tool_calls_are_hidden_by_the_names_of_their_fields() -> None:
    held = conversation("ok", "done")
    call = ToolCall(
        name="pay",
        arguments={"card": "4111111111111111", "phone": 4155552671, "order_number": "4155552671", "ok": True},
        result=[{"email": "jane@example.com", "total": 49.99}],
    )
    turns = (held.turns[0], held.turns[1].model_copy(update={"tool_calls": (call,)}))
    redacted = RedactedConversation(held.model_copy(update={"turns": turns}), Redactor())
    assert redacted.found
    shown = redacted.shown().turns[1].tool_calls[0]
    assert shown.result == [{"email": "<EMAIL_1>", "total": 49.99}]
    assert isinstance(shown.arguments, dict)
    assert (shown.arguments["card"], shown.arguments["phone"], shown.arguments["ok"]) == ("<CARD_1>", "<PHONE_1>", True)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({"jane@example.com": 1}, {"<EMAIL_1>": 1}),
        ({"a": [{"to jane@example.com": "ok"}]}, {"a": [{"to <EMAIL_1>": "ok"}]}),
        ({"mobile_number": "4155552671"}, {"mobile_number": "<PHONE_1>"}),
        ({"phoneNumber": 4155552671}, {"phoneNumber": "<PHONE_1>"}),
        ({"card": 4111111111111111.0}, {"card": "<CARD_1>.0"}),
        ({"price": 49.99, "orderNumber": "4155552671"}, {"price": 49.99, "orderNumber": "4155552671"}),
    ],
)
def test_a_tool_call_alone_is_searched_by_names_and_in_them(arguments: Any, shown: Any) -> None:
    held = conversation("ok", "done")
    turn = held.turns[1].model_copy(update={"tool_calls": (ToolCall(name="find", arguments=arguments),)})
    redacted = RedactedConversation(held.model_copy(update={"turns": (held.turns[0], turn)}), Redactor())
    assert redacted.found == (shown != arguments)
    assert redacted.shown().turns[1].tool_calls[0].arguments == shown


def test_what_is_shown_keeps_what_was_heard_and_not_the_customers_record() -> None:
    held = conversation(f"pay {CARD} now please", customer={"email": "jane@example.com"})
    turn = held.turns[0].model_copy(update={"delivered": 13})
    shown = RedactedConversation(held.model_copy(update={"turns": (turn,)}), Redactor()).shown()
    assert shown.turns[0].heard == "pay <CARD_1>"
    assert shown.customer is None


def test_a_value_of_the_customers_record_is_hidden_in_a_reason() -> None:
    redacted = redaction("hello", customer={"email": "jane.doe@example.com"})
    assert redacted.words("sent to jane.doe@example.com") == "sent to <EMAIL_1>"


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(sorted(CARDS)), st.data())
def test_no_output_string_holds_a_run_of_a_planted_card(seed: int, form: str, data: st.DataObject) -> None:
    number = card(random.Random(seed))
    said = f"sure, it is {CARDS[form](number)} thanks"
    cut = data.draw(st.integers(0, len(said)))
    redacted = redaction("the card?", said)
    record = {
        "evidence": [{"turn": 1, "start": 0, "end": cut, "quote": said[:cut]}],
        "reason": f"the customer said {said!r}",
        "found": number,
    }
    done = json.dumps(redacted.record(record), ensure_ascii=False)
    digits = "".join(char for char in done if char.isdigit())
    assert not any(number[at : at + 5] in digits for at in range(len(number) - 4))
