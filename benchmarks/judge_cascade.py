"""What a cascade asks a judge about a labelled golden set, and what its answers change.

The judges are stubs on this machine. The *oracle* says what the labels of the golden set say, and "unclear" where they
say nothing; the *contrary* one says something else, and is sure of it. So it is shown how often and how much is asked,
what the best of answers could mend and what wrong ones could spoil: not how good any real judge is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from evalh.agreement.labels import USUAL, Recording
from evalh.agreement.match import Compared, Judged, compared
from evalh.agreement.run import Labelled, Options, labels_of
from evalh.gate.plan import in_use
from evalh.judge.picks import UNCLEAR
from evalh.models import Conversation, JudgeConfig, ReaderConfig, ScoreRow
from evalh.reader.load import load_reader
from evalh.runner import RunInputs, RunResult, Source, run
from evalh.testing import StubEndpoint, reply_for
from evalh.testing.replies import transcript_of
from evalh.workspace import Workspace

_QUESTION = re.compile(r"^(\d+)\. Turn (\d+): (\w+)(?: of \w+)?: (.*) \(([^()]+)\)$", re.MULTILINE)
_OFFER = re.compile(r"the offer (\S+?)\?$|consent to (\S+) answered\?$")
_QUOTE = 200
COLUMNS = (
    "judge", "calls a recording", "recordings with a doubtful fact", "questions about one with a doubt", "most",
    "labels know", "prompt chars a call",
)  # fmt: skip
OF_OFFERS = ("claim", "offer")
"""What is asked with offers as its answers; the labels say which offer a turn speaks of."""
ORACLE, CONTRARY = "oracle", "contrary"
Row = tuple[str, str | None]
"""The state of a verdict, and whether it passed, in words."""


class Asked(NamedTuple):
    """A question as a prompt puts it."""

    number: str
    turn: int
    about: str
    offer: str | None
    choices: tuple[str, ...]


def questions_in(request: Mapping[str, Any]) -> list[Asked]:
    """The questions that a request puts."""
    text = "\n".join(message["content"] for message in request["messages"])
    found = []
    for number, turn, about, asks, choices in _QUESTION.findall(text):
        named = _OFFER.search(asks)
        offer = next(filter(None, named.groups()), None) if named else None
        found.append(Asked(number, int(turn), about, offer, tuple(choices.split(" | "))))
    return found


@dataclass
class Stub:
    """Answers from the labels, or against them."""

    labelled: Labelled
    contrary: bool = False
    questions: list[int] = field(default_factory=list)
    """Of each call."""
    known: int = 0
    """Questions on which the labels say something."""
    asked: Counter[str] = field(default_factory=Counter)
    """Questions by construct."""

    def __post_init__(self) -> None:
        self._recordings = {_said(held): key for key, held in self.labelled.recordings.items()}

    def __call__(self, request: dict[str, Any]) -> str:
        """A reply to a request of a judge."""
        turns = {turn["turn"]: str(turn["said"]) for turn in transcript_of(request)}
        recording = self._recordings.get(tuple(turns.values()))
        asked = {one.number: one for one in questions_in(request)}
        self.questions.append(len(asked))
        self.asked.update(one.about for one in asked.values())
        labels = {number: self._label(recording, one) for number, one in asked.items()}
        self.known += sum(label != UNCLEAR for label in labels.values())

        first = next(iter(turns))
        rubric = {"turn": first, "quote": _quote(turns[first]), "sure": True}

        def choose(path: str, schema: Mapping[str, Any]) -> Any:
            section, *steps = path.split(".")
            if section.startswith("rubric_") and steps:
                return schema["maximum"] if steps == ["value"] else rubric.get(steps[0])
            if section != "picks" or len(steps) < 2:
                return None
            one = asked[steps[0]]
            place = max(turns) if one.about == "issue" else one.turn
            answer = {"label": self._said(labels[steps[0]], one), "quote": _quote(turns[place]), "sure": True}
            return answer[steps[1]]

        return reply_for(request, choose)

    def _label(self, recording: Recording | None, asked: Asked) -> str:
        if recording is None:
            return UNCLEAR
        labels = self.labelled.labels
        there = [one for one in labels.counting.get(recording, ()) if one.turn == asked.turn]
        if asked.about in OF_OFFERS:
            given = sorted({one.offer for one in there if one.offer is not None and one.construct_ in ("act", "reply")})
            return given[0] if len(given) == 1 and given[0] in asked.choices else UNCLEAR
        given = [one.label for one in there if one.construct_ == asked.about and one.offer in (None, asked.offer)]
        if not given and labels.covers(recording, asked.about):
            given = [USUAL.get(asked.about, "none")]
        return next((label for label in given if label in asked.choices), UNCLEAR)

    def _said(self, label: str, asked: Asked) -> str:
        if not self.contrary:
            return label
        return next(choice for choice in asked.choices if choice not in (label, UNCLEAR))


def _said(conversation: Conversation) -> tuple[str, ...]:
    from evalh.judge.transcript import show

    return tuple(line.text for line in show(conversation).lines)


def _quote(said: str) -> str:
    """The beginning of a turn, up to the end of a sentence if it is long."""
    if len(said) <= _QUOTE:
        return said
    ends = [match.end() for match in re.finditer(r"[.!?](?= )", said[:_QUOTE])]
    return said[: ends[-1]] if ends else said[: said.rfind(" ", 0, 60)]


# --- runs ---


@dataclass(frozen=True)
class Ran:
    """What one reader found."""

    places: tuple[Compared, ...]
    rows: Mapping[tuple[str, str], Row]
    """The summary of each evaluator for each conversation."""
    calls: Sequence[int]
    """By conversation."""


def judged(space: Workspace, labelled: Labelled, reader: ReaderConfig, judge: JudgeConfig | None) -> Ran:
    """All labelled recordings read and judged."""
    cases = labelled.found.by_id
    inputs = RunInputs(
        sources=[
            Source(key.prompt_version, held, cases[key.case])
            for key, held in labelled.recordings.items()
            if key in labelled.labels.counting
        ],
        evaluators=in_use(space, space.evaluators_for()),
        reader=load_reader(reader, judge),
        policies=labelled.policies,
        prompts=labelled.prompts,
        compared_outside=True,
        scorecard=space.scorecard("care"),
    )
    with TemporaryDirectory(prefix="evalh-") as folder:
        result = run(inputs, Path(folder))
        rows = {(row.conversation_id, row.evaluator): _state(row) for row in result.rows() if row.rollup}
        return Ran(tuple(_places(result, labelled)), rows, [reading.calls for reading in result.readings()])


def _state(row: ScoreRow) -> Row:
    return row.state, None if row.passed is None else "pass" if row.passed else "fail"


def _places(result: RunResult, labelled: Labelled) -> Iterator[Compared]:
    constructs = dict.fromkeys([*labelled.labels.constructs, "resolution"])
    grouped = groupby(result.rows(), key=lambda row: (row.case or "", row.prompt_version or "", row.trial))
    for (key, rows), reading in zip(grouped, result.readings(), strict=True):
        recording = Recording(*key)
        held = Judged(recording, labelled.recordings[recording], reading, list(rows), labelled.labels)
        yield from compared(held, constructs)


def counts_of(places: Sequence[Compared]) -> dict[tuple[str, str], list[int]]:
    """By kind and construct: hits, false alarms, misses and unsure answers, over all labels of it."""
    found: dict[tuple[str, str], list[int]] = {}
    for place in places:
        if place.kind == "evaluator" and place.level == "turn":
            continue
        counts = found.setdefault((place.kind, place.construct), [0, 0, 0, 0])
        for event in place.events:
            wanted, given = place.outcome(event)
            counts[0] += wanted and given
            counts[1] += given and not wanted
            counts[2] += wanted and not given
            counts[3] += any(one.unsure for one in place.found)
    return found


def f1(counts: Sequence[int]) -> float:
    """The F1 of hits, false alarms and misses; an unsure answer is a wrong one."""
    hits, alarms, misses, _ = counts
    return 2 * hits / (2 * hits + alarms + misses) if hits + alarms + misses else 0.0


# --- tables ---


def print_cascade(set_id: str) -> None:
    """What is asked, what changes, and how far each agrees with the labels."""
    space = Workspace.reference()
    labelled = labels_of(space, set_id, Options(unconfirmed=True))
    runs = {"local": judged(space, labelled, ReaderConfig(), None)}
    print(f"\nCascade on {set_id}, {len(runs['local'].calls)} recordings, redaction off\n")
    print(f"| {' | '.join(COLUMNS)} |\n|---|{'--:|' * (len(COLUMNS) - 1)}")
    for name in (ORACLE, CONTRARY):
        stub = Stub(labelled, contrary=name == CONTRARY)
        with StubEndpoint(stub) as endpoint:
            config = JudgeConfig(base_url=endpoint.base_url, model=name, api_key_env=None, redact=False, concurrency=16)
            runs[name] = judged(space, labelled, ReaderConfig(kind="cascade"), config)
            prompts = [sum(len(one["content"]) for one in each.body["messages"]) for each in endpoint.requests]
        _print_asked(name, runs[name], stub, prompts)
    print("\nquestions by construct:", ", ".join(f"{name} {count}" for name, count in stub.asked.most_common()))
    _print_changes(runs)
    _print_agreement({name: counts_of(one.places) for name, one in runs.items()})


def _print_asked(name: str, ran: Ran, stub: Stub, prompts: Sequence[int]) -> None:
    recordings, doubted = len(ran.calls), [count for count in stub.questions if count]
    print(
        f"| {name} | {len(prompts) / recordings:.2f} | {len(doubted) / recordings:.0%} | {mean(doubted or [0]):.1f} "
        f"| {max(doubted, default=0)} | {stub.known / max(sum(doubted), 1):.0%} | {mean(prompts or [0]):,.0f} |",
        flush=True,
    )


def _print_changes(runs: Mapping[str, Ran]) -> None:
    before = runs["local"].rows
    print("\n| verdicts of conversations, local → cascade | oracle | contrary |\n|---|--:|--:|")
    changes = {
        name: Counter((before[key], after) for key, after in runs[name].rows.items() if before[key] != after)
        for name in (ORACLE, CONTRARY)
    }
    for change in sorted({*changes[ORACLE], *changes[CONTRARY]}, key=str):
        words = " → ".join(passed or state for state, passed in change)
        print(f"| {words} | {changes[ORACLE][change]} | {changes[CONTRARY][change]} |")
    print(f"| unchanged, of {len(before)} | " + " | ".join(
        str(len(before) - sum(changes[name].values())) for name in (ORACLE, CONTRARY)) + " |")  # fmt: skip


def _print_agreement(found: Mapping[str, Mapping[tuple[str, str], Sequence[int]]]) -> None:
    names = list(found)
    columns = " | ".join(f"{name}: F1 | unsure" for name in names)
    print(f"\n| agreement with the labels | {columns} |\n|---|" + "--:|" * 2 * len(names))
    for key in sorted(found["local"], key=lambda one: (one[0] != "reader", one)):
        kind, construct = key
        cells = (f"{f1(found[name][key]):.2f} | {found[name][key][3]}" for name in names)
        print(f"| {'fact' if kind == 'reader' else 'fault'}: {construct} | {' | '.join(cells)} |")
