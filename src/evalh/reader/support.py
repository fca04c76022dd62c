"""How likely it is that a passage of prose supports a claim.

Words, numbers and names of the claim are looked for in the passage, word for word and by the vectors of the tokens;
boosted trees weigh what is found, and a claim that says the opposite of its nearest sentence is taken down. Records
are left to `values`; nothing is inferred from the passage beyond its words.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from evalh.encoder.tokens import TokenEncoder, Tokens
from evalh.text.amounts import Amount, amounts
from evalh.text.normalise import normalise
from evalh.text.sentences import sentences

Floats = NDArray[np.float64]

FEATURES = (
    "covered", "covered_by_one", "rarest_missing", "pairs", "run", "numbers", "names", "against",
    "least_part", "aligned", "aligned_worst", "aligned_low", "aligned_share",
)  # fmt: skip
RISING = frozenset(FEATURES) - {"rarest_missing", "against"}
"""The features that only ever speak for support; the others only speak against it."""

_NEAREST = 5
_CLOSE = 0.6
_AT_ONCE = 64
_OPPOSED = 0.4
_SAID = 0.6

_STOP_WORDS = (
    "a an the and or but of in on at to for from by with as is are was were be been being it its this that these those "
    "he she they them his her their i you we my your our who which what there here also not no do does did has have "
    "had will would can could than then so such into about over after before during while if very just more most some "
    "any all each"
)
_STOP = frozenset(_STOP_WORDS.split())
_WORD = re.compile(r"[^\W_]+(?:[.,'][^\W_]+)*")
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")
_NEGATION = re.compile(r"\b(?:not|no|never|none|without|neither|nor|cannot|nobody|nothing|unable)\b|n't\b")
_DENIED = 3
"""How many words after a negation it denies."""
_CLAUSE_END = re.compile(r"[,;:.!?]|\b(?:but|and|if|when|unless|until)\b")
_OPPOSITES = (
    ("include", "exclude"), ("included", "excluded"), ("allowed", "prohibited"), ("allowed", "forbidden"),
    ("before", "after"), ("always", "never"), ("minimum", "maximum"), ("least", "most"), ("more", "less"),
    ("increase", "decrease"), ("increased", "decreased"), ("higher", "lower"), ("first", "last"),
    ("refundable", "non-refundable"), ("free", "charged"), ("unlimited", "limited"), ("fixed", "variable"),
    ("open", "closed"), ("opened", "closed"), ("accept", "reject"), ("accepted", "rejected"), ("won", "lost"),
    ("optional", "mandatory"), ("optional", "required"), ("early", "late"), ("earlier", "later"),
    ("inside", "outside"), ("indoor", "outdoor"), ("single", "double"), ("weekdays", "weekends"), ("buy", "sell"),
)  # fmt: skip
_OPPOSITE = [(one, other) for pair in _OPPOSITES for one, other in (pair, pair[::-1])]


@dataclass(frozen=True, slots=True)
class _Text:
    """A sentence or a claim: its normalised text, the stems of its words in order, and what weighs."""

    text: str
    stems: tuple[str, ...]
    content: tuple[tuple[str, str], ...]
    """(stem, word) of the words that carry meaning."""


def supported(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """For each (claim, passage) the probability (0 to 1) that the passage supports all of the claim.

    A claim without words and a passage without words give 0.
    """
    return [chance for start in range(0, len(pairs), _AT_ONCE) for chance in _chances(pairs[start : start + _AT_ONCE])]


def _chances(pairs: Sequence[tuple[str, str]]) -> Iterator[float]:
    rows = features(pairs)
    for row, chance in zip(rows, _weigh(rows), strict=True):
        yield float(chance) * (_OPPOSED if _is_opposed(row) else 1) if row.any() else 0.0


def _is_opposed(row: Floats) -> bool:
    """Whether a sentence says most of the claim but denies it or has another number; too rare for trees to learn."""
    against, numbers, covered = (row[FEATURES.index(name)] for name in ("against", "numbers", "covered_by_one"))
    return bool(covered >= _SAID and (against > 0 or numbers < 1))


def features(pairs: Sequence[tuple[str, str]]) -> Floats:
    """What the chances are made of: an array of shape (len(pairs), len(FEATURES)); zeros where there are no words."""
    cases = [_Case(claim, passage) for claim, passage in pairs]
    texts = list(dict.fromkeys(text for case in cases for text in case.texts()))
    tokens = dict(zip(texts, _encoder().tokens(texts), strict=True)) if texts else {}
    rows = [(*case.lexical, *case.aligned(tokens)) if case.nearest else (0.0,) * len(FEATURES) for case in cases]
    return np.array(rows, dtype=np.float64).reshape(len(pairs), len(FEATURES))


class _Case:
    """One claim with the sentences of its passage that say most of its words."""

    def __init__(self, claim: str, passage: str) -> None:
        self.parts = _sentences(claim)
        self.claim = _text(normalise(claim).text)
        said = [_text(text) for text in _sentences(passage)]
        said = [one for one in said if one.stems]
        weights = np.array([weight(word) for _, word in self.claim.content])
        shares = [_share(self.claim, weights, frozenset(one.stems)) for one in said]
        order = sorted(range(len(said)), key=lambda place: -shares[place])[:_NEAREST] if self.claim.content else []
        self.nearest = [said[place] for place in order]
        self.lexical = _lexical(self.claim, claim, weights, said, shares[order[0]]) if self.nearest else ()

    def texts(self) -> list[str]:
        return [self.claim.text, *self.parts, *(one.text for one in self.nearest)] if self.nearest else []

    def aligned(self, tokens: dict[str, Tokens]) -> tuple[float, ...]:
        """How well the tokens of the claim are matched by those of the nearest sentences."""
        near = [tokens[one.text] for one in self.nearest]
        wholes = np.array([one.sentence for one in near])
        least = min(float((wholes @ tokens[part].sentence).max()) for part in self.parts)
        own = tokens[self.claim.text]
        best = (own.vectors @ np.concatenate([one.vectors for one in near]).T).max(axis=1)
        weights = np.array([_token_weight(self.claim.text[start:end]) for start, end in own.spans])
        telling = np.sort(best[weights > 0.1]) if (weights > 0.1).any() else np.sort(best)
        low = telling[: max(1, len(telling) // 4)]
        shares = weights / weights.sum()
        return (
            least, float(best @ shares), float(telling[0]), float(low.mean()), float((best > _CLOSE) @ shares),
        )  # fmt: skip


# ---- words -------------------------------------------------------------------------


def _lexical(claim: _Text, raw: str, weights: Floats, said: Sequence[_Text], one: float) -> tuple[float, ...]:
    every = frozenset(stem for text in said for stem in text.stems)
    missing = [weight(word) for stem, word in claim.content if stem not in every]
    followed = {pair for text in said for pair in _pairs(text)}
    own = _pairs(claim)
    names = _names(raw)
    nearest = max(said, key=lambda text: _share(claim, weights, frozenset(text.stems)))
    return (
        _share(claim, weights, every),
        one,
        max(missing, default=0.0),
        sum(pair in followed for pair in own) / max(1, len(own)),
        max(_longest_run(claim.stems, text.stems) for text in said) / len(claim.stems),
        _numbers_share(claim, said),
        sum(name in every for name in names) / len(names) if names else 1.0,
        float(_against(claim, nearest)),
    )


def _share(claim: _Text, weights: Floats, stems: frozenset[str]) -> float:
    hits = [_has(stem, stems) for stem, _ in claim.content]
    return float(weights @ np.array(hits, dtype=np.float64)) / float(weights.sum()) if hits else 0.0


def _has(stem: str, stems: frozenset[str]) -> bool:
    if stem in stems:
        return True
    return len(stem) > 3 and any(other[:4] == stem[:4] and fuzz.ratio(other, stem) >= 80 for other in stems)


def _pairs(text: _Text) -> list[tuple[str, str]]:
    return list(zip(text.stems, text.stems[1:], strict=False))


def _longest_run(one: Sequence[str], other: Sequence[str]) -> int:
    best, before = 0, [0] * (len(other) + 1)
    for word in one:
        row = [0] * (len(other) + 1)
        for place, same in enumerate(other):
            if word == same:
                row[place + 1] = before[place] + 1
        best, before = max(best, *row), row
    return best


def _numbers_share(claim: _Text, said: Sequence[_Text]) -> float:
    wanted = _numbers(claim.text)
    held = frozenset(form for text in said for forms in _numbers(text.text) for form in forms)
    return sum(not held.isdisjoint(forms) for forms in wanted) / len(wanted) if wanted else 1.0


@lru_cache(maxsize=8_192)
def _numbers(text: str) -> tuple[frozenset[str], ...]:
    """The forms of each number: its digits and, so that two years are 24 months, what it amounts to."""
    found = amounts(text)
    read = [frozenset((*_digits(one.text), f"{one.kind} {one.value} {one.unit}")) for one in found]
    read += [frozenset(_digits(match.group())) for match in _DIGITS.finditer(text) if not _inside(match, found)]
    return tuple(read)


def _digits(text: str) -> list[str]:
    return [match.group().replace(",", "") for match in _DIGITS.finditer(text)]


def _inside(match: re.Match[str], found: Sequence[Amount]) -> bool:
    return any(one.start <= match.start() < one.end for one in found)


def _names(raw: str) -> set[str]:
    norm = normalise(raw)
    firsts = {start for start, _ in sentences(norm.text)}
    return {
        _stem(match.group())
        for match in _WORD.finditer(norm.text)
        if raw[norm.starts[match.start()]].isupper() and match.start() not in firsts and match.group() not in _STOP
    }


def _against(claim: _Text, sentence: _Text) -> bool:
    """Whether one denies what the other says, or says the opposite word."""
    here, there = _denied(claim.text), _denied(sentence.text)
    if (here - there) & set(sentence.stems) or (there - here) & set(claim.stems):
        return True
    one, other = set(claim.text.split()), set(sentence.text.split())
    return any(a in one and b in other and a not in other and b not in one for a, b in _OPPOSITE)


@lru_cache(maxsize=4_096)
def _denied(text: str) -> frozenset[str]:
    """The stems of the words that a negation denies."""
    found: set[str] = set()
    for match in _NEGATION.finditer(text):
        end = _CLAUSE_END.search(text, match.end())
        after = _WORD.findall(text[match.end() : end.start() if end else len(text)])
        found.update([_stem(word) for word in after if word not in _STOP][:_DENIED])
    return frozenset(found)


@lru_cache(maxsize=4_096)
def _text(text: str) -> _Text:
    words = [match.group() for match in _WORD.finditer(text)]
    content = [word for word in words if word not in _STOP] or words
    return _Text(text, tuple(map(_stem, words)), tuple((_stem(word), word) for word in content))


def _sentences(raw: str) -> list[str]:
    text = normalise(raw).text
    return [text[start:end] for start, end in sentences(text)]


def _stem(word: str) -> str:
    for ending in ("'s", "ing", "edly", "ed", "ies", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=16_384)
def weight(word: str) -> float:
    """What a word weighs (0.15 to 1): the rarer, the more; a word outside the encoder's vocabulary weighs 1."""
    rank = _encoder().rank(word)
    if rank is None:
        return 1.0
    return max(0.15, min(1.0, math.log(max(0, rank - _FIRST_WORD) / 3 + 2) / math.log(9_500)))


_FIRST_WORD = 1_990
"""Where words begin in the vocabulary, after the single characters."""


def _token_weight(token: str) -> float:
    if not token or token in _STOP or not token[0].isalnum():
        return 0.02
    return weight(token)


# ---- trees ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Trees:
    """Complete trees of depth three: 7 splits (feature, threshold) and 8 leaves each, in log-odds."""

    base: float
    feature: NDArray[np.int64]
    threshold: Floats
    leaf: Floats


def _weigh(rows: Floats) -> Floats:
    trees = _trees()
    every = np.arange(len(trees.leaf))
    odds = np.full(len(rows), trees.base)
    for number, row in enumerate(rows):
        at = np.zeros(len(every), dtype=np.int64)
        for _ in range(3):
            at = at * 2 + 1 + (row[trees.feature[every, at]] > trees.threshold[every, at])
        odds[number] += trees.leaf[every, at - 7].sum()
    chances: Floats = 1 / (1 + np.exp(-odds))
    return chances


@cache
def _trees() -> _Trees:
    stored = json.loads(files("evalh.reader").joinpath("weights", "support.json").read_text("utf-8"))
    return _Trees(
        float(stored["base"]),
        np.array(stored["feature"], dtype=np.int64),
        np.array(stored["threshold"], dtype=np.float64),
        np.array(stored["leaf"], dtype=np.float64),
    )


@cache
def _encoder() -> TokenEncoder:
    return TokenEncoder()
