"""Replaces personal data by tokens: `<CARD_1>`, `<PHONE_1>`, `<EMAIL_1>`, `<IBAN_1>`.

A value has one token within a Redactor, however it is written. Numbers are given in the order in which values come,
so a Redactor numbers one conversation, and `fresh` gives one for the next: a token then depends on nothing else that
is redacted before or beside it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from evalh.redact.find import find
from evalh.redact.found import Found, Kind
from evalh.redact.phones import regions_of

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """A token, at characters `here` of the redacted text, for characters `raw` of the original."""

    kind: Kind
    token: str
    here: Span
    raw: Span


@dataclass(frozen=True, slots=True)
class Redacted:
    """A redacted text, with a map to its original. Spans are of characters, ends exclusive."""

    raw: str = field(repr=False)
    text: str
    marks: tuple[Mark, ...] = ()

    def back(self, start: int, end: int) -> Span:
        """Where `text[start:end]` stands in the original; what touches a token takes in all that it stands for."""
        return _moved(start, end, [mark.here for mark in self.marks], [mark.raw for mark in self.marks])

    def forward(self, start: int, end: int) -> Span:
        """Where characters `start` to `end` of the original stand in `text`; half of a value becomes a whole token."""
        return _moved(start, end, [mark.raw for mark in self.marks], [mark.here for mark in self.marks])

    def slice(self, start: int, end: int) -> str:
        """Characters `start` to `end` of the original as they stand in `text`."""
        first, last = self.forward(start, end)
        return self.text[first:last]


def _moved(start: int, end: int, here: Sequence[Span], there: Sequence[Span]) -> Span:
    """The span `start` to `end` of one text in the other; `here` and `there` are the same marks in each."""
    passed = bisect_right(here, start, key=lambda span: span[1])
    inside = passed < len(here) and here[passed][0] <= start
    first = there[passed][0] if inside else start + _shift(here, there, passed)
    begun = bisect_left(here, end, key=lambda span: span[0])
    within = begun > 0 and here[begun - 1][1] >= end
    last = there[begun - 1][1] if within else end + _shift(here, there, begun)
    return first, last


def _shift(here: Sequence[Span], there: Sequence[Span], marks: int) -> int:
    """How far characters stand apart in the two texts after that many marks."""
    return there[marks - 1][1] - here[marks - 1][1] if marks else 0


class Redactor:
    """Gives the tokens of one conversation, in a language such as "en" or "en-AU". Safe to share between threads."""

    def __init__(self, language: str = "en") -> None:
        self.regions = regions_of(language)
        self._tokens: dict[tuple[Kind, str], str] = {}
        self._counts: dict[Kind, int] = {}
        self._lock = Lock()

    def fresh(self, language: str = "en") -> Redactor:
        """Another one, for another conversation, which begins to count anew."""
        return type(self)(language)

    def text(self, raw: str, before: str = "") -> Redacted:
        """`raw` with tokens. `before`: the turn before it, which may have asked for a number or an address."""
        return self.replaced(raw, find(raw, self.regions, before))

    def replaced(self, raw: str, found: Sequence[Found]) -> Redacted:
        """`raw` with tokens for `found`, which is in order and without overlaps."""
        if not found:
            return Redacted(raw, raw)
        pieces: list[str] = []
        marks: list[Mark] = []
        done = length = 0
        for one in found:
            token = self.token(one)
            start = length + one.start - done
            pieces += (raw[done : one.start], token)
            done, length = one.end, start + len(token)
            marks.append(Mark(one.kind, token, (start, length), (one.start, one.end)))
        return Redacted(raw, "".join((*pieces, raw[done:])), tuple(marks))

    def token(self, found: Found) -> str:
        """The token of a value."""
        key = found.kind, found.value
        with self._lock:
            if key not in self._tokens:
                self._counts[found.kind] = self._counts.get(found.kind, 0) + 1
                self._tokens[key] = f"<{found.kind}_{self._counts[found.kind]}>"
            return self._tokens[key]

    def known(self) -> dict[tuple[Kind, str], str]:
        """The token of each value so far, by kind and value."""
        with self._lock:
            return dict(self._tokens)
