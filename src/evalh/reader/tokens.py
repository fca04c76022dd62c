"""Words of a normalised text with their places; spoken cardinals are one token in digits ("five hundred" is 500)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_WORD = re.compile(r"[a-z0-9\u00e0-\u024f]+(?:'[a-z]+)?")
_ONES = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: value
    for value, word in zip(
        range(20, 100, 10), ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], strict=True
    )
}
_SCALES = {"hundred": 100, "thousand": 1000}
_SLIPS = {"hunnert": "hundred", "hunderd": "hundred", "fourty": "forty", "fife": "five"}
_NUMERALS = frozenset([*_ONES, *_TENS, *(said for said, meant in _SLIPS.items() if meant not in _SCALES)])


class Token(NamedTuple):
    """A word as it is compared: stemmed of its plural, numbers in digits."""

    word: str
    start: int
    end: int


@lru_cache(maxsize=4_096)
def tokens(text: str) -> tuple[Token, ...]:
    """The words of a normalised text, in order."""
    return tuple(_with_numbers([(_bare(match.group()), *match.span()) for match in _WORD.finditer(text)]))


@lru_cache(maxsize=4_096)
def words(text: str) -> tuple[str, ...]:
    """The compared words of a normalised text."""
    spoken = [_bare(word) for word in _WORD.findall(text)]
    if _NUMERALS.isdisjoint(spoken):
        return tuple(map(_stem, spoken))
    return tuple(token.word for token in tokens(text))


def _bare(word: str) -> str:
    """A number without the "is" that runs into it: "mobile twenty's thirty two a month"."""
    return word[:-2] if word.endswith("'s") and word[:-2] in _NUMERALS else word


def _with_numbers(raw: list[tuple[str, int, int]]) -> Iterator[Token]:
    index = 0
    while index < len(raw):
        word, start, end = raw[index]
        value, used = _number([word for word, _, _ in raw[index : index + 6]]) if word in _NUMERALS else (0, 0)
        if used:
            yield Token(str(value), start, raw[index + used - 1][2])
        else:
            yield Token(_stem(word), start, end)
        index += used or 1


@lru_cache(maxsize=16_384)
def _stem(word: str) -> str:
    if word.endswith("'s"):
        return word[:-2]
    if len(word) > 5 and word.endswith("sses"):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _number(run: list[str]) -> tuple[int, int]:
    """The cardinal that `run` starts with, and how many words it takes; (0, 0) if none."""
    total = current = used = 0
    last = ""
    for position, spoken in enumerate(run):
        word = _SLIPS.get(spoken, spoken)
        if word in _ONES and last in ("", "tens", "scale") and not (last == "tens" and not 0 < _ONES[word] < 10):
            current, last = current + _ONES[word], "ones"
        elif word in _TENS and last in ("", "scale"):
            if last == "scale" and _is_price(run[position:]):
                break
            current, last = current + _TENS[word], "tens"
        elif word in _SCALES and last in ("ones", "tens"):
            current, last = current * _SCALES[word], "scale"
            if word == "thousand":
                total, current = total + current, 0
        else:
            break
        used = position + 1
    return total + current, used


def _is_price(run: list[str]) -> bool:
    """Whether these words are dollars and cents ("forty nine ninety nine"): a hundred before them is no part of it."""
    after = run[2:] if len(run) > 1 and 0 < _ONES.get(run[1], 0) < 10 else run[1:]
    return bool(after) and after[0] in _TENS
