"""Cards that are said in pieces, over several turns of one side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import re2

from evalh.redact.cards import LEAST, MOST, cards_in
from evalh.redact.found import Found
from evalh.redact.numerals import DIGIT, Piece, digits_of, runs
from evalh.redact.plain import plain

_DIGIT = re2.compile(DIGIT)
_LEAST_OF_PIECE = 2
_AROUND = 40
"""A number goes on from one turn to the next when at most so many characters stand after and before it.

A turn of no more, without digits ("hang on"), does not end it."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A run of digits near the beginning or the end of a turn: it may go on from the turn before or into the next."""

    turn: int
    pieces: Sequence[Piece]
    begins: bool
    ends: bool

    @property
    def digits(self) -> int:
        """How many digits it has."""
        return sum(len(piece.digits) for piece in self.pieces)


def cards_across(turns: Sequence[tuple[str, str]]) -> dict[int, list[Found]]:
    """The parts of cards by turn, at offsets of its text; `turns` are roles and texts."""
    chains: dict[str, list[_Part]] = defaultdict(list)
    found: dict[int, list[Found]] = defaultdict(list)
    for index, (role, text) in enumerate(turns):
        if not text.strip():
            continue
        chain = chains[role]
        parts = list(_parts(index, text))
        if not parts and len(text) <= _AROUND:
            continue
        if not (parts and parts[0].begins):
            chain.clear()
        for part in parts:
            if not part.begins:
                chain.clear()
            chain.append(part)
            while len(chain) > 2 and sum(one.digits for one in chain[1:-1]) > MOST - 2:
                chain.pop(0)
            if len(chain) > 1:
                _search(chain, turns, found)
            if not part.ends:
                chain.clear()
    return found


def _parts(turn: int, raw: str) -> Iterator[_Part]:
    _, text = plain(raw)
    if not _DIGIT.search(text):
        return
    for run in runs(text, _LEAST_OF_PIECE):
        begins, ends = run[0].start <= _AROUND, len(text) - run[-1].end <= _AROUND
        if begins or ends:
            yield _Part(turn, run, begins, ends)


def _search(chain: list[_Part], turns: Sequence[tuple[str, str]], found: dict[int, list[Found]]) -> None:
    """Add the card that the last part of the chain completes, if it does, and begin a new chain."""
    pieces = [piece if at else piece._replace(gap=" ") for part in chain for at, piece in enumerate(part.pieces)]
    if sum(part.digits for part in chain) < LEAST:
        return
    owners = [part.turn for part in chain for _ in part.pieces]
    for first, after in cards_in(pieces):
        if owners[first] == owners[after - 1]:
            continue
        value = digits_of(pieces[first:after])
        for part in dict.fromkeys(owners[first:after]):
            mine = [
                piece for piece, owner in zip(pieces[first:after], owners[first:after], strict=True) if owner == part
            ]
            span = plain(turns[part][1])[0].span(mine[0].start, mine[-1].end)
            found[part].append(Found("CARD", *span, value))
        chain.clear()
        return
