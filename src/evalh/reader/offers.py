"""Which offers a turn names: display names, spoken aliases, codes, slips of speech recognition and of typing.

Exact names win over near ones and longer ones over shorter; where two offers match equally well the ambiguity is
kept as candidates. What a turn does with an offer it names is read elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import re2
from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein

from evalh.models import Candidate, Lexicon
from evalh.models.vocabulary import MentionForm
from evalh.reader.tokens import Token, tokens, words
from evalh.reader.view import Named, TurnView
from evalh.text.normalise import normalise

MIN_RATIO = 86.0
"""How close (0 to 100) a slip must come to a name."""
MIN_CONFIDENCE = 0.4
TIE = 2.0
"""Names of different offers this close to the best are candidates too."""
_POINTING = frozenset({"the", "that", "thi", "this", "your"})
_TOO_COMMON = frozenset(
    {
        "plan",
        "offer",
        "deal",
        "line",
        "internet",
        "phone",
        "data",
        "service",
        "call",
        "calling",
        "account",
        "one",
        "address",
    }
)
_UNITS = frozenset(
    {"gig", "gb", "meg", "mbp", "mbps", "minute", "day", "month", "year", "line", "dollar", "point", "mile"}
)
_CODE_LIKE = re2.compile(r"\b[A-Za-z][A-Za-z]*(?:[-_][A-Za-z0-9]+)+\b|\b[A-Za-z]{2,}[0-9]+[A-Za-z0-9]*\b")


@dataclass(frozen=True, slots=True)
class _Name:
    offer: str
    words: tuple[str, ...]
    form: MentionForm
    proper: bool = False
    """Whether the policy writes it with a capital."""

    @property
    def text(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class _Match:
    first: int
    last: int
    name: _Name
    score: float


@dataclass
class OfferFinder:
    """Finds the offers of one lexicon. Built once per policy and used for every turn."""

    lexicon: Lexicon
    _names: list[_Name] = field(init=False)
    _exact: dict[tuple[str, ...], list[_Name]] = field(init=False)
    _longest: int = field(init=False)
    _near: dict[str, frozenset[str]] = field(init=False, default_factory=dict)
    _first_words: frozenset[str] = field(init=False)
    _by_word: dict[str, list[_Name]] = field(init=False)
    _by_initial: dict[str, list[str]] = field(init=False)
    _codes: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._names = list(_names_of(self.lexicon))
        self._exact = {}
        self._by_word = {}
        for name in self._names:
            self._exact.setdefault(name.words, []).append(name)
            for word in {word for word in name.words if len(word) >= 4 and not word.isdigit()}:
                self._by_word.setdefault(word, []).append(name)
        self._by_initial = {}
        for word in self._by_word:
            self._by_initial.setdefault(word[0], []).append(word)
        self._first_words = frozenset(name.words[0] for name in self._names)
        self._longest = max((len(name.words) for name in self._names), default=0)
        self._codes = {
            code.upper(): offer.id for offer in self.lexicon.offers for code in offer.codes if _looks_like_code(code)
        }

    def find(self, view: TurnView) -> list[Named]:
        """The offers named in a turn, in order, not overlapping."""
        codes = list(self._code_mentions(view))
        taken = [(named.start, named.end) for named in codes]
        spoken = [named for named in self._name_mentions(view) if not _overlaps((named.start, named.end), taken)]
        return sorted([*codes, *spoken], key=lambda named: named.start)

    def may_be_called(self, offer: str, said: tuple[str, ...]) -> bool:
        """Whether `said` is part of a name of the offer ("protect" of "Protect Plus")."""
        return bool(said) and any(set(said) <= set(name.words) for name in self._names if name.offer == offer)

    def heads(self) -> dict[str, frozenset[str]]:
        """The last words of display names and aliases, with the offers they end."""
        found: dict[str, set[str]] = {}
        for name in self._names:
            if len(name.words) > 1 and name.words[-1] not in _TOO_COMMON and not name.words[-1].isdigit():
                found.setdefault(name.words[-1], set()).add(name.offer)
        return {word: frozenset(offers) for word, offers in found.items()}

    def head_of(self, offer: str, text: str) -> tuple[int, int] | None:
        """Where `text` says "the pass" or "that credit" of an offer whose name ends so; None where it does not."""
        heads = {name.words[-1] for name in self._names if name.offer == offer and len(name.words) > 1}
        row = tokens(text)
        for first, second in pairwise(row):
            if first.word in _POINTING and second.word in heads - _TOO_COMMON:
                return first.start, second.end
        return None

    def _name_mentions(self, view: TurnView) -> Iterator[Named]:
        row = tokens(view.text)
        matches = [*self._exact_matches(row), *self._slips(row)]
        matches.sort(key=lambda match: (match.score < 100, -(match.last - match.first), -match.score, match.first))
        taken: list[tuple[int, int]] = []
        for match in matches:
            span = (match.first, match.last + 1)
            if _overlaps(span, taken):
                continue
            taken.append(span)
            named = _named(view, row, match, matches)
            if named.confidence >= MIN_CONFIDENCE:
                yield named

    def _exact_matches(self, row: tuple[Token, ...]) -> Iterator[_Match]:
        for first in range(len(row)):
            if row[first].word not in self._first_words:
                continue
            for length in range(min(self._longest, len(row) - first), 0, -1):
                key = tuple(token.word for token in row[first : first + length])
                for name in self._exact.get(key, ()):
                    yield _Match(first, first + length - 1, name, 100.0)

    def _slips(self, row: tuple[Token, ...]) -> Iterator[_Match]:
        seen: set[tuple[int, str]] = set()
        for position, token in enumerate(row):
            for word in self._words_near(token.word):
                for name in self._by_word[word]:
                    yield from self._slips_of(row, position, word, name, seen)

    def _slips_of(
        self, row: tuple[Token, ...], position: int, word: str, name: _Name, seen: set[tuple[int, str]]
    ) -> Iterator[_Match]:
        first = position - name.words.index(word)
        if len(name.text) < 6 or (first, name.text) in seen:
            return
        seen.add((first, name.text))
        best: _Match | None = None
        for start in (first, first - 1):
            for length in (len(name.words), len(name.words) + 1, len(name.words) - 1):
                if start < 0 or length < 1 or start + length > len(row):
                    continue
                window = [token.word for token in row[start : start + length]]
                score = _closeness(window, name.words)
                if score >= MIN_RATIO and (best is None or score > best.score):
                    best = _Match(start, start + length - 1, name, min(score, 99.0))
        if best is not None:
            yield best

    def _words_near(self, word: str) -> frozenset[str]:
        if len(word) < 4 or word[0].isdigit():
            return frozenset()
        found = self._near.get(word)
        if found is None:
            found = frozenset(known for known in self._by_initial.get(word[:1], ()) if _may_be(word, known))
            if len(self._near) < 20_000:
                self._near[word] = found
        return found

    def _code_mentions(self, view: TurnView) -> Iterator[Named]:
        raw = view.norm.raw
        for match in _CODE_LIKE.finditer(raw):
            said = match.group()
            offer, form, score = self._code(said)
            if form is None:
                continue
            start, end = view.norm.locate(match.start()), view.norm.locate(match.end() - 1) + 1
            candidates = (Candidate(offer=offer, score=score),) if offer else ()
            yield Named(start, end, offer, candidates, form, said, 0.95 if score == 1 else 0.75)

    def _code(self, said: str) -> tuple[str | None, MentionForm | None, float]:
        upper = said.upper()
        if upper in self._codes:
            return self._codes[upper], "code", 1.0
        if said != upper or not any(char.isdigit() or char in "-_" for char in said):
            return None, None, 0.0
        near = [code for code in self._codes if DamerauLevenshtein.distance(upper, code, score_cutoff=2) <= 2]
        near = [code for code in near if len(code) >= 5 and code[0] == upper[0]]
        if not near:
            return None, None, 0.0
        best = min(near, key=lambda code: (DamerauLevenshtein.distance(upper, code), code))
        return self._codes[best], "code_typo", 0.8


def _named(view: TurnView, row: tuple[Token, ...], match: _Match, matches: list[_Match]) -> Named:
    rivals: dict[str, float] = {}
    for other in matches:
        same_place = other.first <= match.last and match.first <= other.last
        same_length = other.last - other.first >= match.last - match.first
        if same_place and same_length and other.score >= match.score - TIE:
            rivals[other.name.offer] = max(rivals.get(other.name.offer, 0.0), other.score)
    candidates = tuple(
        Candidate(offer=offer, score=round(score / 100, 4))
        for offer, score in sorted(rivals.items(), key=lambda item: (-item[1], item[0]))
    )
    start, end = row[match.first].start, row[match.last].end
    exact = match.score == 100.0
    said = view.norm.quote(start, end)
    sure = 0.97 if exact else match.score / 100 - 0.1
    if exact and match.name.proper and len(match.name.words) == 1 and not said[:1].isupper():
        sure = 0.6 if said.lower() == match.name.text else 0.3
    return Named(
        start,
        end,
        match.name.offer if len(candidates) == 1 else None,
        candidates,
        match.name.form if exact else "asr",
        said,
        sure if len(candidates) == 1 else 0.45,
    )


def _names_of(lexicon: Lexicon) -> Iterator[_Name]:
    for offer in lexicon.offers:
        for position, name in enumerate(offer.names):
            key = _without_article(words(normalise(name).text))
            if key:
                yield _Name(offer.id, key, "name" if position == 0 else "alias", name[:1].isupper())
        for code in offer.codes:
            key = words(normalise(code).text)
            if len(key) > 1:
                yield _Name(offer.id, key, "name")


def _without_article(key: tuple[str, ...]) -> tuple[str, ...]:
    """Without "the", but where only an amount would be left: "the fifteen gig" is a name, "fifteen gigs" is not."""
    if len(key) < 2 or key[0] not in ("the", "a", "an"):
        return key
    return key if all(word.isdigit() or word in _UNITS for word in key[1:]) else key[1:]


def _looks_like_code(code: str) -> bool:
    return bool(_CODE_LIKE.fullmatch(code)) or (code.isupper() and len(code) >= 4)


def _closeness(window: list[str], name: tuple[str, ...]) -> float:
    """How close the words come to the name; numbers must be the same, for 500 is no slip of 300."""
    numbers = [word for word in name if word.isdigit()]
    if [word for word in window if word.isdigit()] != numbers:
        return 0.0
    text, target = " ".join(window), " ".join(name)
    close = fuzz.ratio(text, target)
    if close >= MIN_RATIO and not _each_word_near(window, name):
        return 0.0
    return close


def _each_word_near(window: list[str], name: tuple[str, ...]) -> bool:
    if len(window) != len(name):
        return "".join(window) == "".join(name) or fuzz.ratio("".join(window), "".join(name)) >= 92
    return all(_may_be(said, word) for said, word in zip(window, name, strict=True))


def _may_be(said: str, word: str) -> bool:
    if said == word:
        return True
    if min(len(said), len(word)) < 4 or said.isdigit() or word.isdigit():
        return False
    return said[0] == word[0] and fuzz.ratio(said, word) >= 74


def _overlaps(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)
