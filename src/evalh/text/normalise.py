"""A copy of a text that is safe to match on, with a map back to the original characters.

The copy is NFKC, without zero-width and other format characters, with look-alike letters of other scripts folded
to Latin inside words that mix scripts, with plain quotes, dashes and spaces, and in lower case. What it leaves to
others: language, numbers, meaning.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

_PLAIN = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'", "`": "'", "´": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "…": "...", "\t": " ", "\u2028": " ", "\u2029": " ",
    "\x85": " ",
}  # fmt: skip

# Cyrillic, Greek and other letters that are drawn like a Latin one (Unicode TR39, the single-letter part).
_LOOKALIKE = dict(
    zip(
        "абвгеһіјкӏмнорԛѕтухԝүѵзАВЕЅІЈКМНОРСТУХԚԜсԁɡαβγεζηικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧıοѡեոսհցօ",
        "abbrehijklmhopqstyxwyv3ABESIJKMHOPCTYXQWcdgabyezhikvoptuxwABEZHIKMNOPTYXiowenuhgo",
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Normalised:
    """`text` is for matching; `starts[i]` is where its character i begins in `raw`, `starts[-1]` is len(raw)."""

    raw: str
    text: str
    starts: tuple[int, ...] | range
    obfuscated: bool = False

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stands in `raw`."""
        if start >= end:
            return self.starts[start], self.starts[start]
        return self.starts[start], max(self.starts[end], self.starts[end - 1] + 1)

    def quote(self, start: int, end: int) -> str:
        """The original characters behind `text[start:end]`."""
        first, last = self.span(start, end)
        return self.raw[first:last]

    def locate(self, raw_offset: int) -> int:
        """The offset in `text` of the character at `raw_offset` of `raw`."""
        return max(0, bisect_right(self.starts, raw_offset) - 1)


@lru_cache(maxsize=8_192)
def normalise(raw: str) -> Normalised:
    """`raw` ready for matching."""
    if raw.isascii() and raw.isprintable():
        return Normalised(raw, raw.lower(), range(len(raw) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    hidden = False
    for index, char in enumerate(raw):
        if _is_invisible(char):
            hidden = hidden or char not in "\ufeff\u00ad"
            continue
        plain = _PLAIN.get(char) or unicodedata.normalize("NFKC", char)
        for part in plain:
            pieces.append(" " if part != "\n" and part.isspace() else part)
            starts.append(index)
    folded, disguised = _fold_lookalikes(pieces)
    starts.append(len(raw))
    text = "".join(lower if len(lower := char.lower()) == 1 else char for char in folded)
    return Normalised(raw, text, tuple(starts), hidden or disguised)


def _is_invisible(char: str) -> bool:
    if char in "\n\r\t\x85":
        return False
    category = unicodedata.category(char)
    return category in ("Cf", "Cc", "Cs", "Co") or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _fold_lookalikes(chars: list[str]) -> tuple[list[str], bool]:
    folded = list(chars)
    disguised = False
    start = 0
    while start < len(chars):
        end = start
        while end < len(chars) and chars[end].isalpha():
            end += 1
        word = chars[start:end]
        if word and _mixes_scripts(word):
            folded[start:end] = [_LOOKALIKE.get(char, char) for char in word]
            disguised = True
        start = end + 1
    return folded, disguised


def _mixes_scripts(word: list[str]) -> bool:
    foreign = sum(char in _LOOKALIKE for char in word)
    if foreign == 0:
        return False
    latin = any(char.isascii() for char in word)
    return latin or (foreign == len(word) and len(word) == 1)
