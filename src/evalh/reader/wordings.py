"""Approved and prohibited wordings in agent turns: found by closeness of text, numbers masked, place kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import re2
from rapidfuzz import fuzz

from evalh.models import DisclosureFact, Lexicon, ProhibitedFact
from evalh.models.policy import LexiconDisclosure
from evalh.reader.tokens import words
from evalh.reader.view import TurnView
from evalh.text.normalise import normalise

MIN_DISCLOSURE = 70.0
MIN_PROHIBITED = 91.0
SHORT = 24
"""A wording of fewer characters must be said nearly as it stands."""
MIN_SHORT = 96.0
MIN_REWORDED = 5
"""A wording of fewer words is not recognised by its words alone."""
_COMMONEST = frozenset(
    {
        "a", "an", "the", "it", "is", "are", "be", "you", "your", "we", "our", "i", "and", "or", "of", "to", "in", "on",
        "at", "for", "with", "that", "this", "there", "will", "can", "one", "day", "after",
    }
)  # fmt: skip
_DIGITS = str.maketrans("0123456789", "##########")
_NEGATED = re2.compile(r"\b(?:not|no|never|can't|cannot|won't|don't|doesn't|isn't|aren't|unable|without|nobody|nor)\b")


@dataclass(frozen=True, slots=True)
class _Wording:
    id: str
    text: str
    content: frozenset[str]
    words: frozenset[str]
    """Its words but for the commonest; numbers as digits."""
    negates: bool


@dataclass(frozen=True, slots=True)
class _Place:
    id: str
    start: int
    end: int
    score: float


class _Wordings:
    """Wordings, found by the words they are made of."""

    def __init__(self, items: Iterable[LexiconDisclosure]) -> None:
        self.all = [_wording(item.id, text) for item in items for text in item.wordings]
        self._with: dict[str, list[int]] = {}
        for place, wording in enumerate(self.all):
            for word in wording.content:
                self._with.setdefault(word, []).append(place)

    def alike(self, said: frozenset[str]) -> list[_Wording]:
        """Those of whose longer words at least half are said, in their order."""
        shared: dict[int, int] = {}
        for word in said & self._with.keys():
            for place in self._with[word]:
                shared[place] = shared.get(place, 0) + 1
        return [self.all[place] for place in sorted(shared) if shared[place] >= 0.5 * len(self.all[place].content)]


@dataclass
class WordingFinder:
    """The wordings of one lexicon; built once per policy."""

    lexicon: Lexicon
    _disclosures: _Wordings = field(init=False)
    _prohibited: _Wordings = field(init=False)

    def __post_init__(self) -> None:
        self._disclosures = _Wordings(self.lexicon.disclosures)
        self._prohibited = _Wordings(self.lexicon.prohibited)

    def disclosures(self, view: TurnView) -> list[DisclosureFact]:
        """The disclosures an agent turn makes; one that a barge-in cut off is marked so."""
        heard = _best(self._disclosures, view.text, MIN_DISCLOSURE, reworded=True)
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
        wordings = {wording.id: wording for wording in self._prohibited.all}
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


def _best(wordings: _Wordings, text: str, least: float, *, reworded: bool = False) -> list[_Place]:
    said = frozenset(words(text))
    alike = wordings.alike(said)
    masked = _masked(text) if alike else ""
    best: dict[str, _Place] = {}
    for wording in alike:
        place = _as_worded(wording, masked, least) or (_reworded(wording, said, text) if reworded else None)
        if place is not None and (place.id not in best or place.score > best[place.id].score):
            best[place.id] = place
    return list(best.values())


def _as_worded(wording: _Wording, masked: str, least: float) -> _Place | None:
    cutoff = max(least, MIN_SHORT) if len(wording.text) < SHORT else least
    found = fuzz.partial_ratio_alignment(wording.text, masked, score_cutoff=cutoff)
    if found is None or len(masked) < 0.6 * len(wording.text):
        return None
    return _Place(wording.id, found.dest_start, found.dest_end, round(found.score / 100, 4))


def _reworded(wording: _Wording, said: frozenset[str], text: str) -> _Place | None:
    """The same content in other words ("up to thirty days from first use"): most of its words, numbers too."""
    if len(wording.words) < MIN_REWORDED:
        return None
    share = len(wording.words & said) / len(wording.words)
    return _Place(wording.id, 0, len(text), round(share, 4)) if share * 100 >= MIN_DISCLOSURE else None


def _wording(name: str, text: str) -> _Wording:
    plain = normalise(text).text
    content = frozenset(word for word in words(plain) if len(word) >= 4 and not word.isdigit())
    kept = frozenset(words(plain)) - _COMMONEST
    return _Wording(name, _masked(plain), content, kept, bool(_NEGATED.search(plain)))


def _masked(text: str) -> str:
    return text.translate(_DIGITS)


def _disclosure(view: TurnView, place: _Place, *, cut_off: bool) -> DisclosureFact:
    where = view.place(place.start, place.end).fields()
    return DisclosureFact(**where, disclosure=place.id, similarity=place.score, confidence=place.score, cut_off=cut_off)


def _until_cut(place: _Place, view: TurnView) -> _Place:
    end = len(view.text)
    return _Place(place.id, min(place.start, end), min(place.end, end), place.score)
