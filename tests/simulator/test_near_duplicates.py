"""No words of a simulated customer are near-copies of what the reader's turn model was fitted or tested on.

Otherwise the reader would be judged on its own words. Nor are two phrases of the bank nearly the same: one customer
would repeat itself. Short formulas ("yes please") are everybody's: up to FORMULA words a phrase may be what another
says, and only the bank's own phrases are compared to the letter.

Two texts of more words are near-duplicates where one came of the other by editing a few words (ALIKE), where both are
made of almost the same words in another order (SAME_WORDS), or where they share a long run of words (RUN).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
from rapidfuzz.distance import LCSseq

from evalh.models import Persona
from evalh.simulator.bank import PLACEHOLDER, load_bank
from evalh.text.yaml import load_yaml, validate

ROOT = Path(__file__).parents[2]
FORMULA = 4
"""Words up to which a phrase is a formula."""
ALIKE = 0.7
"""Words in common and in the same order, of the longer one; "can we just sort the bill" for "...the refund" is 0.83."""
SAME_WORDS = 0.8
"""Distinct words in common, of all distinct words."""
RUN = 7
"""Words in a row."""


@dataclass(frozen=True)
class Said:
    """A text as words, with where it stands."""

    text: str
    place: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str, place: str) -> Said:
        plain = PLACEHOLDER.sub(lambda match: f" x{match[1]}x ", text).lower().replace("’", "'")
        return cls(text, place, tuple(re.findall(r"[\w']+", plain)))

    def runs(self, length: int) -> Iterator[tuple[str, ...]]:
        return zip(*(self.words[at:] for at in range(length)), strict=False)


def near(one: Said, other: Said) -> bool:
    """Whether one could be made of the other by changing a few words."""
    a, b = one.words, other.words
    if min(len(a), len(b)) <= FORMULA:
        return False
    if LCSseq.similarity(a, b) >= ALIKE * max(len(a), len(b)):
        return True
    mine, theirs = set(a), set(b)
    if len(mine & theirs) >= SAME_WORDS * len(mine | theirs):
        return True
    return not set(one.runs(RUN)).isdisjoint(other.runs(RUN))


class Corpus:
    """Texts that are looked up by the pairs of words they hold."""

    def __init__(self, texts: list[Said]) -> None:
        self.texts = texts
        self._with: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for at, said in enumerate(texts):
            for pair in set(said.runs(2)):
                self._with[pair].append(at)

    def near(self, said: Said) -> list[Said]:
        shared: dict[int, int] = defaultdict(int)
        for pair in set(said.runs(2)):
            for at in self._with.get(pair, ()):
                shared[at] += 1
        least = 2 if len(said.words) > FORMULA + 1 else 1
        return [self.texts[at] for at, pairs in shared.items() if pairs >= least and near(said, self.texts[at])]


@pytest.fixture(scope="module")
def labelled() -> Corpus:
    turns: dict[str, str] = {}
    for file in sorted(ROOT.glob("data/turns/*/*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            record = json.loads(line)
            for turn in record["turns"]:
                if turn["role"] == "customer":
                    turns.setdefault(turn["text"], record["id"])
    assert len(turns) > 5_000
    return Corpus([Said.of(text, place) for text, place in turns.items()])


def bank() -> list[Said]:
    phrases = [(text, entry) for entry in load_bank().entries for text in entry.say]
    return [Said.of(text, " ".join([*entry.act, entry.slot or "", entry.part])) for text, entry in phrases]


def shipped() -> list[Said]:
    """What the personas that come with evalh have to say."""
    found: list[Said] = []
    for file in sorted(ROOT.glob("personas/*.yaml")):
        persona = validate(load_yaml(file), Persona)
        found += [Said.of(text, f"{file.name} {item.id}") for item in persona.agenda for text in item.say]
    return found


def listed(pairs: list[tuple[Said, Said]]) -> str:
    return "\n".join(f"{one.place}: {one.text!r}\n  ~ {other.place}: {other.text!r}" for one, other in pairs)


def test_no_phrase_is_a_near_copy_of_a_labelled_turn(labelled: Corpus) -> None:
    found = [(said, other) for said in bank() for other in labelled.near(said)]
    assert not found, listed(found)


def test_no_words_of_a_shipped_persona_are_a_near_copy_of_a_labelled_turn(labelled: Corpus) -> None:
    found = [(said, other) for said in shipped() for other in labelled.near(said)]
    assert not found, listed(found)


def test_no_two_phrases_are_nearly_the_same() -> None:
    cores = [said for said in bank() if said.place.endswith("core")]
    corpus = Corpus(cores)
    found = [(said, other) for said in cores for other in corpus.near(said) if other.text < said.text]
    same: dict[tuple[str, tuple[str, ...]], list[Said]] = defaultdict(list)
    for said in cores:
        same[said.place, said.words].append(said)
    found += [pair for group in same.values() for pair in combinations(group, 2)]
    assert not found, listed(found)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("can we just sort the bill out first", "look can we just sort the refund out first"),
        ("my husband looks after the money in this house", "my wife looks after the money in this house"),
        ("I already have one of those in the car", "in the car I already have one of those"),
        (
            "no I would rather not because I am moving to another town",
            "well, because I am moving to another town in the spring",
        ),
    ],
)
def test_an_edited_copy_is_found(one: str, other: str) -> None:
    assert near(Said.of(one, ""), Said.of(other, ""))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("yes please", "yes please"),
        ("no, thank you", "no thank you"),
        ("I don't want another contract", "I don't need it, thank you"),
        ("let me think about it over the weekend", "let me ask my daughter about it when she visits"),
    ],
)
def test_formulas_and_other_sentences_are_let_be(one: str, other: str) -> None:
    assert not near(Said.of(one, ""), Said.of(other, ""))
