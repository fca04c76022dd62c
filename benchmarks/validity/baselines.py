"""Trivial readers to beat: always the same label, hand-made words, VADER, and logistic regression over TF-IDF.

The fitted one never sees a case it answers: it is fitted on the lines a corpus sets apart for that, or else in five
parts, each without the conversations (where a corpus has tasks, without the tasks) that it answers. What needs a
package that is not installed is None, and so is no column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
from benchmarks.validity.scoring import Case

from evalh.stats.agreement import balanced_accuracy, confusion

PARTS = 5
_MANY = 200
_TOKEN = re.compile(r"\w\w")
"""What scikit-learn takes for a word, at the least."""
_WORD = re.compile(r"[a-z]+|\d+(?:[.,:]\d+)*")


@dataclass(frozen=True)
class Chances:
    """What a fitted baseline says of each case: the chance of each label."""

    labels: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]

    def likeliest(self) -> list[str]:
        """The likeliest label of each case."""
        return [self.labels[max(range(len(row)), key=row.__getitem__)] for row in self.rows]

    def of(self, label: str) -> list[float]:
        """The chance of one label for each case."""
        place = self.labels.index(label) if label in self.labels else None
        return [0.0 if place is None else row[place] for row in self.rows]


def always(label: str, cases: Sequence[Case]) -> list[str]:
    """The same label for every case."""
    return [label] * len(cases)


def by_words(cases: Sequence[Case], patterns: Sequence[tuple[str, re.Pattern[str]]], otherwise: str) -> list[str]:
    """The label of the first pattern that is in the text, `otherwise` where none is."""
    return [next((label for label, words in patterns if words.search(case.text)), otherwise) for case in cases]


def vader(cases: Sequence[Case]) -> list[float] | None:
    """VADER's compound score of each text, -1 to 1 (Hutto and Gilbert 2014); None where it is not installed."""
    analyser = _vader()
    return None if analyser is None else [compound(case.text) or 0.0 for case in cases]


def compound(text: str) -> float | None:
    """VADER's compound score of one text; None where it is not installed."""
    analyser = _vader()
    return None if analyser is None else float(analyser.polarity_scores(text)["compound"])


@cache
def _vader() -> Any:
    module = installed("vaderSentiment.vaderSentiment")
    return None if module is None else module.SentimentIntensityAnalyzer()


def fitted(fit: Sequence[Case], cases: Sequence[Case]) -> Chances | None:
    """Logistic regression over TF-IDF of words and pairs of words; None where scikit-learn is not installed."""
    if installed("sklearn") is None or not cases:
        return None
    if fit:
        return _answers(fit, cases)
    labels = tuple(sorted({case.gold for case in cases}))
    rows: dict[int, tuple[float, ...]] = {}
    for inside, outside in folds(cases):
        said = _answers([cases[place] for place in outside] or cases, [cases[place] for place in inside])
        columns = [said.of(label) for label in labels]
        rows |= {place: tuple(column[row] for column in columns) for row, place in enumerate(inside)}
    return Chances(labels, tuple(rows[place] for place in range(len(cases))))


def folds(cases: Sequence[Case]) -> Iterator[tuple[list[int], list[int]]]:
    """The places of each of up to five parts, and those outside; what belongs together is never divided."""
    sizes: dict[str, int] = {}
    for case in cases:
        sizes[case.unseen] = sizes.get(case.unseen, 0) + 1
    held = [0] * min(PARTS, len(sizes))
    part: dict[str, int] = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        part[name] = held.index(min(held))
        held[part[name]] += sizes[name]
    for number in range(len(held)):
        inside = [place for place, case in enumerate(cases) if part[case.unseen] == number]
        yield inside, [place for place, case in enumerate(cases) if part[case.unseen] != number]


def _answers(fit: Sequence[Case], cases: Sequence[Case]) -> Chances:
    labels = tuple(sorted({case.gold for case in fit}))
    if len(labels) < 2 or not any(_TOKEN.search(case.text) for case in fit):
        return Chances(labels, ((1.0 / len(labels),) * len(labels),) * len(cases))
    text, linear = import_module("sklearn.feature_extraction.text"), import_module("sklearn.linear_model")
    rare = 2 if len(fit) >= _MANY else 1
    vectors = text.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=rare)
    model = linear.LogisticRegression(class_weight="balanced", max_iter=1000)
    model.fit(vectors.fit_transform([case.text for case in fit]), [case.gold for case in fit])
    chances = model.predict_proba(vectors.transform([case.text for case in cases]))
    return Chances(tuple(model.classes_), tuple(map(tuple, chances.tolist())))


def closeness(pairs: Sequence[tuple[str, str]]) -> list[float] | None:
    """The TF-IDF cosine of the two texts of each pair; None where scikit-learn is not installed."""
    if installed("sklearn") is None or not any(_TOKEN.search(text) for pair in pairs for text in pair):
        return None
    text = import_module("sklearn.feature_extraction.text")
    vectors = text.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    vectors.fit([text for pair in pairs for text in pair])
    one, other = vectors.transform([pair[0] for pair in pairs]), vectors.transform([pair[1] for pair in pairs])
    products: list[float] = np.asarray(one.multiply(other).sum(axis=1)).ravel().tolist()
    return products


def overlap(text: str, evidence: str) -> float:
    """The share of the words and numbers of a text that are in the evidence; 1 for a text without any."""
    said, known = set(_WORD.findall(text.lower())), set(_WORD.findall(evidence.lower()))
    return len(said & known) / len(said) if said else 1.0


def above_best(cases: Sequence[Case], scores: Sequence[float], yes: str, no: str) -> list[str]:
    """`yes` from the score on at which balanced accuracy is best in the other four parts."""
    said = [no] * len(cases)
    for inside, outside in folds(cases):
        edge = _best_edge([cases[place].gold == yes for place in outside], [scores[place] for place in outside])
        for place in inside:
            said[place] = yes if scores[place] >= edge else no
    return said


def _best_edge(gold: Sequence[bool], scores: Sequence[float]) -> float:
    edges = sorted(set(scores))[:: max(1, len(set(scores)) // 100)] or [0.5]

    def worth(edge: float) -> float:
        counts = confusion(["all"] * len(gold), gold, [score >= edge for score in scores])
        return float(balanced_accuracy(counts.sum(axis=0).astype(float)))

    return max(edges, key=worth)


def positive(scores: Sequence[float] | None, edge: float, words: tuple[str, str]) -> list[str] | None:
    """The first of `words` for a score of at least `edge`, else the second; None of None."""
    return None if scores is None else [words[0] if score >= edge else words[1] for score in scores]


def labels_of(chances: Chances | None) -> list[str] | None:
    """The likeliest labels; None of None."""
    return None if chances is None else chances.likeliest()


def installed(name: str) -> ModuleType | None:
    """The package of that name, None where it is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        return None
