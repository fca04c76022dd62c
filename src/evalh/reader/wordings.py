"""Approved and prohibited wordings in agent turns: found by closeness of text, numbers masked, place kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import re2
from rapidfuzz import fuzz

from evalh.models import DisclosureFact, Lexicon, ProhibitedFact
from evalh.reader.tokens import words
from evalh.reader.view import TurnView
from evalh.text.normalise import normalise

MIN_DISCLOSURE = 70.0
MIN_PROHIBITED = 91.0
SHORT = 24
"""A wording of fewer characters must be said nearly as it stands."""
MIN_SHORT = 96.0
_DIGITS = str.maketrans("0123456789", "##########")
_NEGATED = re2.compile(r"\b(?:not|no|never|can't|cannot|won't|don't|doesn't|isn't|aren't|unable|without|nobody|nor)\b")


@dataclass(frozen=True, slots=True)
class _Wording:
    id: str
    text: str
    content: frozenset[str]
    negates: bool


@dataclass(frozen=True, slots=True)
class _Place:
    id: str
    start: int
    end: int
    score: float


@dataclass
class WordingFinder:
    """The wordings of one lexicon; built once per policy."""

    lexicon: Lexicon
    _disclosures: list[_Wording] = field(init=False)
    _prohibited: list[_Wording] = field(init=False)

    def __post_init__(self) -> None:
        self._disclosures = [_wording(item.id, text) for item in self.lexicon.disclosures for text in item.wordings]
        self._prohibited = [_wording(item.id, text) for item in self.lexicon.prohibited for text in item.wordings]

    def disclosures(self, view: TurnView) -> list[DisclosureFact]:
        """The disclosures an agent turn makes; one that a barge-in cut off is marked so."""
        heard = _best(self._disclosures, view.text, MIN_DISCLOSURE)
        facts = [_disclosure(view, place, cut_off=False) for place in heard]
        if view.turn.delivered is None:
            return facts
        made = {place.id for place in heard}
        meant = _best(self._disclosures, normalise(view.turn.text).text, MIN_DISCLOSURE)
        lost = [place for place in meant if place.id not in made]
        return facts + [_disclosure(view, _until_cut(place, view), cut_off=True) for place in lost]

    def prohibited(self, view: TurnView) -> list[ProhibitedFact]:
        """The prohibited claims an agent turn makes."""
        found: list[ProhibitedFact] = []
        wordings = {wording.id: wording for wording in self._prohibited}
        for place in _best(self._prohibited, view.text, MIN_PROHIBITED):
            start, _ = view.sentence_at(place.start)
            before = view.text[start : place.end].rsplit(",", 1)[-1] if "," in view.text[start : place.start] else None
            clause = view.text[start : place.end] if before is None else before
            if not wordings[place.id].negates and _NEGATED.search(clause):
                continue
            where = view.place(place.start, place.end).fields()
            found.append(ProhibitedFact(**where, claim=place.id, similarity=place.score, confidence=place.score))
        return found


def similarity(wording: str, text: str) -> float:
    """How close `text` comes to saying `wording`, 0 to 1, numbers counting by their place only."""
    return fuzz.partial_ratio(_masked(normalise(wording).text), _masked(normalise(text).text)) / 100


def _best(wordings: list[_Wording], text: str, least: float) -> list[_Place]:
    said = frozenset(words(text))
    masked = _masked(text)
    best: dict[str, _Place] = {}
    for wording in wordings:
        if not wording.content or len(wording.content & said) < 0.5 * len(wording.content):
            continue
        cutoff = max(least, MIN_SHORT) if len(wording.text) < SHORT else least
        found = fuzz.partial_ratio_alignment(wording.text, masked, score_cutoff=cutoff)
        if found is None or len(masked) < 0.6 * len(wording.text):
            continue
        score = round(found.score / 100, 4)
        if wording.id not in best or score > best[wording.id].score:
            best[wording.id] = _Place(wording.id, found.dest_start, found.dest_end, score)
    return list(best.values())


def _wording(name: str, text: str) -> _Wording:
    plain = normalise(text).text
    content = frozenset(word for word in words(plain) if len(word) >= 4 and not word.isdigit())
    return _Wording(name, _masked(plain), content, bool(_NEGATED.search(plain)))


def _masked(text: str) -> str:
    return text.translate(_DIGITS)


def _disclosure(view: TurnView, place: _Place, *, cut_off: bool) -> DisclosureFact:
    where = view.place(place.start, place.end).fields()
    return DisclosureFact(**where, disclosure=place.id, similarity=place.score, confidence=place.score, cut_off=cut_off)


def _until_cut(place: _Place, view: TurnView) -> _Place:
    end = len(view.text)
    return _Place(place.id, min(place.start, end), min(place.end, end), place.score)
