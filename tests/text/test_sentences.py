from __future__ import annotations

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
