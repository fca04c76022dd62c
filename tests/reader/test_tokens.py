"""Words as they are compared: without plurals, spoken numbers in digits, with their places."""

from __future__ import annotations

import pytest

from evalh.reader.tokens import tokens, words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the passes, lines and buses", ("the", "pass", "line", "and", "buse")),
        ("it's the customer's glasses", ("it", "the", "customer", "glass")),
        ("five hunnert gigs", ("500", "gig")),
        ("one thousand two hundred and three", ("1200", "and", "3")),
        ("twenty five or fifty-six", ("25", "or", "56")),
        ("hundred of them", ("hundred", "of", "them")),
        ("fiber five hundred forty nine ninety nine", ("fiber", "500", "49", "99")),
        ("five hundred forty nine dollars", ("549", "dollar")),
        ("mobile twenty's thirty two a month", ("mobile", "20", "32", "a", "month")),
        ("caf\u00e9s 4k", ("caf\u00e9", "4k")),
        ("...", ()),
        ("", ()),
    ],
)
def test_words_are_compared_without_endings_and_numbers_in_digits(text: str, said: tuple[str, ...]) -> None:
    assert words(text) == said
    assert tuple(token.word for token in tokens(text)) == said


def test_a_spoken_number_stands_where_all_its_words_stand() -> None:
    text = "so fifty five dollars"
    assert [text[token.start : token.end] for token in tokens(text)] == ["so", "fifty five", "dollars"]
