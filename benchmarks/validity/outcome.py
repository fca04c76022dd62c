"""Whether the customer's problem was solved, and whether the customer was annoyed: STAR and tau-bench.

STAR: people played customers of scripted service and said afterwards whether they got what they came for
(`resolved_clean`, left out where it is None) and whether they acted annoyed. tau-bench: an LLM played the customer, and
the reward says whether the shop's database ends as the task asked for; agents that fail politely are common.
What has no customer is left out. tau is read without its tool calls, and once with them.

The reader's answer is that of its issues (`settled`); "unsure" is wrong. The fitted baseline has not seen the task it
answers: within a task, fixed sentences of the script give the outcome away.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from benchmarks.validity import baselines
from benchmarks.validity.corpus import Line, Source
from benchmarks.validity.reading import Desk, conversation, ends, frustration, lexicon, settled, whole
from benchmarks.validity.scoring import Case, Found, Labels, Measure, Row, Table, agreement, compare, interval, split_by

from evalh.models import Conversation, Reading

_TWO = ("yes", "no")
_LAST = 4
"""How many turns at the end the fitted baseline sees; on whole conversations it does worse."""
_FAILURE = re.compile(
    r"(?i)\b(?:unfortunately|sorry|cannot|can't|unable|not able|fail(?:ed|s)?|not available|no room|couldn't|could not"
    r"|transfer(?:ring|red)? (?:you|to a human))\b"
)
_SUCCESS = re.compile(
    r"(?i)\b(?:success\w*|done|confirmed|booked|completed|all set|submitted|reserved|scheduled|approved|sent|processed"
    r"|updated|cancelled|resolved)\b"
)
_THANKS = re.compile(r"(?i)\bthank|\bthx\b")
_CROSS = re.compile(
    r"(?i)\b(?:ridiculous|unacceptable|useless|terrible|horrible|awful|worst|angry|annoy\w*|frustrat\w*|upset|hate"
    r"|waste|stupid|come on|already told|again\?|hurry|wtf|hell|damn)\b|!{2,}|\b[A-Z]{4,}\b.*\b[A-Z]{4,}\b"
)
_JUDGED_WELL = ("pass", "satisfied", "satisfactory", "compliant")


def measure_star(source: Source, desk: Desk) -> Iterator[Row]:
    """STAR: solved or not, annoyed or not."""
    lines = source.load("star", ("id", "turns", "labels")).score
    held = [conversation(line["id"], _spoken(line)) for line in lines]
    readings = desk.read("STAR", held, lexicon())
    rows = list(zip(lines, held, readings, strict=True))
    told = [row for row in rows if row[0]["labels"].get("resolved_clean") is not None]
    yield from _solved("STAR", told, 0.86)
    yield _annoyed([row for row in rows if row[0]["labels"].get("user_annoyed") is not None])


def measure_tau(source: Source, desk: Desk) -> Iterator[Row]:
    """tau-bench: solved or not, without tool calls and with them."""
    lines = [line for line in source.load("tau", ("id", "turns", "labels")).score if _has_customer(line)]
    for name, held in (
        ("tau", [conversation(line["id"], _spoken(line)) for line in lines]),
        ("tau, with tool calls", [with_tools(line) for line in lines]),
    ):
        readings = desk.read(name, held, lexicon())
        yield from _solved(name, list(zip(lines, held, readings, strict=True)), None, analysed=name == "tau")


_Read = tuple[Line, Conversation, Reading]


def _solved(corpus: str, rows: Sequence[_Read], target: float | None, *, analysed: bool = True) -> Iterator[Row]:
    cases = [_case(line, held, reading, _solved_label(line), _end_of(held)) for line, held, reading in rows]
    found = [settled(reading) for _, _, reading in rows]
    others = {
        "always": baselines.always("yes", cases),
        "words": [_last_word(held) for _, held, _ in rows],
        "VADER": _pleased(rows),
        "TF-IDF": baselines.labels_of(baselines.fitted((), cases)),
    }
    tables = [*_analysis(rows, cases, found, corpus), *_judges(rows, cases)] if analysed else []
    measure = Measure("issue resolved", corpus, "balanced accuracy", _TWO, target)
    yield compare(measure, cases, Found(found, others), tables)
    for metric in ("accuracy", "F1"):
        measure = Measure("issue resolved", corpus, metric, _TWO)
        yield replace(compare(measure, cases, Found(found, others)), mistakes=())


def _annoyed(rows: Sequence[_Read]) -> Row:
    measure = Measure("customer frustrated", "STAR", "AUC", _TWO, 0.85)
    cases = [
        _case(line, held, reading, "yes" if line["labels"]["user_annoyed"] else "no", " ".join(_customer(held)))
        for line, held, reading in rows
    ]
    chances = baselines.fitted((), cases)
    others = {
        "words": [float(sum(bool(_CROSS.search(text)) for text in _customer(held))) for _, held, _ in rows],
        "VADER": _displeasure(rows),
        "TF-IDF": None if chances is None else chances.of("yes"),
    }
    found = [frustration(reading) for _, _, reading in rows]
    return compare(measure, cases, Found(found, others))


def _case(line: Line, held: Conversation, reading: Reading, gold: str, text: str) -> Case:
    moods = [f"{mood.turn}:{mood.confidence:.2f}" for mood in reading.moods if mood.mood == "frustrated"]
    shown = f"[{_domain(line)}; issues: {ends(reading)}; frustrated: {', '.join(moods) or '-'}]\n{whole(held.turns)}"
    return Case(str(line["id"]), gold, text, shown, _task(line))


def _solved_label(line: Line) -> str:
    labels = line["labels"]
    solved = labels["resolved_clean"] if "resolved_clean" in labels else float(labels["reward"]) >= 1
    return "yes" if solved else "no"


def _spoken(line: Line) -> list[tuple[str, str]]:
    turns = line["turns"]
    return [(turn["role"], turn["text"]) for turn in turns if turn["role"] in ("customer", "agent") and turn["text"]]


def _has_customer(line: Line) -> bool:
    return any(role == "customer" and text.strip() for role, text in _spoken(line))


def with_tools(line: Line) -> Conversation:
    """The conversation with what the agent called and what came back, as an importer would have it."""
    turns: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    for turn in line["turns"]:
        if turn["role"] == "tool":
            if waiting:
                waiting.pop(0)["result"] = turn["text"]
            continue
        calls = [_call(call) for call in turn.get("tool_calls") or () if turn["role"] == "agent"]
        waiting = list(calls) or waiting
        if turn["text"] or calls:
            turns.append({"role": turn["role"], "text": turn["text"], "tool_calls": calls})
    return Conversation.model_validate({"id": str(line["id"]), "turns": turns})


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    arguments = call.get("arguments") or {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return {"name": call["name"], "arguments": arguments}
    return {"name": call["name"], "arguments": arguments if isinstance(arguments, dict) else str(arguments)}


def _task(line: Line) -> str:
    """The tasks of a conversation; in STAR they are labels."""
    return "+".join(sorted(line["labels"].get("tasks") or [f"{_domain(line)} {line.get('task', line['id'])}"]))


def _domain(line: Line) -> str:
    return str(line.get("domain", "all"))


def _customer(held: Conversation) -> list[str]:
    return [turn.text for turn in held.customer_turns()]


def _end_of(held: Conversation) -> str:
    return " ".join(turn.text for turn in held.turns[-_LAST:])


def _last_word(held: Conversation) -> str:
    """Whether the last agent turn that speaks of success or failure speaks of success; yes where none does."""
    for turn in reversed(list(held.agent_turns())):
        if _FAILURE.search(turn.text):
            return "no"
        if _SUCCESS.search(turn.text):
            return "yes"
    return "yes"


def _pleased(rows: Sequence[_Read]) -> list[str] | None:
    scores = [baselines.compound(" ".join(_customer(held)[-2:])) for _, held, _ in rows]
    known = [score for score in scores if score is not None]
    return baselines.positive(known, 0.05, _TWO) if len(known) == len(scores) else None


def _displeasure(rows: Sequence[_Read]) -> list[float] | None:
    scores = [[baselines.compound(text) for text in _customer(held)] for _, held, _ in rows]
    known = [[score for score in own if score is not None] for own in scores]
    if any(len(own) != len(every) for own, every in zip(known, scores, strict=True)):
        return None
    return [-fmean(own) if own else 0.0 for own in known]


def _analysis(rows: Sequence[_Read], cases: Sequence[Case], found: Labels, corpus: str) -> Iterator[Table]:
    measure = Measure(f"{corpus}: issue resolved", corpus, "balanced accuracy", _TWO)
    yield split_by("domain", [_domain(line) for line, _, _ in rows], measure, cases, found)
    yield _confusion(rows, cases, found, corpus)
    yield _by_end(rows, cases, corpus)
    yield _after_thanks(rows, cases, found, corpus)


def _confusion(rows: Sequence[_Read], cases: Sequence[Case], found: Labels, corpus: str) -> Table:
    counts = Counter((_domain(row[0]), case.gold, one) for row, case, one in zip(rows, cases, found, strict=True))
    domains = sorted({domain for domain, _, _ in counts})
    body = tuple(
        (domain, gold, *(f"{counts[domain, gold, one]:,}" for one in (*_TWO, "unsure")))
        for domain in domains
        for gold in _TWO
    )
    return Table(f"{corpus}: solved or not, by domain", ("domain", "label", "read yes", "read no", "unsure"), body)


def _by_end(rows: Sequence[_Read], cases: Sequence[Case], corpus: str) -> Table:
    """Which ends of issues go with which label: where the wrong ones come from."""
    counts = Counter((ends(row[2]), settled(row[2]), case.gold) for row, case in zip(rows, cases, strict=True))
    ranked = Counter({(end, one): counts[end, one, "yes"] + counts[end, one, "no"] for end, one, _ in counts})
    body = tuple(
        (end, one, f"{counts[end, one, 'yes']:,}", f"{counts[end, one, 'no']:,}")
        for (end, one), _ in ranked.most_common(16)
    )
    return Table(f"{corpus}: how the issues ended", ("issues", "taken for", "label yes", "label no"), body)


def _after_thanks(rows: Sequence[_Read], cases: Sequence[Case], found: Labels, corpus: str) -> Table:
    """Whether thanks mislead: agreement where the customer's last two turns say them, and where they do not."""
    thanks = ["thanks" if _THANKS.search(" ".join(_customer(held)[-2:])) else "no thanks" for _, held, _ in rows]
    measure = Measure(f"{corpus}: issue resolved", corpus, "balanced accuracy", _TWO)
    return split_by("last words", thanks, measure, cases, found)


def _judges(rows: Sequence[_Read], cases: Sequence[Case]) -> Iterator[Table]:
    """What judges said where the corpus brings their verdicts: published prompts, not run here."""
    judged = [(line, case) for (line, _, _), case in zip(rows, cases, strict=True) if line["labels"].get("judges")]
    names = sorted({name for line, _ in judged for name in line["labels"]["judges"]})
    measure = Measure("judges", "tau", "balanced accuracy", _TWO)
    body = []
    for name in names:
        own = [(line["labels"]["judges"][name], case) for line, case in judged if name in line["labels"]["judges"]]
        said = ["yes" if verdict.get("verdict") in _JUDGED_WELL else "no" for verdict, _ in own]
        body.append((name, f"{len(own):,}", interval(agreement(measure, [case for _, case in own], said))))
    if body:
        yield Table("GPT-4o as judge, where the corpus has it", ("prompt", "n", measure.metric), tuple(body))
