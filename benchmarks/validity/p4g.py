"""Persuasion For Good: one person asks another to give to a charity. Asks, refusals, and asks that follow a refusal.

The "offer" is a donation, the persuader the agent. Labels come from the acts of sentences, and the corpus brings them
as indexes of turns: an ask is a proposition of a donation, a question how much, or a question for more; a refusal is a
customer turn that disagrees to donate (hard) or reacts negatively to donating (soft: doubts, excuses, other causes). An
ask after the first refusal is a re-ask, also where the customer has softened since: so asks that are read after the
first refusal that is read count here, as do those of the regex and TF-IDF baselines. The ledger opens the topic again
where the customer asks or agrees, so the repeats that evaluators see are fewer; they have rows of their own.
`repitch_after_refusal` is wider: any persuasion after a refusal, such as an appeal to logic or feeling, which need not
offer anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from benchmarks.validity import baselines
from benchmarks.validity.corpus import Line, Source
from benchmarks.validity.reading import (
    TURNED_DOWN,
    Desk,
    asking_turns,
    context,
    conversation,
    lexicon,
    pitch_turns,
    repeat_turns,
    replies_at,
)
from benchmarks.validity.scoring import Case, Found, Labels, Measure, MetricName, Row, compare

from evalh.models import Conversation, Reading
from evalh.models.vocabulary import Reply

NAMES = (
    "donation to the charity", "donation", "donations", "donate", "donating", "contribution", "contribute",
    "Save the Children",
)  # fmt: skip
_ASKS = re.compile(
    r"(?i)\b(?:would you|do you want|are you willing|will you|can you|could you|how much|interested in|like to"
    r"|consider)\b.{0,60}\b(?:donat\w*|contribut\w*|give|chip in)\b|\bhow much\b.*\b(?:donat|give)"
    r"|\bplease\b.{0,30}\bdonat"
)
_REFUSES = re.compile(
    r"(?i)\b(?:no thanks?|not interested|don'?t want|can'?t afford|cannot afford|not (?:right )?now|i'?m not sure"
    r"|i don'?t think|not going to|won'?t|rather not|no,|already donate|maybe later|can'?t (?:donate|give))\b|^no\b"
)
_YES_NO = ("yes", "no")


@dataclass(frozen=True)
class _Dialogue:
    labels: dict[str, frozenset[int]]
    conversation: Conversation
    reading: Reading


@dataclass(frozen=True)
class _Spot:
    """A turn of a dialogue."""

    dialogue: _Dialogue
    index: int

    @property
    def group(self) -> str:
        return self.dialogue.conversation.id


@dataclass(frozen=True)
class _Side:
    """All turns of one role, with which of them the baselines take for an ask (a refusal)."""

    spots: tuple[_Spot, ...]
    words: tuple[bool, ...]
    fitted: tuple[bool, ...] | None


def measure(source: Source, desk: Desk) -> Iterator[Row]:
    """The rows of this corpus."""
    lines = source.load("p4g", ("id", "turns", "labels")).score
    dialogues = _read(lines, desk)
    agent = _side(dialogues, "agent", "ask_turns", _ASKS)
    customer = _side(dialogues, "customer", "refusal_turns", _REFUSES)
    asked = [spot.index in asking_turns(spot.dialogue.reading) for spot in agent.spots]
    yield _row("asks", "F1", 0.72, agent, "ask_turns", asked)
    yield from _repeats(agent, customer)
    for name, labels, answers, target in (
        ("soft and hard refusals", "refusal_turns", TURNED_DOWN, 0.55),
        ("soft and hard refusals, objections too", "refusal_turns", (*TURNED_DOWN, "object"), None),
        ("hard refusals", "hard_refusal_turns", TURNED_DOWN, None),
    ):
        side = _side(dialogues, "customer", labels, _REFUSES)
        yield _row(name, "F1", target, side, labels, [_answers(spot, answers) for spot in side.spots])


def _read(lines: Sequence[Line], desk: Desk) -> list[_Dialogue]:
    held = [conversation(line["id"], ((turn["role"], turn["text"]) for turn in line["turns"])) for line in lines]
    labels = [
        {name: frozenset(turns) for name, turns in line["labels"].items() if isinstance(turns, list)} for line in lines
    ]
    readings = desk.read("p4g", held, lexicon(*NAMES))
    return [_Dialogue(*each) for each in zip(labels, held, readings, strict=True)]


def _side(dialogues: Sequence[_Dialogue], role: str, labels: str, words: re.Pattern[str]) -> _Side:
    spots = tuple(
        _Spot(dialogue, turn.index)
        for dialogue in dialogues
        for turn in dialogue.conversation.turns
        if turn.role == role
    )
    cases = [_case(spot, spot.index in spot.dialogue.labels[labels]) for spot in spots]
    learnt = baselines.labels_of(baselines.fitted((), cases))
    return _Side(
        spots,
        tuple(bool(words.search(case.text)) for case in cases),
        None if learnt is None else tuple(label == "yes" for label in learnt),
    )


def _row(name: str, metric: MetricName, target: float | None, side: _Side, labels: str, found: Sequence[bool]) -> Row:
    cases = [_case(spot, spot.index in spot.dialogue.labels[labels]) for spot in side.spots]
    learnt = None if side.fitted is None else _words(side.fitted)
    others = {"always": baselines.always("yes", cases), "words": _words(side.words), "TF-IDF": learnt}
    return compare(Measure(name, "P4G", metric, _YES_NO, target), cases, Found(_words(found), others))


def _repeats(agent: _Side, customer: _Side) -> Iterator[Row]:
    """Asks after a refusal (the headline) and any persuasion after it, a turn and a dialogue."""
    any_found = [spot.index in repeat_turns(spot.dialogue.reading) for spot in agent.spots]
    asked = [spot.index in asking_turns(spot.dialogue.reading) for spot in agent.spots]
    refused = [_answers(spot, TURNED_DOWN) for spot in customer.spots]
    ask_found = _after(agent, asked, _first(customer, refused))
    by_ledger = [again and asks for again, asks in zip(any_found, asked, strict=True)]
    words = _after(agent, agent.words, _first(customer, customer.words))
    learnt = None
    if agent.fitted is not None and customer.fitted is not None:
        learnt = _after(agent, agent.fitted, _first(customer, customer.fitted))
    said = _Side(agent.spots, tuple(words), None if learnt is None else tuple(learnt))
    for name, labels, per_turn, per_dialogue, found in (
        ("repeat pitch after a refusal", "reask_after_refusal", 0.80, 0.50, ask_found),
        ("repeat pitch by the ledger", "reask_after_refusal", None, None, by_ledger),
        ("any persuasion after a refusal", "repitch_after_refusal", None, None, any_found),
    ):
        yield _row(f"{name}, per turn", "balanced accuracy", per_turn, said, labels, found)
        yield _by_dialogue(f"{name}, per dialogue", per_dialogue, said, labels, found)


def _by_dialogue(name: str, target: float | None, side: _Side, labels: str, found: Sequence[bool]) -> Row:
    cases = {spot.group: Case(spot.group, "no", "", _asks_and_answers(spot.dialogue, labels)) for spot in side.spots}
    gold = _groups(side, [spot.index in spot.dialogue.labels[labels] for spot in side.spots])
    own = [Case(group, _word(group in gold), "", case.shown) for group, case in cases.items()]

    def told(flags: Sequence[bool]) -> Labels:
        yes = _groups(side, flags)
        return [_word(group in yes) for group in cases]

    learnt = None if side.fitted is None else told(side.fitted)
    others = {"always": baselines.always("yes", own), "words": told(side.words), "TF-IDF": learnt}
    return compare(Measure(name, "P4G", "F1", _YES_NO, target), own, Found(told(found), others))


def _asks_and_answers(dialogue: _Dialogue, labels: str) -> str:
    """The dialogue, with what is labelled and what was read beside the turns."""
    refused, again = dialogue.labels["refusal_turns"], dialogue.labels[labels]
    pitched, repeated = pitch_turns(dialogue.reading), repeat_turns(dialogue.reading)
    marks = {
        turn.index: "".join(
            mark
            for mark, turns in (("R", refused), ("A", again), ("p", pitched), ("a", repeated))
            if turn.index in turns
        )
        for turn in dialogue.conversation.turns
    }
    said = {turn.index: ",".join(replies_at(dialogue.reading, turn.index)) for turn in dialogue.conversation.turns}
    lines = [
        f"  {marks[turn.index]:4}{said[turn.index]:8} {turn.role}: {turn.text}" for turn in dialogue.conversation.turns
    ]
    return "labels R refusal, A again; read p pitch, a again by the ledger, and replies\n" + "\n".join(lines)


def _groups(side: _Side, flags: Sequence[bool]) -> Set[str]:
    return {spot.group for spot, flag in zip(side.spots, flags, strict=True) if flag}


def _first(side: _Side, flags: Sequence[bool]) -> dict[str, int]:
    first: dict[str, int] = {}
    for spot, flag in zip(side.spots, flags, strict=True):
        if flag:
            first.setdefault(spot.group, spot.index)
    return first


def _after(side: _Side, flags: Sequence[bool], first: dict[str, int]) -> list[bool]:
    return [
        flag and spot.group in first and spot.index > first[spot.group]
        for spot, flag in zip(side.spots, flags, strict=True)
    ]


def _answers(spot: _Spot, answers: Sequence[Reply]) -> bool:
    return any(reply in answers for reply in replies_at(spot.dialogue.reading, spot.index))


def _case(spot: _Spot, gold: bool) -> Case:
    turns = spot.dialogue.conversation.turns
    return Case(spot.group, _word(gold), turns[spot.index].text, context(turns, spot.index))


def _words(flags: Sequence[bool]) -> list[str]:
    return [_word(flag) for flag in flags]


def _word(flag: bool) -> str:
    return "yes" if flag else "no"
