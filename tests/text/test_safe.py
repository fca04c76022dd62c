import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalh.text.safe import safe_text

FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\u202eb", r"a\u202eb"),
        ("line\u2028next", r"line\u2028next"),
        ("\x9b31m", r"\x9b31m"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("n\u200bo", r"n\u200bo"),
        ("a\rb", r"a\x0db"),
    ],
)
def test_a_hidden_character_becomes_a_visible_escape(raw: str, shown: str) -> None:
    assert safe_text(raw) == shown


@pytest.mark.parametrize("text", ["two\nlines\tand a tab", "Grüße, 日本語, العربية", "€5 – ok? 🙂", r"a\nb", ""])
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert safe_text(text) == text


@given(st.text(st.characters(exclude_categories=())))
def test_no_control_or_bidi_character_is_ever_left(text: str) -> None:
    assert not FORBIDDEN.search(safe_text(text))


@given(st.text(st.characters(exclude_categories=())))
def test_making_text_safe_twice_changes_nothing_more(text: str) -> None:
    assert safe_text(safe_text(text)) == safe_text(text)
