"""How an agent turn speaks: its register, and whether it stays above the floor of courtesy; it judges neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import re2
from rapidfuzz import fuzz, process

from evalh.models import CourtesyFact, Mood, Register
from evalh.reader.pressure import read_pressure
from evalh.reader.rules import Hit, load_rules
from evalh.reader.view import TurnView
from evalh.text.normalise import normalise
from evalh.text.sentences import sentences

NO_REGISTER = "shows no register"
"""The reason of a register of which no sign was found."""
_REGISTERS = ("pushy", "empathetic", "robotic")
"""The registers that rules name; of equally sure ones the first wins."""
_SAME = 92.0
"""From this similarity (0 to 100) a sentence counts as said before."""
_LONG = 6
"""A shorter sentence, in words, may be said again without sounding canned."""
_REPEATED = 0.7
_STOCK_TWICE = 0.7
_READ_BACK = re2.compile(r"[0-9$£€:*]|^-|\?$")
"""Figures, lists and questions are said again for good reasons."""
_DEFAULT = 0.6
_UPSET = 0.5
"""A mood less sure than this asks for no acknowledgement."""


class _Sign(NamedTuple):
    register: str
    start: int
    end: int
    confidence: float
    reason: str


def read_register(
    view: TurnView, mood: Mood | None, previous_agent_texts: Sequence[str], *, selling: bool = True
) -> Register:
    """The register of an agent turn: the surest sign of a pushy, empathetic or robotic one, else neutral.

    `mood` is the customer's last mood before the turn; `previous_agent_texts` are the agent's turns before it,
    against which repeated sentences are found. Pressure makes a turn pushy only while something is being sold.
    """
    hits = _hits(view.text)
    pressed = _pressed(view) if selling else ()
    signs = [*_named(hits), *pressed, *_repeated(view, hits, previous_agent_texts), *_cold(hits, mood)]
    best = max(signs, key=_rank, default=_Sign("neutral", 0, len(view.text), _DEFAULT, NO_REGISTER))
    return Register.model_validate(
        {
            **view.place(best.start, best.end).fields(),
            "register": best.register,
            "confidence": best.confidence,
            "reason": best.reason,
        }
    )


def read_courtesy(view: TurnView) -> CourtesyFact:
    """Whether an agent turn is polite; impolite only on a clear breach (insult, blame, dismissal, threat ...)."""
    hits = [hit for hit in _breaches(view.text) if not _quoted(view.text, hit.start)]
    worst = max(hits, key=lambda hit: hit.rule.confidence, default=None)
    if worst is None:
        return CourtesyFact.model_validate({**view.whole().fields(), "courtesy": "polite", "confidence": 0.9})
    fields = view.place(worst.start, worst.end).fields()
    reason = f"{worst.rule.id}: {worst.rule.reason}"
    return CourtesyFact.model_validate(
        {**fields, "courtesy": "impolite", "confidence": worst.rule.confidence, "reason": reason}
    )


@lru_cache(maxsize=4_096)
def _breaches(text: str) -> tuple[Hit, ...]:
    return tuple(hit for span in sentences(text) for hit in load_rules("courtesy").hits(text, *span))


def _quoted(text: str, offset: int) -> bool:
    """Whether `offset` stands between double quotes: words repeated, not meant."""
    return text.count('"', 0, offset) % 2 == 1 and '"' in text[offset:]


@lru_cache(maxsize=4_096)
def _hits(text: str) -> tuple[Hit, ...]:
    return tuple(hit for span in sentences(text) for hit in load_rules("register").hits(text, *span))


def _rank(sign: _Sign) -> tuple[float, int]:
    return sign.confidence, -_REGISTERS.index(sign.register)


def _named(hits: Sequence[Hit]) -> Iterator[_Sign]:
    for hit in hits:
        if hit.label in _REGISTERS:
            yield _sign(hit, hit.label, hit.rule.confidence)


def _sign(hit: Hit, register: str, confidence: float) -> _Sign:
    return _Sign(register, hit.start, hit.end, confidence, f"{hit.rule.id}: {hit.rule.reason}")


def _pressed(view: TurnView) -> Iterator[_Sign]:
    for fact in read_pressure(view, None, selling=False):
        start, end = view.norm.locate(fact.start), view.norm.locate(fact.end)
        yield _Sign("pushy", start, end, fact.confidence, f"pressure: {fact.kind}")


def _repeated(view: TurnView, hits: Sequence[Hit], before: Sequence[str]) -> Iterator[_Sign]:
    if not before:
        return
    earlier = [sentence for text in before for sentence in _long_sentences(text)]
    for start, end in _own_sentences(view, hits):
        if process.extractOne(view.text[start:end], earlier, scorer=fuzz.ratio, score_cutoff=_SAME):
            yield _Sign("robotic", start, end, _REPEATED, "repeated: says an earlier sentence again")
    for hit in hits:
        if hit.label == "boilerplate" and any(_has(text, "boilerplate") for text in before):
            yield _sign(hit, "robotic", _STOCK_TWICE)


def _own_sentences(view: TurnView, hits: Sequence[Hit]) -> Iterator[tuple[int, int]]:
    formulas = [hit.start for hit in hits if hit.label == "formula"]
    for start, end in view.sentences:
        long = view.text.count(" ", start, end) >= _LONG - 1
        if (
            long
            and not any(start <= offset < end for offset in formulas)
            and not _READ_BACK.search(view.text[start:end])
        ):
            yield start, end


@lru_cache(maxsize=4_096)
def _long_sentences(raw: str) -> tuple[str, ...]:
    text = normalise(raw).text
    spoken = (text[start:end] for start, end in sentences(text))
    return tuple(sentence for sentence in spoken if sentence.count(" ") >= _LONG - 1)


def _has(raw: str, label: str) -> bool:
    return any(hit.label == label for hit in _hits(normalise(raw).text))


def _cold(hits: Sequence[Hit], mood: Mood | None) -> Iterator[_Sign]:
    """Procedure and nothing else, said to an upset customer."""
    if mood is None or mood.mood != "frustrated" or mood.confidence < _UPSET:
        return
    if any(hit.label in ("acknowledges", "empathetic", "boilerplate") for hit in hits):
        return
    for hit in hits:
        if hit.label == "procedure":
            yield _sign(hit, "robotic", hit.rule.confidence)
