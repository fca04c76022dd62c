from __future__ import annotations

import time

import pytest

from evalh.text.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_a_text_is_cut_at_stops_and_question_marks() -> None:
    assert cut("it is $49.99 a month. would you like it? great!") == [
        "it is $49.99 a month.",
        "would you like it?",
        "great!",
    ]


def test_speech_without_punctuation_stays_whole() -> None:
    assert cut("uh no i'm i'm good thanks") == ["uh no i'm i'm good thanks"]


def test_a_decimal_point_or_a_title_is_no_end() -> None:
    assert cut("mr. smith pays 4.99 today") == ["mr. smith pays 4.99 today"]


def test_lines_of_a_list_are_sentences() -> None:
    assert cut("options:\n- basic: $5\n- gold: $9") == ["options:", "- basic: $5", "- gold: $9"]


def test_nothing_has_no_sentences() -> None:
    assert cut("  \n ") == []


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("really?!... (yes.) ok", ["really?!...", "(yes.)", "ok"]),
        ("v1.2 is out.\nuse it", ["v1.2 is out.", "use it"]),
        ("he said 'go.' i went", ["he said 'go.'", "i went"]),
        ("1. plan a\n 2. plan b", ["1. plan a", "2. plan b"]),
        ("ask dr. who. e.g. me", ["ask dr. who.", "e.g. me"]),
        ("oh..", ["oh.."]),
    ],
)
def test_marks_quotes_and_numbers_decide_where_it_ends(text: str, pieces: list[str]) -> None:
    assert cut(text) == pieces


@pytest.mark.parametrize("text", ["!" * 200_000 + "x", ".'" * 100_000 + "x", "?\n" * 50_000])
def test_a_long_run_of_marks_is_cut_in_linear_time(text: str) -> None:
    begun = time.process_time()
    sentences(text)
    assert time.process_time() - begun < 2
