from __future__ import annotations

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
