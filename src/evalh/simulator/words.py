"""The words of a line, and which of them are not to be changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["plain", "value", "code", "offer"]
"""What a word belongs to: the phrase, a fact that is given, one that is only digits, or the name of an offer."""


def row(text: str) -> tuple[str, ...]:
    """The words of a row of words."""
    return tuple(text.split())


DENIALS = frozenset(
    row(
        "no not nope nah never none nothing neither nor nobody nowhere without cannot can't don't won't didn't doesn't "
        "isn't aren't wasn't weren't haven't hasn't hadn't wouldn't couldn't shouldn't ain't needn't"
    )
)
"""Words that deny."""
_EDGES = '.,;:!?"()…'


@dataclass(frozen=True, slots=True)
class Word:
    """A word with the punctuation that stands at it."""

    text: str
    kind: Kind = "plain"

    @property
    def bare(self) -> str:
        """The word alone, in lower case."""
        return self.text.strip(_EDGES).lower().replace("’", "'")

    @property
    def denies(self) -> bool:
        """Whether it denies."""
        return self.bare in DENIALS

    @property
    def fixed(self) -> bool:
        """Whether it is not to be changed: it denies, has digits, or is no word of the phrase."""
        return self.kind != "plain" or self.denies or any(char.isdigit() for char in self.text)

    @property
    def pauses(self) -> bool:
        """Whether it ends with a mark after which one may pause."""
        return self.text[-1:] in ",;:.!?"


def words_of(pieces: Sequence[tuple[str, Kind]]) -> list[Word]:
    """The words of a text that is given in pieces; a word of two pieces belongs to the one that is not plain."""
    text = "".join(piece for piece, _ in pieces)
    kinds: list[Kind] = [kind for piece, kind in pieces for _ in piece]
    found: list[Word] = []
    for match in re.finditer(r"\S+", text):
        inside = kinds[match.start() : match.end()]
        found.append(Word(match[0], next((kind for kind in inside if kind != "plain"), "plain")))
    return found


def joined(words: Sequence[Word]) -> str:
    """The words with a space between."""
    return " ".join(word.text for word in words)


def typed(words: Sequence[Word]) -> str:
    """Without capitals; facts, names and abbreviations stay as they are."""
    return " ".join(word.text if word.kind != "plain" else _uncapped(word) for word in words)


def capped(words: Sequence[Word]) -> list[Word]:
    """As a sentence begins: with a capital, unless a name or a fact stands there."""
    if not words or words[0].kind != "plain":
        return list(words)
    return [Word(words[0].text[:1].upper() + words[0].text[1:]), *words[1:]]


def lowered(words: Sequence[Word]) -> list[Word]:
    """As a sentence goes on: without a capital at the beginning, unless it belongs there."""
    if not words or words[0].kind != "plain" or words[0].bare.partition("'")[0] == "i":
        return list(words)
    first = words[0].text
    if first[:1].isupper() and first[1:] == first[1:].lower():
        return [Word(first[:1].lower() + first[1:]), *words[1:]]
    return list(words)


def _uncapped(word: Word) -> str:
    """In lower case, but for an abbreviation."""
    return word.text if len(word.bare) > 1 and word.text.isupper() else word.text.lower()
