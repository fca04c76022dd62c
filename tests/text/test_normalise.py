from __future__ import annotations

import pytest

from evalh.text.normalise import normalise


def test_plain_text_is_only_lowered() -> None:
    assert normalise("Fiber 500 is $49.99").text == "fiber 500 is $49.99"


def test_curly_quotes_and_long_dashes_become_plain() -> None:
    assert normalise("It’s “great” — really").text == 'it\'s "great" - really'


def test_a_span_leads_back_to_the_original_characters() -> None:
    seen = normalise("Now… it’s $5")
    start = seen.text.index("$5")
    assert seen.quote(start, start + 2) == "$5"


def test_every_offset_of_the_copy_stands_in_the_original() -> None:
    seen = normalise("ﬁber İstanbul… \u200bok")
    assert len(seen.starts) == len(seen.text) + 1
    assert seen.starts[-1] == len(seen.raw)


def test_zero_width_characters_vanish_and_are_reported() -> None:
    seen = normalise("gua\u200branteed")
    assert (seen.text, seen.obfuscated) == ("guaranteed", True)


def test_cyrillic_letters_inside_a_latin_word_are_folded_and_reported() -> None:
    seen = normalise("guаranteed")
    assert (seen.text, seen.obfuscated) == ("guaranteed", True)


def test_a_word_of_another_script_is_kept() -> None:
    assert normalise("привет").text == "привет"


def test_locate_is_the_inverse_of_span() -> None:
    seen = normalise("a\u200bb $5")
    assert seen.span(seen.locate(3), seen.locate(3) + 2) == (3, 5)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("One\nTwo", "one\ntwo"),
        ("a\tb\r\nc", "a b \nc"),
        ("It`s\n5", "it's\n5"),
        ("Caf\u00c9 \u2460\u2026", "caf\u00e9 1..."),
        ("\u039b\u03a3", "\u03bb\u03c3"),
        ("\u0130x", "\u0130x"),
        ("a\x00b\x0bc", "abc"),
        ("soft\u00adhyphen", "softhyphen"),
    ],
)
def test_each_special_character_is_shown_by_itself(raw: str, text: str) -> None:
    seen = normalise(raw)
    assert seen.text == text
    assert len(seen.starts) == len(text) + 1
    assert seen.quote(0, len(text)) == raw


def test_places_after_a_line_end_are_those_of_the_original() -> None:
    seen = normalise("one\n\u2026two \u200bthree")
    start = seen.text.index("three")
    assert seen.span(start, start + 5) == (10, 15)


@pytest.mark.parametrize(
    ("raw", "hidden"), [("a\u00adb", False), ("\ufeffa", False), ("a\x00b", True), ("a\nb", False)]
)
def test_only_what_hides_something_is_reported(raw: str, hidden: bool) -> None:
    assert normalise(raw).obfuscated is hidden
