"""Runs of digits in a text, written or spoken: "4111 1111", "four one one one", "double five", "oh".

Works on plain text (`plain`). What a run is the number of, it leaves to others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import re2

_ONES = "zero one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TIMES = {"double": 2, "triple": 3, "treble": 3}
_ZEROS = {"hundred": "00", "thousand": "000"}
WORDS = {
    **{word: str(value) for value, word in enumerate((*_ONES.split(), *_TEENS.split()))},
    **{word: str(10 * value) for value, word in enumerate(_TENS.split(), start=2)},
    **dict.fromkeys(("oh", "o", "nought", "naught"), "0"),
    **_ZEROS,
    "fourty": "40",
}
"""The digits of a word."""
_WORD = "|".join((*WORDS, *_TIMES))
_PIECE = rf"(?:[0-9]+|\b(?:{_WORD})\b)"
_PAUSE = r"(?:um|uh|er|erm|ah|dash|hyphen|space|then|and|dot|slash)"
_GAP = rf"(?:[^a-z0-9$]{{1,4}}|[^a-z0-9$]{{1,4}}(?:{_PAUSE}[^a-z0-9$]{{1,4}}){{1,2}})"
_FILLER = (
    r"(?:um|uh|er|erm|ah|and|then|next|so|well|like|okay|ok|yes|yeah|yep|right|got|get|it|its|it's|that|thats|that's"
    r"|hang|hold|wait|on|sorry|a|sec|second|moment|let|me|see|followed|by|you|did|do|now|again|the|last|final|rest|is)"
)
_TOKEN = re.compile(r"[0-9]+|[a-z]+")
_RUN = re2.compile(rf"{_PIECE}(?:{_GAP}{_PIECE})*")
_BRIDGE = re2.compile(rf"[^a-z0-9$]*(?:{_FILLER}[^a-z0-9$]+)*")
MAYBE = rf"[0-9](?:[^a-z0-9$]{{0,4}}[0-9]){{6}}|[0-9]{{4}}[^a-z0-9$]{{5,6}}[0-9]{{4}}|{_PIECE}(?:{_GAP}{_PIECE}){{3}}"
"""An RE2 pattern that is found in every text with a run of at least `LEAST` digits."""
DIGIT = rf"[0-9]|\b(?:{_WORD})\b"
"""An RE2 pattern that is found in every text with a digit."""
LEAST = 7
_BRIDGE_CHARS = 40


class Piece(NamedTuple):
    """The digits said by one group or word at `start` to `end`; `gap` is what stands between it and the one before."""

    digits: str
    start: int
    end: int
    gap: str = ""
    spoken: bool = False


Run = Sequence[Piece]


def runs(text: str, least: int = LEAST) -> Iterator[list[Piece]]:
    """The runs of at least `least` digits in a plain text, each as long as it can be."""
    for match in _RUN.finditer(text):
        if match.end() - match.start() >= least:
            pieces = _pieces(text, match.start(), match.end())
            if sum(len(piece.digits) for piece in pieces) >= least:
                yield pieces


def bridged(text: str) -> Iterator[list[Piece]]:
    """Runs with nothing but fillers between them ("4111 1111, hang on, 1111 1111") as one, where there are any."""
    chain: list[Piece] = []
    last = -1
    joined = False
    for run in runs(text, 1):
        gap = text[last : run[0].start] if chain else ""
        if chain and not (len(gap) <= _BRIDGE_CHARS and _BRIDGE.fullmatch(gap)):
            if joined:
                yield chain
            chain, joined = [], False
        joined = joined or bool(chain)
        chain += (run[0]._replace(gap=" "), *run[1:]) if chain else run
        last = run[-1].end
    if joined:
        yield chain


def _pieces(text: str, start: int, end: int) -> list[Piece]:
    pieces: list[Piece] = []
    times, begun, done = 1, -1, start
    for match in _TOKEN.finditer(text, start, end):
        word = match.group()
        if word in _TIMES:
            times, begun = _TIMES[word], match.start()
            continue
        digits = word if word[0] <= "9" else WORDS.get(word)
        if digits is None:
            continue
        first = match.start() if times == 1 else begun
        spoken = word[0] > "9" or times > 1
        if times > 1 and len(digits) > 1 and word[0] <= "9":
            digits, times = digits[0] * (times - 1) + digits, 1
        piece = Piece(digits * times, first, match.end(), text[done:first] if pieces else "", spoken)
        if pieces and _is_tens(pieces[-1]) and spoken and len(digits) == 1 and times == 1 and digits != "0":
            last = pieces.pop()
            piece = Piece(last.digits[0] + digits, last.start, piece.end, last.gap, spoken=True)
        pieces.append(piece)
        times, done = 1, match.end()
    return pieces


def _is_tens(piece: Piece) -> bool:
    """Whether it is "twenty" to "ninety", which the next word may fill up."""
    return piece.spoken and len(piece.digits) == 2 and piece.digits[0] >= "2" and piece.digits[1] == "0"


def digits_of(run: Run) -> str:
    """All digits of a run."""
    return "".join(piece.digits for piece in run)
