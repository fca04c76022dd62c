"""Answers to an open offer: SGD (accept or refuse), MultiDoGO and NLU++ (accept, refuse or other).

SGD gives the agent's question before each reply, such as "Do you want to rent this car?". What it offers is no product
of a policy, so the agent's turn goes on with a question that names one: the reply then answers an open offer, and only
how it is read is measured. The row "as said" leaves the question as it is, with a policy whose offer is called by the
words that such questions use; it also measures whether the question is taken for an offer. The label is whether the
customer wants it now, so a reply read as defer or deflect counts as a refusal.

MultiDoGO and NLU++ have customer turns without what was asked. Each is read as the answer to a question that names an
offer; accept and refuse are those answers, every other one and none is "other".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.validity import baselines
from benchmarks.validity.corpus import Corpus, Line, Source
from benchmarks.validity.reading import TURNED_DOWN, Desk, conversation, lexicon, replies_at
from benchmarks.validity.scoring import Case, Found, Measure, Row, compare, split_by

from evalh.models import Lexicon, Reading

OFFER = "Comfort Package"
QUESTION = f"Would you like to go ahead with the {OFFER}?"
AS_SAID = (
    "booking", "reservation", "rental", "tickets", "ticket", "appointment", "table", "room", "visit", "transfer",
    "movie", "song", "purchase", "order", "book", "reserve", "rent", "buy", "schedule", "play", "watch", "get",
)  # fmt: skip
_NO = re.compile(
    r"(?i)^\W*(?:no|nope|nah|not)\b|\b(?:no thanks?|don'?t (?:want|need)|not (?:now|right now|yet|interested)"
    r"|not at this time|nothing else|that'?s all)\b"
)
_YES = re.compile(
    r"(?i)^\W*(?:yes|yeah|yep|yup|ya|sure|ok|okay|fine|great|perfect|correct|right|please|absolutely"
    r"|definitely|of course)\b|\b(?:sounds good|go ahead|please do|i(?:'d| would) (?:like|love)|i want)\b"
)
_MOOD = 0.05
"""VADER's own bound between neutral and positive or negative."""


@dataclass(frozen=True)
class _Task:
    """One reading of the replies of a corpus."""

    measure: Measure
    lexicon: Lexicon
    question: str | None


def measure_sgd(source: Source, desk: Desk) -> Iterator[Row]:
    """The replies of SGD."""
    corpus = source.load("sgd_reply_to_offer", ("id", "context", "text", "label"))
    named = Measure("replies to offers", "SGD", "accuracy", ("accept", "refuse"), 0.97)
    as_said = Measure("replies to offers, as said", "SGD", "accuracy", ("accept", "refuse"))
    patterns = (("refuse", _NO), ("accept", _YES))
    for task in (_Task(named, lexicon(OFFER), QUESTION), _Task(as_said, lexicon(*AS_SAID), None)):
        cases = _cases(corpus.score, task)
        found = [_accepts_or_refuses(replies_at(reading, 1)) for reading in _read(corpus.score, task, desk)]
        others = {
            "always": baselines.always("accept", cases),
            "words": baselines.by_words(cases, patterns, "accept"),
            "VADER": baselines.positive(baselines.vader(cases), _MOOD, ("accept", "refuse")),
            "TF-IDF": _learnt(corpus, task),
        }
        yield compare(task.measure, cases, Found(found, others))


def measure_multidogo(source: Source, desk: Desk) -> Iterator[Row]:
    """The customer turns of MultiDoGO."""
    yield _three_way(source, desk, Measure("accept, refuse, other", "MultiDoGO", "macro-F1", _THREE, 0.93))


def measure_nlupp(source: Source, desk: Desk) -> Iterator[Row]:
    """The caller turns of NLU++."""
    yield _three_way(source, desk, Measure("accept, refuse, other", "NLU++", "macro-F1", _THREE))


_THREE = ("accept", "refuse", "other")
_STEMS = {"MultiDoGO": "multidogo", "NLU++": "nlupp"}


def _three_way(source: Source, desk: Desk, measure: Measure) -> Row:
    corpus = source.load(_STEMS[measure.corpus], ("id", "domain", "text", "label"))
    task = _Task(measure, lexicon(OFFER), QUESTION)
    cases = _cases(corpus.score, task)
    found = [_one_of_three(replies_at(reading, 1)) for reading in _read(corpus.score, task, desk)]
    scores = baselines.vader(cases)
    others = {
        "always": baselines.always("other", cases),
        "words": baselines.by_words(cases, (("refuse", _NO), ("accept", _YES)), "other"),
        "VADER": None if scores is None else [_by_mood(score) for score in scores],
        "TF-IDF": _learnt(corpus, task),
    }
    table = split_by("domain", [line["domain"] for line in corpus.score], measure, cases, found)
    return compare(measure, cases, Found(found, others), [table])


def _read(lines: Sequence[Line], task: _Task, desk: Desk) -> list[Reading]:
    held = [conversation(line["id"], (("agent", _asked(line, task)), ("customer", line["text"]))) for line in lines]
    return desk.read(f"{task.measure.corpus}: {task.measure.name}", held, task.lexicon)


def _asked(line: Line, task: _Task) -> str:
    return " ".join(filter(None, (line.get("context"), task.question)))


def _cases(lines: Sequence[Line], task: _Task) -> list[Case]:
    return [
        Case(_dialogue(line), line["label"], line["text"], f"  agent: {_asked(line, task)}\n> customer: {line['text']}")
        for line in lines
    ]


def _dialogue(line: Line) -> str:
    """The conversation of a line: named, or all of its id but the number of the turn; NLU++ has single turns."""
    if "conversation" in line:
        return str(line["conversation"])
    return str(line["id"]).rpartition("/")[0] if "context" in line else str(line["id"])


def _learnt(corpus: Corpus, task: _Task) -> list[str] | None:
    return baselines.labels_of(baselines.fitted(_cases(corpus.fit, task), _cases(corpus.score, task)))


def _accepts_or_refuses(replies: Sequence[str]) -> str:
    if "accept" in replies:
        return "accept"
    return "refuse" if any(reply in TURNED_DOWN for reply in replies) else _said(replies)


def _one_of_three(replies: Sequence[str]) -> str:
    return next((reply for reply in replies if reply in ("accept", "refuse")), "other")


def _said(replies: Sequence[str]) -> str:
    return replies[0] if replies else "no answer"


def _by_mood(score: float) -> str:
    return "accept" if score >= _MOOD else "refuse" if score <= -_MOOD else "other"
