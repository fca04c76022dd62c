from __future__ import annotations

from typing import Any

import pytest

from evalh.judge.rubrics import RubricsSection
from evalh.judge.transcript import show
from evalh.judge.votes import NOT_FOUND, SURE, UNSURE
from evalh.llm import Unreadable
from evalh.llm.fence import mark
from evalh.models import Answered, Evidence, Question
from evalh.testing import make_conversation

WARMTH = Question(kind="rubric", text="# Warmth\n\n5: warm. 1: cold.\n", scale=(1.0, 5.0))
PLAIN = Question(kind="rubric", text="Is it plain?")
SHOWN = show(make_conversation("C: my dog ate the router\nA: Oh no, poor dog!"))
SECTION = RubricsSection((WARMTH,))


def answer(value: Any = 4, **more: Any) -> dict[str, Any]:
    return {"turn": 1, "quote": "poor dog", "reason": "It takes it up.", "value": value, "sure": True, **more}


def read(value: Any) -> Answered:
    return SECTION.read(value, SHOWN)[WARMTH.sha256]


def test_a_rubric_is_told_whole_with_its_scale_and_counted_as_its_question() -> None:
    assert SECTION.material() == f"Rubrics:\n\n{SECTION.name} (value from 1 to 5):\n# Warmth\n\n5: warm. 1: cold."
    assert SECTION.part == WARMTH.sha256
    assert "Warmth" not in SECTION.instructions


def test_an_answer_has_its_value_words_and_reason() -> None:
    found = read(answer(reason=mark("It takes it up. ")))

    assert (found.value, found.confidence, found.source, found.reason) == (4.0, SURE, "judge", "It takes it up.")
    assert [evidence.quote for evidence in found.evidence] == ["poor dog"]
    assert read(answer(sure=False)).confidence == UNSURE


@pytest.mark.parametrize("more", [{"quote": "poor cat"}, {"turn": 0}, {"turn": -1}, {"quote": ""}])
def test_words_that_are_not_there_take_the_confidence(more: dict[str, Any]) -> None:
    found = read(answer(**more))
    assert (found.confidence, found.evidence) == (NOT_FOUND, ())


@pytest.mark.parametrize(
    ("value", "failure"),
    [
        (answer(0), "out_of_range"),
        (answer(5.01), "out_of_range"),
        (answer(True), "out_of_range"),
        (answer("4"), "out_of_range"),
        (answer(float("nan")), "out_of_range"),
        (answer(None), "out_of_range"),
        (answer(turn=2), "schema"),
        (answer(reason="x" * 401), "schema"),
        (answer(score=1), "schema"),
        ({"value": 4}, "schema"),
        (4, "schema"),
    ],
)
def test_what_is_off_the_scale_or_not_as_asked_is_unreadable(value: Any, failure: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(value)
    assert caught.value.failure_class == failure


def test_several_rubrics_in_a_section_are_answered_by_name_and_a_scale_is_0_to_1_by_default() -> None:
    section = RubricsSection((WARMTH, PLAIN))
    names = list(section.schema(SHOWN)["properties"])
    values = section.read({names[0]: answer(), names[1]: answer(0.5)}, SHOWN)

    assert [values[item.sha256].value for item in (WARMTH, PLAIN)] == [4.0, 0.5]
    with pytest.raises(Unreadable):
        section.read({names[0]: answer(), names[1]: answer(2)}, SHOWN)


def cast(*values: float, confidence: float = SURE) -> list[dict[str, Answered]]:
    place = Evidence(turn=1)
    return [{WARMTH.sha256: Answered(value=value, confidence=confidence, evidence=(place,))} for value in values]


@pytest.mark.parametrize(
    ("values", "value", "confidence"),
    [((4.0,), 4.0, SURE), ((4.0, 4.0, 1.0), 4.0, 0.6), ((1.0, 5.0), 3.0, NOT_FOUND), ((1.0, 3.0, 5.0), 3.0, NOT_FOUND)],
)
def test_the_middle_vote_counts_if_most_are_close_to_it(values: Any, value: float, confidence: float) -> None:
    merged = SECTION.merge([cast(*values)])[WARMTH.sha256]
    assert (merged.value, merged.confidence) == (value, confidence)


def test_of_several_windows_the_worst_counts_and_the_least_sure() -> None:
    merged = SECTION.merge([cast(5.0), cast(2.0), cast(4.0, confidence=UNSURE)])[WARMTH.sha256]
    assert (merged.value, merged.confidence) == (2.0, UNSURE)
