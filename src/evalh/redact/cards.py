"""Payment cards in a run of digits: an issuer's prefix and length, and a right check digit (Luhn)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

import re2
from stdnum import luhn

from evalh.redact.numerals import Piece, Run, digits_of

LEAST, MOST = 13, 19
_ISSUERS = tuple(
    (re2.compile(prefix), frozenset(lengths))
    for prefix, lengths in (
        ("4", (13, 16, 19)),  # Visa
        ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
        ("3[47]", (15,)),  # American Express
        ("6011|64[4-9]|65", (16, 17, 18, 19)),  # Discover
        ("3(?:0[0-5]|09|6|8|9)", (14, 15, 16, 17, 18, 19)),  # Diners Club
        ("35(?:2[89]|[3-8])", (16, 17, 18, 19)),  # JCB
        ("62|81", (16, 17, 18, 19)),  # UnionPay
        ("5018|5020|5038|5[6-8]|6304|67|0604", (16, 18, 19)),  # Maestro
        ("220[0-4]|60|82|508|5061|9792|50[69]|63", (16,)),  # Mir, RuPay, Verve, Troy, Elo
    )
)
_GROUPS = frozenset((
    (4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1), (4, 4, 4, 2), (4, 4, 4, 3), (8, 8), (6, 13),
    (4, 4, 5),
))  # fmt: skip
"""How cards are written in groups."""
_MOST_LISTED = 2
"""With commas between them, longer groups than this are amounts."""
_DOUBLED = bytes(2 * digit - 9 * (digit > 4) for digit in range(10))


def cards_in(run: Run, *, spoken_of: bool = False) -> Iterator[tuple[int, int]]:
    """Each card as the index of its first piece and the one after its last.

    A card begins and ends with a piece; the longest one counts. Groups of unusual lengths count when one separator
    stands between all of them, when they are spoken, or where a card is `spoken_of`.
    """
    digits = digits_of(run)
    if len(digits) < LEAST:
        return
    starts = list(accumulate((len(piece.digits) for piece in run), initial=0))
    index_at = {start: index for index, start in enumerate(starts)}
    check = _Luhn(digits)
    done = 0
    for first in range(len(run)):
        if first < done:
            continue
        begin = starts[first]
        for length in _lengths(digits[begin : begin + 4]):
            after = index_at.get(begin + length)
            if after is None or not check.holds(begin, begin + length):
                continue
            pieces = run[first:after]
            if (spoken_of and not _has_decimals(pieces)) or is_grouped(pieces):
                yield first, after
                done = after
                break


def is_grouped(pieces: Sequence[Piece]) -> bool:
    """Whether the pieces are written or spoken as one number."""
    if len(pieces) == 1 or is_card_shape(pieces) or any(piece.spoken for piece in pieces):
        return True
    gaps = {piece.gap for piece in pieces[1:]}
    return len(gaps) == 1 and ("," not in min(gaps) or max(len(piece.digits) for piece in pieces) <= _MOST_LISTED)


def is_said_whole(pieces: Sequence[Piece]) -> bool:
    """Whether the pieces are a card's also with other words between: in its groups, or said digit by digit."""
    return is_card_shape(pieces) or all(piece.spoken and len(set(piece.digits)) == 1 for piece in pieces)


def _has_decimals(pieces: Sequence[Piece]) -> bool:
    """Whether dots stand between some pieces and not between others, as in a list of prices."""
    return len({piece.gap == "." for piece in pieces[1:]}) > 1


def is_card_shape(pieces: Sequence[Piece]) -> bool:
    """Whether the pieces have the lengths in which cards are written, which other numbers do not have."""
    return tuple(len(piece.digits) for piece in pieces) in _GROUPS


def is_card(digits: str) -> bool:
    """Whether the digits are those of a card."""
    return len(digits) in _lengths(digits[:4]) and bool(luhn.is_valid(digits))


@lru_cache(maxsize=10_000)
def _lengths(prefix: str) -> tuple[int, ...]:
    """The lengths of cards that begin with these four digits, the longest first."""
    found = {length for pattern, lengths in _ISSUERS if pattern.match(prefix) for length in lengths}
    return tuple(sorted(found, reverse=True))


class _Luhn:
    """Check digits of all parts of a string of digits, each in constant time."""

    def __init__(self, digits: str) -> None:
        values = [ord(char) - 48 for char in digits]
        doubled = [_DOUBLED[value] for value in values]
        mixed = [[pair[(at + odd) % 2] for at, pair in enumerate(zip(values, doubled, strict=True))] for odd in (0, 1)]
        self._sums = [list(accumulate(row, initial=0)) for row in mixed]

    def holds(self, start: int, end: int) -> bool:
        """Whether the last of digits[start:end] is the check digit of the others; they are not all zero."""
        sums = self._sums[(end - 1) % 2]
        total = sums[end] - sums[start]
        return total > 0 and total % 10 == 0
