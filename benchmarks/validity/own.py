"""Conversations labelled turn by turn for every construct at once, in a file of one's own.

One conversation a line, `{"id", "domain", "channel", "offer", "english", "turns"}`. A customer turn is
`{"role": "customer", "text", "reply", "mood", "word"}`, an agent's
`{"role": "agent", "text", "act", "register", "issue", "impolite", "press"}`; `press` lists kinds of pressure,
`impolite` is true or false, `word` is what the customer says of the problem (solved, unsolved), `issue` what the agent
does about it (done, promised, cannot). A label that is missing, null or "none" says that there is nothing of it. The
policy has the one offer, called as `offer` calls it.

Each label is measured as yes or no for each turn of the role; registers only on turns that have one. The fitted
baseline is fitted on the other domains.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, get_args

from benchmarks.validity import baselines
from benchmarks.validity.corpus import Line, lines_of
from benchmarks.validity.reading import Desk, context, conversation, lexicon, pitch_turns, replies_at, sure
from benchmarks.validity.scoring import Case, Found, Measure, Row, Table, compare, split_by

from evalh.errors import BadInput
from evalh.models import Conversation, Reading
from evalh.models.vocabulary import PressureKind, Reply
from evalh.stats.agreement import ece

Facts = Callable[[Reading, int], bool]
_TARGET = 0.90


@dataclass(frozen=True)
class Construct:
    """A label: on whose turns it stands, in which field, and how the facts of a reading say it."""

    field: str
    label: str
    role: str
    found: Facts
    words: str = ""

    @property
    def name(self) -> str:
        """How the row is called."""
        return f"{self.field}: {self.label}" if self.label != self.field else self.field


def _mood(label: str) -> Facts:
    return lambda reading, turn: any(fact.turn == turn and fact.mood == label and sure(fact) for fact in reading.moods)


def _register(label: str) -> Facts:
    return lambda reading, turn: any(
        fact.turn == turn and fact.register_ == label and sure(fact) for fact in reading.registers
    )


def _reply(label: Reply) -> Facts:
    return lambda reading, turn: label in replies_at(reading, turn)


def _impolite(reading: Reading, turn: int) -> bool:
    return any(fact.turn == turn and fact.courtesy == "impolite" and sure(fact) for fact in reading.courtesies)


def _press(kind: str) -> Facts:
    return lambda reading, turn: any(
        fact.turn == turn and kind in (fact.kind, "press") and sure(fact) for fact in reading.pressures
    )


def _act(label: str) -> Facts:
    return lambda reading, turn: any(act.turn == turn and act.act == label and sure(act) for act in reading.acts)


def _says(label: str) -> Facts:
    return lambda reading, turn: any(
        fact.turn == turn and fact.says == label and sure(fact) for fact in reading.progress
    )


_REPLIES: dict[Reply, str] = {
    "accept": r"^\W*(?:yes|yeah|yep|sure|ok|okay|please|go ahead)\b|\b(?:sign me up|i'll take|let's do|sounds good)\b",
    "refuse": r"^\W*(?:no|nope|nah)\b|\b(?:no thanks?|not interested|don'?t (?:want|need))\b",
    "defer": r"\b(?:later|think about it|not (?:right )?now|another time|maybe|get back to you|ask my)\b",
    "deflect": r"\b(?:just (?:want|need|fix)|can we|back to|first)\b",
    "object": r"\b(?:too (?:much|expensive)|expensive|can'?t afford|cost)\b",
    "ask": r"\?|\bhow much\b|\bwhat (?:is|does)\b",
    "reopen": r"\b(?:actually|on second thoughts?|changed my mind|you mentioned)\b",
    "ignore": r"(?!)",
}
_REGISTERS = {
    "empathetic": r"\b(?:sorry|understand|appreciate|frustrating|that must)\b",
    "pushy": r"\b(?:only|today|now|hurry|limited|really should|sure you)\b",
    "robotic": r"\b(?:your request|has been|please (?:provide|select|hold)|valued customer)\b",
}
_PRESSES = r"\b(?:only|hurry|last chance|today|limited|everyone|most customers|running out|expires?)\b"
CONSTRUCTS = (
    Construct(
        "act", "pitch", "agent", lambda reading, turn: turn in pitch_turns(reading),
        r"\b(?:would you like to (?:add|upgrade|try)|we (?:have|offer)|interested in|can i offer|upgrade|for just)\b",
    ),
    Construct("act", "answer", "agent", _act("answer")),
    Construct("act", "read_back", "agent", _act("read_back"), r"\b(?:so that'?s|to confirm|you'?re all set)\b"),
    Construct("act", "withdraw", "agent", _act("withdraw"), r"\b(?:no problem|i'?ll leave|won'?t add|understood)\b"),
    Construct("act", "mention", "agent", _act("mention")),
    *(Construct("reply", label, "customer", _reply(label), words) for label, words in _REPLIES.items()),
    Construct(
        "mood", "frustrated", "customer", _mood("frustrated"),
        r"\b(?:ridiculous|frustrat\w*|angry|unacceptable|third time|useless|fed up|annoy\w*|joke)\b|!{2,}",
    ),
    Construct(
        "word", "solved", "customer", _says("solved"),
        r"\b(?:works? now|working now|fixed|sorted|that did it|all good|solved)\b",
    ),
    Construct(
        "word", "unsolved", "customer", _says("unsolved"),
        r"\b(?:still (?:not|no|doesn'?t|isn'?t|down)|didn'?t (?:work|help)|not (?:fixed|solved|working))\b",
    ),
    *(Construct("register", label, "agent", _register(label), words) for label, words in _REGISTERS.items()),
    Construct(
        "impolite", "impolite", "agent", _impolite,
        r"\b(?:stupid|shut up|whatever|your (?:problem|fault)|listen|calm down|obviously)\b",
    ),
    Construct(
        "issue", "done", "agent", _says("done"),
        r"\b(?:i'?ve|i have|has been|is now|done|all set|fixed|refunded|processed)\b",
    ),
    Construct(
        "issue", "promised", "agent", _says("promised"),
        r"\b(?:will (?:be|call|send|have)|within|by tomorrow|i'?ll (?:make|send|have)|business days)\b",
    ),
    Construct(
        "issue", "cannot", "agent", _says("cannot"),
        r"\b(?:can'?t|cannot|unable|unfortunately|not able|not possible)\b",
    ),
    Construct("press", "press", "agent", _press("press"), _PRESSES),
    *(Construct("press", kind, "agent", _press(kind)) for kind in get_args(PressureKind)),
)  # fmt: skip
"""Every construct that a file may label."""


@dataclass(frozen=True)
class _Held:
    line: Line
    conversation: Conversation
    reading: Reading


def measure(file: Path, desk: Desk) -> Iterator[Row]:
    """A row for each construct of which the file has a label. Raises BadInput for a file that cannot be read."""
    files = sorted(file.glob("*.jsonl")) if file.is_dir() else [file]
    lines = [line for part in files for line in lines_of(part, ("id", "offer", "turns"))]
    _check(file, lines)
    held = list(_read(lines, desk))
    rows = [row for construct in CONSTRUCTS if (row := _row(construct, held)) is not None]
    if rows:
        yield replace(rows[0], tables=(*rows[0].tables, _calibration(held)))
        yield from rows[1:]


def _calibration(held: Sequence[_Held]) -> Table:
    """How far the confidence of facts is from how often they are right (expected calibration error, ten bins)."""
    rows = []
    for field, facts in _FACTS.items():
        pairs = [
            (_has_label(one.line["turns"][turn], field, label), confidence)
            for one in held
            for turn, label, confidence in facts(one.reading)
            if field in one.line["turns"][turn]
        ]
        if pairs:
            right, sure_of = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            mean = f"{fmean(sure_of):.3f}"
            rows.append((field, str(len(pairs)), f"{fmean(right):.3f}", mean, f"{ece(right, sure_of):.3f}"))
    return Table("confidence", ("facts", "n", "right", "mean confidence", "ECE"), tuple(rows))


def _has_label(labelled: Mapping[str, Any], field: str, label: str) -> bool:
    given = labelled.get(field)
    return (given or ("neutral" if field == "register" else "ignore" if field == "reply" else None)) == label


_Said = Iterator[tuple[int, str, float]]
_FACTS: dict[str, Callable[[Reading], _Said]] = {
    "act": lambda reading: ((fact.turn, fact.act, fact.confidence) for fact in reading.acts),
    "reply": lambda reading: ((fact.turn, fact.reply, fact.confidence) for fact in reading.replies),
    "mood": lambda reading: ((fact.turn, fact.mood, fact.confidence) for fact in reading.moods),
    "register": lambda reading: ((fact.turn, fact.register_, fact.confidence) for fact in reading.registers),
    "word": lambda reading: ((fact.turn, fact.says, fact.confidence) for fact in reading.progress),
    "issue": lambda reading: ((fact.turn, fact.says, fact.confidence) for fact in reading.progress),
}


def _check(file: Path, lines: Sequence[Line]) -> None:
    for line in lines:
        for number, turn in enumerate(line["turns"]):
            if turn.get("role") not in ("customer", "agent") or not isinstance(turn.get("text"), str):
                problem = f"turn {number} of {line['id']!r} needs a 'text' and the 'role' customer or agent"
                raise BadInput(problem, file=file)


def _read(lines: Sequence[Line], desk: Desk) -> Iterator[_Held]:
    by_offer: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_offer[str(line["offer"] or "").split(",")[0].strip()].append(line)
    for offer, own in by_offer.items():
        held = [conversation(str(line["id"]), ((turn["role"], turn["text"]) for turn in line["turns"])) for line in own]
        readings = desk.read("own", held, lexicon(*([offer] if offer else [])))
        yield from (_Held(*each) for each in zip(own, held, readings, strict=True))


def _row(construct: Construct, held: Sequence[_Held]) -> Row | None:
    spots = [(one, turn) for one in held for turn in range(len(one.line["turns"])) if _asked(construct, one, turn)]
    cases = [_case(construct, one, turn) for one, turn in spots]
    if not any(case.gold == "yes" for case in cases):
        return None
    found = ["yes" if construct.found(one.reading, turn) else "no" for one, turn in spots]
    words = re.compile(construct.words, re.IGNORECASE) if construct.words else None
    others = {
        "always": baselines.always("yes", cases),
        "words": None if words is None else baselines.by_words(cases, (("yes", words),), "no"),
        "TF-IDF": baselines.labels_of(baselines.fitted((), cases)),
    }
    measure = Measure(construct.name, "own", "F1", ("yes", "no"), _TARGET)
    table = split_by("domain", [_domain(one.line) for one, _ in spots], measure, cases, found)
    return compare(measure, cases, Found(found, others), [table])


def _asked(construct: Construct, held: _Held, turn: int) -> bool:
    labelled = held.line["turns"][turn]
    wanted = construct.field != "register" or labelled.get("register") is not None
    return bool(labelled["role"] == construct.role and labelled["text"].strip() and wanted)


def _case(construct: Construct, held: _Held, turn: int) -> Case:
    said = held.line["turns"][turn]
    gold = "yes" if has(construct, said.get(construct.field)) else "no"
    shown = f"[{_domain(held.line)}; {construct.name}]\n{context(held.conversation.turns, turn)}"
    return Case(str(held.line["id"]), gold, said["text"], shown, _domain(held.line))


def has(construct: Construct, labelled: object) -> bool:
    """Whether what a turn is labelled with in the construct's field is the construct's label."""
    if isinstance(labelled, list):
        return construct.label in labelled or (construct.label == construct.field and bool(set(labelled) - {"none"}))
    return labelled is True if construct.field == "impolite" else labelled == construct.label


def _domain(line: Line) -> str:
    return str(line.get("domain", "all"))
