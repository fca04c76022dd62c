"""Which offers a turn names: display names, spoken aliases, codes, slips of speech recognition and of typing.

Exact names win over near ones and longer ones over shorter; where two offers match equally well the ambiguity is
kept as candidates. What a turn does with an offer it names is read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise, product

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
MIN_JOINED = 92.0
"""How close it must come, written as one word, where it has a word more or less."""
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
_CODE_SIGN = re.compile(r"[A-Za-z][-_0-9]")
"""What every code has; a quick look spares most turns the whole."""
_CODE_LIKE = re2.compile(r"\b[A-Za-z][A-Za-z]*(?:[-_][A-Za-z0-9]+)+\b|\b[A-Za-z]{2,}[0-9]+[A-Za-z0-9]*\b")


@dataclass(frozen=True)
class _Name:
    offer: str
    words: tuple[str, ...]
    form: MentionForm
    proper: bool = False
    """Whether the policy writes it with a capital."""

    @cached_property
    def text(self) -> str:
        return " ".join(self.words)

    @cached_property
    def together(self) -> str:
        return "".join(self.words)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if word.isdigit())


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
    _by_first: dict[str, list[_Name]] = field(init=False)
    _by_word: dict[str, list[tuple[_Name, int]]] = field(init=False)
    _by_initial: dict[str, list[str]] = field(init=False)
    _near: dict[str, tuple[tuple[_Name, int], ...]] = field(init=False, default_factory=dict)
    _heads: dict[str, frozenset[str]] = field(init=False)
    _codes: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._names = list(_names_of(self.lexicon))
        self._by_first, self._by_word, self._by_initial = {}, {}, {}
        for name in sorted(self._names, key=lambda name: -len(name.words)):
            self._by_first.setdefault(name.words[0], []).append(name)
        for name in self._names:
            for word in dict.fromkeys(word for word in name.words if len(word) >= 4 and not word.isdigit()):
                self._by_word.setdefault(word, []).append((name, name.words.index(word)))
        for word in self._by_word:
            self._by_initial.setdefault(word[0], []).append(word)
        self._heads = {
            offer.id: frozenset(
                name.words[-1] for name in self._names if name.offer == offer.id and len(name.words) > 1
            )
            - _TOO_COMMON
            for offer in self.lexicon.offers
        }
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
        for offer, words_of in self._heads.items():
            for word in words_of:
                if not word.isdigit():
                    found.setdefault(word, set()).add(offer)
        return {word: frozenset(offers) for word, offers in found.items()}

    def head_of(self, offer: str, text: str) -> tuple[int, int] | None:
        """Where `text` says "the pass" or "that credit" of an offer whose name ends so; None where it does not."""
        heads = self._heads.get(offer, frozenset())
        if heads.isdisjoint(words(text)):
            return None
        for first, second in pairwise(tokens(text)):
            if first.word in _POINTING and second.word in heads:
                return first.start, second.end
        return None

    def _name_mentions(self, view: TurnView) -> Iterator[Named]:
        said = words(view.text)
        matches = [*self._exact_matches(said), *self._slips(said)]
        if not matches:
            return
        row = tokens(view.text)
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

    def _exact_matches(self, said: tuple[str, ...]) -> Iterator[_Match]:
        for first, word in enumerate(said):
            for name in self._by_first.get(word, ()):
                end = first + len(name.words)
                if said[first:end] == name.words:
                    yield _Match(first, end - 1, name, 100.0)

    def _slips(self, said: tuple[str, ...]) -> Iterator[_Match]:
        seen: set[tuple[int, str]] = set()
        ends = (0, *accumulate(map(len, said)))
        for position, spoken in enumerate(said):
            for name, before in self._names_near(spoken):
                first = position - before
                if (first, name.text) in seen or not all(number in said for number in name.numbers):
                    continue
                seen.add((first, name.text))
                if first < 0 or said[first : first + len(name.words)] != name.words:
                    yield from _slip(said, ends, first, name)

    def _names_near(self, word: str) -> tuple[tuple[_Name, int], ...]:
        """The names that have a word close to `word`, each with how many of its words come before that one."""
        found = self._near.get(word)
        if found is None:
            known = self._by_initial.get(word[0], ()) if len(word) >= 4 and not word[0].isdigit() else ()
            near = (near for other in known if _may_be(word, other) for near in self._by_word[other])
            found = tuple((name, before) for name, before in near if len(name.text) >= 6)
            if len(self._near) < 20_000:
                self._near[word] = found
        return found

    def _code_mentions(self, view: TurnView) -> Iterator[Named]:
        raw = view.norm.raw
        if not _CODE_SIGN.search(raw):
            return
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


def _slip(said: tuple[str, ...], ends: tuple[int, ...], first: int, name: _Name) -> Iterator[_Match]:
    """The best of the places about `first` where the words come close to the name, if any does.

    `ends` holds how many letters there are before each word, and after the last.
    """
    best: _Match | None = None
    exact = len(name.words)
    for start, length in product((first, first - 1), (exact, exact + 1, exact - 1)):
        end = start + length
        if start < 0 or length < 1 or end > len(said):
            continue
        if length != exact and not _may_join(ends[end] - ends[start], len(name.together)):
            continue
        score = _closeness(said[start:end], name)
        if score >= MIN_RATIO and (best is None or score > best.score):
            best = _Match(start, end - 1, name, min(score, 99.0))
    if best is not None:
        yield best


def _may_join(letters: int, wanted: int) -> bool:
    """Whether so many letters can be close enough to so many others."""
    return 200 * min(letters, wanted) >= MIN_JOINED * (letters + wanted)


def _closeness(window: tuple[str, ...], name: _Name) -> float:
    """How close the words come to the name; numbers must be the same, for 500 is no slip of 300."""
    if not _each_word_near(window, name):
        return 0.0
    if [word for word in window if word.isdigit()] != [word for word in name.words if word.isdigit()]:
        return 0.0
    return fuzz.ratio(" ".join(window), name.text, score_cutoff=MIN_RATIO)


def _each_word_near(window: tuple[str, ...], name: _Name) -> bool:
    if len(window) == len(name.words):
        return all(map(_may_be, window, name.words))
    return fuzz.ratio("".join(window), name.together, score_cutoff=MIN_JOINED) >= MIN_JOINED


@lru_cache(maxsize=16_384)
def _may_be(said: str, word: str) -> bool:
    if said == word:
        return True
    if said[0] != word[0] or min(len(said), len(word)) < 4 or said.isdigit() or word.isdigit():
        return False
    return fuzz.ratio(said, word) >= 74


def _overlaps(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)
