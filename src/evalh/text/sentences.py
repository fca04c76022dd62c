"""Where the sentences of a turn begin and end; speech without punctuation stays one sentence."""

from __future__ import annotations

import re
from functools import lru_cache

_END = re.compile(r"(?<![.!?])[.!?]++[\"')\]]*+(?:[\t\n\f\r ]++|\Z)|\n+")
"""Each run of marks is looked at once, from its first, so that a long one costs no more than its length."""
_NOT_AN_END = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|st|vs|e\.g|i\.e|no|approx|inc|ltd|jr|sr)|\b[a-z]|(?:^|\n)[\t\n\f\r ]*\d+)\.\Z", re.ASCII
)


@lru_cache(maxsize=4_096)
def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """The (start, end) of each sentence of a normalised text, without surrounding spaces."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if match.group()[0] == "." and _NOT_AN_END.search(text[max(0, match.start() - 12) : match.start() + 1]):
            continue
        _append(spans, text, start, end)
        start = end
    _append(spans, text, start, len(text))
    return tuple(spans)


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if not stripped:
        return
    lead = len(piece) - len(piece.lstrip())
    spans.append((start + lead, start + lead + len(stripped)))
