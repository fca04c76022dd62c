"""Where the words that a judge quotes stand in a turn: as they are, normalised, or nearly so; else nowhere.

A quote that cuts a word or an amount in two is not found, nor is one that says other words or numbers, or turns a
"not". Nearly so are slips of the pen in a word, and small words left out or put in. Punctuation alone quotes only a
turn that says nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from evalh.text.amounts import amounts
from evalh.text.normalise import Normalised, normalise

FUZZY = 90.0
"""The least similarity, 0 to 100, of words that are nearly the quote."""
SHORTEST = 12
"""Shorter quotes, in characters, must be there to the letter."""
_SAME_WORD = 75.0
_TRIED = 50
"""Places of a quote that are looked at; in more than that it says nothing of a place."""
_WRAPPED = " \t\n\"'`“”‘’«»"
_SPACES = re.compile(r"\s+")
_DIGITS = re.compile(r"\d+(?:[.,:/-]\d+)*")
_TURNS = re.compile(r"\b(?:no|not|never|none|nothing|without|cannot|cant|dont|wont)\b|n't\b")
"""Words that turn what is said into its opposite."""
_OPPOSED = re.compile(r"un|in|im|il|ir|dis|mis|non")
"""Beginnings that do so to a word."""
_WORD = re.compile(r"\w+(?:'\w+)*")
_SMALL = frozenset(
    ["a", "ah", "an", "and", "eh", "er", "erm", "hm", "huh", "mm", "oh", "so", "the", "uh", "um", "well"]
)
"""Words that say nothing, for one that is left out or put in."""
Span = tuple[int, int]


def find_quote(text: str, quote: str) -> Span | None:
    """The (start, end) in `text` of what `quote` quotes; None when it is empty or not there."""
    whole = normalise(text)
    bare = quote.strip(_WRAPPED)
    if not bare or not (any(map(_says, bare)) or bare == text.strip(_WRAPPED)):
        return None
    for start in _places(text, bare):
        first, last = whole.locate(start), whole.locate(start + len(bare))
        if _is_whole(whole.text, first, last):
            return start, start + len(bare)
    plain, starts = _spaced(whole)
    wanted = _SPACES.sub(" ", normalise(bare).text).strip()
    if not wanted:
        return None
    exact = ((start, start + len(wanted)) for start in _places(plain, wanted))
    found = next((span for span in exact if _is_whole(plain, *span)), None) or _nearly(plain, wanted)
    return whole.span(starts[found[0]], starts[found[1] - 1] + 1) if found else None


def _says(character: str) -> bool:
    """Whether it is more than punctuation: a letter, a digit, or a picture."""
    return character.isalnum() or unicodedata.category(character) == "So"


def _places(text: str, quote: str) -> Iterator[int]:
    """The first places of the quote, a bounded number of them."""
    at = -1
    for _ in range(_TRIED):
        at = text.find(quote, at + 1)
        if at < 0:
            return
        yield at


def _spaced(whole: Normalised) -> tuple[str, list[int]]:
    """The normalised text with single spaces, and where each of its characters stands in it."""
    pieces: list[str] = []
    starts: list[int] = []
    done = 0
    for match in _SPACES.finditer(whole.text):
        pieces += (whole.text[done : match.start()], " ")
        starts += (*range(done, match.start()), match.start())
        done = match.end()
    return "".join((*pieces, whole.text[done:])), [*starts, *range(done, len(whole.text))]


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` begins and ends between words, and holds each amount whole or not at all."""
    return not any(_cuts(text, edge) or _cuts_amount(text, edge) for edge in (start, end))


def _cuts_amount(text: str, at: int) -> bool:
    """Whether `at` stands inside an amount; amounts come in order and hardly overlap."""
    after = bisect_left(_begin(text), at)
    return any(item.start < at < item.end for item in amounts(text)[max(0, after - 3) : after])


@lru_cache(maxsize=1_024)
def _begin(text: str) -> tuple[int, ...]:
    return tuple(item.start for item in amounts(text))


def _cuts(text: str, at: int) -> bool:
    """Whether `at` stands inside a word or a number."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if before.isalnum() and after.isalnum():
        return True
    inside = before in ".,:/-" and at > 1 and text[at - 2].isdigit() and after.isdigit()
    return inside or (before.isdigit() and after in ".,:/-" and text[at + 1 : at + 2].isdigit())


def _nearly(text: str, quote: str) -> Span | None:
    if len(quote) < SHORTEST:
        return None
    span = _aligned(text, quote)
    if span is None:
        return None
    start, end = _to_words(text, *span)
    said = text[start:end]
    alike = fuzz.ratio(said, quote) >= FUZZY and _same_ends(said, quote) and _same_words(said, quote)
    means_the_same = alike and _numbers(said) == _numbers(quote) and _turned(said) == _turned(quote)
    return (start, end) if means_the_same and _is_whole(text, start, end) else None


def _aligned(text: str, quote: str) -> Span | None:
    if len(quote) >= len(text):
        return (0, len(text)) if text else None
    found = fuzz.partial_ratio_alignment(quote, text, score_cutoff=FUZZY)
    return (found.dest_start, found.dest_end) if found is not None and found.dest_end > found.dest_start else None


def _same_ends(said: str, quote: str) -> bool:
    """Whether both begin and end with about the same word, so that a "not" cannot be left out before or after."""
    one, other = said.split(), quote.split()
    return all(fuzz.ratio(one[edge], other[edge]) >= _SAME_WORD for edge in (0, -1)) if one and other else False


def _same_words(said: str, quote: str) -> bool:
    """Whether words that differ are slips of each other, and none the opposite of the other."""
    one, other = _WORD.findall(said), _WORD.findall(quote)
    at, beside = 0, 0
    for same in Levenshtein.opcodes(one, other).as_matching_blocks():
        if not _slip(one[at : same.a], other[beside : same.b]):
            return False
        at, beside = same.a + same.size, same.b + same.size
    return True


def _slip(said: list[str], quote: list[str]) -> bool:
    """Whether these words are the same but for spelling, or say nothing where the other side has none."""
    if not said or not quote:
        return _SMALL.issuperset(said + quote)
    one, other = "".join(said), "".join(quote)
    short, long = sorted((one, other), key=len)
    opposed = long.endswith(short) and _OPPOSED.fullmatch(long.removesuffix(short)) is not None
    return not opposed and fuzz.ratio(one, other) >= _SAME_WORD


def _to_words(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end


@lru_cache(maxsize=1_024)
def _numbers(text: str) -> list[str]:
    """Amounts and digits, in the order in which they are said."""
    said = [f"{item.kind} {item.value.normalize()} {item.unit} {item.period}" for item in amounts(text)]
    return said + _DIGITS.findall(text)


def _turned(text: str) -> int:
    return len(_TURNS.findall(text))
