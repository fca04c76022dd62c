"""A copy of a text that is safe to match on, with a map back to the original characters.

The copy is NFKC, without zero-width and other format characters, with look-alike letters of other scripts folded
to Latin inside words that mix scripts, with plain quotes, dashes and spaces, and in lower case. What it leaves to
others: language, numbers, meaning.
"""

from __future__ import annotations

import re
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
_SPECIAL = re.compile(r"[^\x20-\x5f\x61-\x7e\n]")
"""What is looked at one by one: all but the plain characters and the line end."""
_FOREIGN = re.compile(f"[{''.join(_LOOKALIKE)}]")


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
    if (raw.isascii() and raw.isprintable()) or not _SPECIAL.search(raw):
        return Normalised(raw, raw.lower(), range(len(raw) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    hidden = False
    done = 0
    for match in _SPECIAL.finditer(raw):
        at, char = match.start(), match.group()
        shown = _shown(char)
        hidden = hidden or (not shown and char not in "\ufeff\u00ad")
        pieces += (raw[done:at], shown)
        starts += range(done, at)
        starts += [at] * len(shown)
        done = at + 1
    starts += range(done, len(raw) + 1)
    text, disguised = _fold_lookalikes("".join((*pieces, raw[done:])))
    return Normalised(raw, _lower(text), tuple(starts), hidden or disguised)


@lru_cache(maxsize=4_096)
def _shown(char: str) -> str:
    """What stands for `char` in the copy; nothing for a character that cannot be seen."""
    if _is_invisible(char):
        return ""
    plain = _PLAIN.get(char) or unicodedata.normalize("NFKC", char)
    return "".join(" " if part != "\n" and part.isspace() else part for part in plain)


def _lower(text: str) -> str:
    """In lower case, but for what would become longer; each character by itself, so that a sigma has one form."""
    lower = text.lower()
    if len(lower) == len(text) and "\u03a3" not in text:
        return lower
    return "".join(small if len(small := char.lower()) == 1 else char for char in text)


def _is_invisible(char: str) -> bool:
    if char in "\n\r\t\x85":
        return False
    category = unicodedata.category(char)
    return category in ("Cf", "Cc", "Cs", "Co") or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _fold_lookalikes(text: str) -> tuple[str, bool]:
    if not _FOREIGN.search(text):
        return text, False
    chars = list(text)
    folded = list(text)
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
    return "".join(folded), disguised


def _mixes_scripts(word: list[str]) -> bool:
    foreign = sum(char in _LOOKALIKE for char in word)
    if foreign == 0:
        return False
    latin = any(char.isascii() for char in word)
    return latin or (foreign == len(word) and len(word) == 1)
