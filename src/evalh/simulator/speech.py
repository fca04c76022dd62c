"""How a persona sounds: the words of a line, touched by its English, its style, its stumbling and the recogniser.

What is meant stays: words that deny are never added, lost, doubled or taken for others; what the customer was asked for
and names of offers keep their words and digits (a recogniser writes numbers in words, and at high noise it may mishear
a name). What is said is left to `phrase`. Everything follows from the source of chance that is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from random import Random

from evalh.models.persona import Degree, Speech
from evalh.simulator.englishes import ARTICLES_LEFT_OUT, FULL_FORMS, SET_PHRASES, TOUCHES, Rule, in_full
from evalh.simulator.recogniser import recognised
from evalh.simulator.words import Word, capped, joined, lowered, row, typed

_STUMBLES: dict[Degree, float] = {"none": 0.0, "low": 0.025, "medium": 0.06, "high": 0.11}
"""How often a stumble comes before a word; more often where a sentence or a clause begins."""
_AT_A_START = 3.0
_APART = 3
"""Words at least between two stumbles."""
_TYPED = 0.25
"""How much rarer than in speech people type a stumble; they type none within a clause."""
_PAUSES = {"en-GB": ("er", "erm", "um"), "en-IE": ("em", "er"), "en-AU": ("um", "er"), "en-x-es": ("eh", "uh")}
_USUAL = ("uh", "um")
_ASKED = frozenset(row("i you he she it we they that this there anybody anyone"))
"""Words before which "don't" begins a question."""
_DOUBLED = frozenset(row("i we my the that it's i'm it can could what you so and but a is"))
"""Words that people say twice while they look for the next one."""


def spoken(words: Sequence[Word], speech: Speech, channel: str, chance: Random, *, lower: bool = False) -> str:
    """The words as this persona says them; `lower`: it types without capitals. Never none of them."""
    said = list(words)
    if speech.style in ("formal", "simple"):
        said = _touched(_denied_in_full(said), FULL_FORMS, 1.0, chance)
    for often, rules in TOUCHES.get(speech.variety, ()):
        said = _touched(said, rules, often, chance)
    said = _without_articles(said, ARTICLES_LEFT_OUT.get(speech.variety, 0.0), chance)
    said = capped(said) if words and words[0].text[:1].isupper() else said
    said = _stumbling(said, speech, channel, chance)
    if channel == "voice" and speech.asr_noise != "none":
        return recognised(said, speech.asr_noise, chance) or joined(words)
    return typed(said) if lower and channel != "voice" else joined(said)


def _denied_in_full(words: Sequence[Word]) -> list[Word]:
    """ "do not" for "don't", but for questions: "don't you"."""
    return [
        Word(part, word.kind)
        for word, after in _followed(words)
        for part in (in_full(word.text) if word.kind == "plain" and after not in _ASKED else word.text).split()
    ]


def _followed(words: Sequence[Word]) -> Iterator[tuple[Word, str]]:
    """Each word with the bare one after it."""
    return zip(words, [*(word.bare for word in words[1:]), ""], strict=False)


def _touched(words: Sequence[Word], rules: Sequence[Rule], often: float, chance: Random) -> list[Word]:
    """Each place that fits a rule is rewritten as `often`; only in stretches of words that may be changed."""
    said: list[Word] = []
    for fixed, stretch in groupby(words, key=lambda word: word.fixed):
        found = list(stretch)
        if fixed:
            said += found
            continue
        text = joined(found)
        for pattern, to in rules:
            text = pattern.sub(lambda match, to=to: _cased(match, to) if chance.random() < often else match[0], text)  # type: ignore[misc]
        said += [Word(part) for part in text.split()]
    return said


def _cased(match: re.Match[str], to: str) -> str:
    text = match.expand(to)
    return text[:1].upper() + text[1:] if match[0][:1].isupper() else text


def _without_articles(words: Sequence[Word], often: float, chance: Random) -> list[Word]:
    if not often:
        return list(words)
    return [
        word
        for word, after in _followed(words)
        if not (word.kind == "plain" and word.bare in ("a", "an", "the") and after not in SET_PHRASES)
        or chance.random() >= often
    ]


def _stumbling(words: Sequence[Word], speech: Speech, channel: str, chance: Random) -> list[Word]:
    rate = _STUMBLES[speech.disfluency] * (1.0 if channel == "voice" else _TYPED)
    if not rate:
        return list(words)
    pauses = _PAUSES.get(speech.variety, _USUAL)
    said: list[Word] = []
    last = -_APART
    for at, word in enumerate(words):
        starts = at == 0 or words[at - 1].pauses
        inside = word.kind != "plain" and at > 0 and words[at - 1].kind == word.kind
        within = channel == "voice" and at < len(words) - 1
        drawn = chance.random() < rate * (_AT_A_START if starts else float(within))
        if drawn and not inside and at - last >= _APART:
            last = at
            said = _stumble(said, words[at:], pauses, channel, chance)
        else:
            said.append(word)
    return said


def _stumble(
    said: list[Word], ahead: Sequence[Word], pauses: Sequence[str], channel: str, chance: Random
) -> list[Word]:
    """`said` and the next word, after a pause, or begun twice where that can be done without denying twice."""
    word = ahead[0]
    begins = not said or said[-1].text[-1:] in ".!?"
    if channel == "voice" and word.bare in _DOUBLED and not word.fixed and not word.pauses and chance.random() < 0.6:
        pair = list(ahead[:2])
        long = len(pair) == 2 and chance.random() < 0.4 and not pair[1].fixed and not pair[1].pauses
        first = pair if long else [word]
        again = lowered(first)[0]
        return [*said, *first[:-1], Word(first[-1].text + ","), again]
    pause = chance.choice(list(pauses))
    if begins:
        return [*said, Word(pause.capitalize() + ","), *lowered([word])]
    if said[-1].pauses or said[-1].kind != "plain":
        return [*said, Word(pause + ","), word]
    return [*said, Word(pause), word]
