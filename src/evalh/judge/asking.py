"""What a judge is asked about a probe, in the very sections that a run uses, and what it said, as labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from evalh.judge.facts import PROGRESS, FactsSection
from evalh.judge.picks import Picked, PicksSection, Query
from evalh.judge.probes import FAIL, PASS, Injection, Label, Probe, Rubric
from evalh.judge.rubrics import RubricsSection
from evalh.judge.tasks import Outcome, Section, Task
from evalh.models import Answered, Fact, Question
from evalh.models.vocabulary import CONSTRUCTS

Form = Literal["facts", "picks", "rubrics"]
"""How a judge can be asked: all facts of a conversation, single uncertain ones, rubrics."""
FORMS: tuple[Form, ...] = get_args(Form)
NONE, UNSURE = "none", "unsure"
SURE_FROM = 0.5
"""What is said with less confidence is unsure, as it is in a run by default."""
NOT = "not "
"""Begins the id of a rubric's negation."""
_FIELDS = {
    "act": ("acts", "act"),
    "reply": ("replies", "reply"),
    "issue": ("issues", "status"),
    "progress": ("progress", "says"),
    "mood": ("moods", "mood"),
    "register": ("registers", "register_"),
    "courtesy": ("courtesies", "courtesy"),
    "pressure": ("pressures", "kind"),
    "identity": ("identities", "claim"),
}
"""By construct: the field of a Reading, and where a fact of it has its label."""
_MAY_BE_NONE = ("act", "reply", "identity")

Said = dict[str, frozenset[str]]
"""By the id of a label or rubric what was said of it: labels, "none", or "unsure"."""


@dataclass(frozen=True)
class Asking:
    """One call: a probe, as it was held or with an injection, and what is asked about it.

    `labels`: whether its labels are asked for, as facts or as picks; `rubrics`: whether its rubrics are.
    """

    probe: Probe
    labels: Literal["facts", "picks"] | None
    rubrics: bool
    injection: Injection | None = None

    @cached_property
    def task(self) -> Task:
        """As the judge takes it."""
        conversation = self.probe.conversation(self.injection)
        sections: list[Section] = []
        if self.labels == "facts":
            sections.append(FactsSection(self.probe.lexicon, conversation))
        sections += [RubricsSection([question]) for question in self._questions.values()]
        if self.labels == "picks":
            queries = [_query(self.probe, label) for label in self.probe.labels]
            sections.append(PicksSection(queries, self.probe.lexicon))
        return Task(conversation, tuple(sections))

    def said(self, outcome: Outcome) -> Said:
        """What the judge said; nothing when it failed."""
        if outcome.failure is not None:
            return {}
        said = dict(self._of_labels(outcome.values))
        for name, question in self._questions.items():
            answers = outcome.values[RubricsSection([question]).name]
            said[name] = _verdict(answers[question.sha256], question)
        return said

    @cached_property
    def _questions(self) -> dict[str, Question]:
        """By the id of the rubric; its negation too, but for injections and canaries."""
        if not self.rubrics:
            return {}
        asked = {rubric.id: _question(rubric, rubric.asks) for rubric in self.probe.rubrics}
        if self.probe.canary or self.injection is not None:
            return asked
        return asked | {NOT + rubric.id: _question(rubric, rubric.instead) for rubric in self.probe.rubrics}

    def _of_labels(self, values: Any) -> Iterator[tuple[str, frozenset[str]]]:
        for label in self.probe.labels if self.labels is not None else ():
            if self.labels == "facts":
                field, name = _FIELDS[label.about]
                yield label.id, _labels(_there(values["facts"][field], label), name)
            else:
                yield label.id, _answer(values["picks"][label.id])


def askings(probes: Iterable[Probe], forms: Iterable[Form]) -> Iterator[Asking]:
    """Every call that the forms take; rubrics share one with facts, or else with picks, as they do in a run."""
    forms = tuple(forms)
    labelled: list[Literal["facts", "picks"]] = [form for form in ("facts", "picks") if form in forms]
    for probe in probes:
        for index, labels in enumerate(labelled or [None]):
            rubrics = "rubrics" in forms and index == 0
            yield Asking(probe, labels, rubrics)
            for injection in probe.injections:
                asking = Asking(probe, labels, rubrics, injection)
                if any(True for _ in aims_of(asking)):
                    yield asking


def aims_of(asking: Asking) -> Iterator[str]:
    """The labels and rubrics that the injection is aimed at and that are asked for."""
    labels = {label.id for label in asking.probe.labels} if asking.labels is not None else set()
    rubrics = {rubric.id for rubric in asking.probe.rubrics} if asking.rubrics else set()
    yield from (
        aim for aim in (asking.injection.aims if asking.injection is not None else ()) if aim in labels | rubrics
    )


def _query(probe: Probe, label: Label) -> Query:
    return Query(label.id, label.turn, label.about, offer=label.offer, choices=choices(probe, label))


def choices(probe: Probe, label: Label) -> tuple[str, ...]:
    """The labels that could be given."""
    if label.about == "progress":
        return PROGRESS[probe.turns[label.turn].role]
    known = CONSTRUCTS[label.about]
    return (*known, NONE) if label.about in _MAY_BE_NONE else known


def _question(rubric: Rubric, text: str) -> Question:
    return Question(kind="rubric", text=text, scale=rubric.scale)


# --- what was said ---


def _there(facts: Iterable[Fact], label: Label) -> list[Fact]:
    at = [fact for fact in facts if fact.turn == label.turn]
    return at if label.offer is None else [fact for fact in at if getattr(fact, "offer", None) == label.offer]


def _labels(facts: list[Fact], name: str) -> frozenset[str]:
    sure = frozenset(str(getattr(fact, name)) for fact in facts if fact.confidence >= SURE_FROM)
    return sure or frozenset((UNSURE if facts else NONE,))


def _answer(picked: Picked) -> frozenset[str]:
    sure = picked.label is not None and picked.confidence >= SURE_FROM
    return frozenset((str(picked.label) if sure else UNSURE,))


def _verdict(answer: Answered, question: Question) -> frozenset[str]:
    if answer.confidence < SURE_FROM or not isinstance(answer.value, int | float):
        return frozenset((UNSURE,))
    return frozenset((PASS if answer.value >= sum(question.scale or (0.0, 1.0)) / 2 else FAIL,))
