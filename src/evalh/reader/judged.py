"""Readers that ask a judge: for all that is not read by rules for certain, or only for what the local reader doubts.

Either asks at most once about a conversation, rubrics in the same call. What a judge fails to give is marked as unread
and never taken from elsewhere. A session is the local reader's: a judge is asked about whole conversations only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from evalh.errors import EvalhError
from evalh.judge.facts import FactsSection
from evalh.judge.picks import PicksSection
from evalh.judge.rubrics import RubricsSection
from evalh.judge.tasks import Outcome, Section, Task
from evalh.models import Answered, Conversation, Failure, Lexicon, Question, Reading, Unread
from evalh.reader.language import reads
from evalh.reader.local import LocalReader
from evalh.reader.merge import FOLLOWING, GIVEN, with_facts, with_picks
from evalh.reader.protocol import Session
from evalh.reader.uncertain import Doubt, doubts

Questions = Sequence[Question]
NOTHING_SAID = "nobody says anything in this conversation"
BY_RULES_ONLY = "and prices and disclosures are read by rules, so a judge is asked for rubrics only"


class Closes(Protocol):
    """Something that is to be closed."""

    def close(self) -> None:
        """Let go of what is open."""


class Asked(Closes, Protocol):
    """What the readers need of a judge (evalh.judge.judge.Judge)."""

    @property
    def id(self) -> str:
        """The model with a digest of all that its answers depend on."""

    def submit(self, task: Task) -> Future[Outcome]:
        """Start asking; raises Stopped, at once or in the future, when the budget is spent."""

    def estimate(self, task: Task) -> tuple[int, int, int]:
        """About how many calls, input and output tokens it takes."""


@dataclass(frozen=True)
class _Call:
    """What is on its way for one conversation: the sections that were asked, none if there was nothing to ask."""

    conversation: Conversation
    rubrics: tuple[RubricsSection, ...]
    facts: FactsSection | None = None
    picks: PicksSection | None = None
    doubts: tuple[Doubt, ...] = ()
    silent: tuple[Question, ...] = ()
    """Rubrics that were not put because nobody says anything."""

    @property
    def task(self) -> Task | None:
        sections: list[Section] = [item for item in (self.facts, self.picks) if item is not None]
        sections += self.rubrics
        return Task(self.conversation, tuple(sections)) if sections else None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a Reading that hang on the answer."""
        found: dict[str, None] = {}
        if self.facts is not None:
            found.update(dict.fromkeys((*GIVEN, "claims", *FOLLOWING)))
        found.update(dict.fromkeys(doubt.field for doubt in self.doubts))
        if found.keys() & {"acts", "replies"}:
            found.update(dict.fromkeys(FOLLOWING))
        if self.rubrics:
            found["answers"] = None
        return tuple(found)


class _AskingReader(ABC):
    """What both readers share: reading is beginning, and then waiting.

    `judge` is closed with the reader, and `replies`, where it keeps them, after it. `calls_saved` counts calls whose
    replies were kept from before.
    """

    def __init__(self, local: LocalReader, judge: Asked, *, replies: Closes | None = None) -> None:
        self.local = local
        self.judge = judge
        self.calls_saved = 0
        self._replies = replies

    @property
    @abstractmethod
    def id(self) -> str:
        """The ids of judge and local reader, so that a cached reading is never another's."""

    @abstractmethod
    def begin(
        self, conversations: Sequence[Conversation], lexicon: Lexicon, questions: Sequence[Questions] = ()
    ) -> Callable[[], list[Reading]]:
        """Start the calls and read locally; what is returned waits for the answers. It may raise Stopped."""

    @abstractmethod
    def _call(self, conversation: Conversation, lexicon: Lexicon, questions: Questions) -> _Call:
        """What would be asked about one conversation."""

    @property
    def encoder_id(self) -> str | None:
        """The local reader's encoder."""
        return self.local.encoder_id

    def read(
        self, conversations: Sequence[Conversation], lexicon: Lexicon, questions: Sequence[Questions] = ()
    ) -> list[Reading]:
        """One reading per conversation, in order. Raises Stopped when the judge's budget is spent."""
        return self.begin(conversations, lexicon, questions)()

    def session(self, conversation: Conversation, lexicon: Lexicon) -> Session:
        """A session of the local reader; the judge is not asked."""
        return self.local.session(conversation, lexicon)

    def plan(self, conversation: Conversation, lexicon: Lexicon, questions: Questions = ()) -> tuple[int, int, int]:
        """About how many calls, input and output tokens reading it would take; nothing is asked."""
        task = self._call(conversation, lexicon, questions).task
        return self.judge.estimate(task) if task is not None else (0, 0, 0)

    def close(self) -> None:
        """Let go of the judge and of the replies it keeps."""
        try:
            self.judge.close()
        finally:
            if self._replies is not None:
                self._replies.close()

    def _submitted(self, call: _Call) -> Future[Outcome] | None:
        if call.task is None:
            return None
        try:
            return self.judge.submit(call.task)
        except Exception as error:  # told when it is awaited, as one that comes later
            failed: Future[Outcome] = Future()
            failed.set_exception(error)
            return failed

    def _collected(
        self,
        coming: Sequence[tuple[_Call, Future[Outcome] | None]],
        local: Sequence[Reading],
        questions: Sequence[Questions],
    ) -> list[Reading]:
        readings = [
            self._merged(call, reading, _outcome(future)) for (call, future), reading in zip(coming, local, strict=True)
        ]
        return self.local.answered([call.conversation for call, _ in coming], readings, questions)

    def _merged(self, call: _Call, local: Reading, outcome: Outcome | None) -> Reading:
        changes: dict[str, Any] = {"reader": self.id, "answers": _unsaid(call)}
        if outcome is None:
            return local.model_copy(update=changes)
        self.calls_saved += outcome.calls_saved
        changes |= {
            "judge": self.judge.id,
            "windowed": outcome.windowed,
            "calls": outcome.calls,
            "usage": outcome.usage,
        }
        if outcome.failure is not None:
            changes["unread"] = Unread(fields=call.fields, failure=outcome.failure)
            return local.model_copy(update=changes)
        for rubric in call.rubrics:
            changes["answers"] |= outcome.values[rubric.name]
        return self._with_answers(call, local, outcome).model_copy(update=changes)

    def _with_answers(self, call: _Call, local: Reading, outcome: Outcome) -> Reading:
        if call.facts is not None and local.read:
            return with_facts(call.conversation, local, outcome.values[call.facts.name])
        if call.picks is not None:
            return with_picks(call.conversation, local, call.doubts, outcome.values[call.picks.name])
        return local


class JudgeReader(_AskingReader):
    """The judge reads the conversation; figures, bookings, disclosures and banned wordings are read by rules.

    A conversation in a language that the rules do not read stays unread, with the reason; its rubrics are answered.
    """

    @cached_property
    def id(self) -> str:
        """The judge's and the local reader's ids."""
        return f"judge({self.judge.id})+{self.local.id}"

    def begin(
        self, conversations: Sequence[Conversation], lexicon: Lexicon, questions: Sequence[Questions] = ()
    ) -> Callable[[], list[Reading]]:
        """Start all calls, then read locally while they are on their way."""
        asked = _for_each(conversations, questions)
        calls = [self._call(conversation, lexicon, row) for conversation, row in zip(conversations, asked, strict=True)]
        coming = [(call, self._submitted(call)) for call in calls]
        local = [_explained(reading) for reading, _ in self.local.scored(conversations, lexicon)]
        return lambda: self._collected(coming, local, asked)

    def _call(self, conversation: Conversation, lexicon: Lexicon, questions: Questions) -> _Call:
        spoken = [turn.heard for turn in conversation.turns if turn.role in ("customer", "agent")]
        read, _ = reads(conversation.language, spoken)
        wanted = read and any(text.strip() for text in spoken)
        return _with_rubrics(conversation, questions, FactsSection(lexicon, conversation) if wanted else None)


class CascadeReader(_AskingReader):
    """The local reader reads; the judge is asked about facts of less confidence than `ask_below`, and for rubrics.

    With `ask_below` 0 it is asked for rubrics only. Where there is nothing to ask, it is not called.
    """

    def __init__(self, local: LocalReader, judge: Asked, ask_below: float, *, replies: Closes | None = None) -> None:
        super().__init__(local, judge, replies=replies)
        self.ask_below = ask_below

    @cached_property
    def id(self) -> str:
        """The judge's and the local reader's ids, and below which confidence is asked."""
        return f"cascade({self.judge.id},{self.ask_below:g})+{self.local.id}"

    def begin(
        self, conversations: Sequence[Conversation], lexicon: Lexicon, questions: Sequence[Questions] = ()
    ) -> Callable[[], list[Reading]]:
        """Read locally, and start each call as soon as its conversation is read."""
        asked = _for_each(conversations, questions)
        coming: list[tuple[_Call, Future[Outcome] | None]] = []
        local: list[Reading] = []
        scored = self.local.scored(conversations, lexicon)
        for conversation, row, (reading, scores) in zip(conversations, asked, scored, strict=True):
            doubted = doubts(conversation, reading, scores, self.ask_below)
            call = _with_rubrics(conversation, row, None, doubted, lexicon)
            coming.append((call, self._submitted(call)))
            local.append(reading)
        return lambda: self._collected(coming, local, asked)

    def _call(self, conversation: Conversation, lexicon: Lexicon, questions: Questions) -> _Call:
        if self.ask_below <= 0:
            return _with_rubrics(conversation, questions, None)
        ((reading, scores),) = self.local.scored([conversation], lexicon)
        doubted = doubts(conversation, reading, scores, self.ask_below)
        return _with_rubrics(conversation, questions, None, doubted, lexicon)


def _for_each(conversations: Sequence[Conversation], questions: Sequence[Questions]) -> Sequence[Questions]:
    return questions or [()] * len(conversations)


def _with_rubrics(
    conversation: Conversation,
    questions: Questions,
    facts: FactsSection | None,
    doubted: tuple[Doubt, ...] = (),
    lexicon: Lexicon | None = None,
) -> _Call:
    rubrics = tuple(question for question in questions if question.kind == "rubric")
    if not any(turn.heard.strip() for turn in conversation.turns if turn.role in ("customer", "agent", "human_agent")):
        return _Call(conversation, (), silent=rubrics)
    picks = PicksSection([doubt.query for doubt in doubted], lexicon) if doubted else None
    sections = tuple(RubricsSection([question]) for question in rubrics)
    return _Call(conversation, sections, facts, picks, doubted)


def _outcome(future: Future[Outcome] | None) -> Outcome | None:
    """What came; a judge that broke is a failure of this one conversation. Raises Stopped."""
    if future is None:
        return None
    try:
        return future.result()
    except EvalhError:
        raise
    except Exception as error:  # whatever a reply does to our code, the run goes on and nothing of it is scored
        failure = Failure(class_="internal", message=f"the judge could not be asked or read ({type(error).__name__})")
        return Outcome(failure=failure)


def _unsaid(call: _Call) -> dict[str, Answered]:
    """Rubrics about a conversation in which nobody speaks are unsure without asking."""
    return {
        question.sha256: Answered(
            value=(question.scale or (0.0, 1.0))[0], confidence=0.0, source="rule", reason=NOTHING_SAID
        )
        for question in call.silent
    }


def _explained(reading: Reading) -> Reading:
    if reading.read:
        return reading
    return reading.model_copy(update={"why_unread": f"{reading.why_unread}, {BY_RULES_ONLY}"})
