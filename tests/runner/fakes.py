"""A reader that reads two words, and runs made of it, so that the tests of the runner depend on no rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalh.evaluator import EvalContext, Evaluator
from evalh.models import Case, Conversation, Lexicon, Mood, OfferAct, Prompt, Question, Reading, Score
from evalh.models.vocabulary import Rollup
from evalh.reader.protocol import Session
from evalh.runner import EvaluatorInUse, RunInputs, Source
from evalh.testing import make_conversation, make_policy


@dataclass
class FakeReader:
    """Agent turns with "fiber" pitch FIBER-500; `fails_at` conversations in, it raises `error`."""

    fails_at: int | None = None
    error: BaseException = field(default_factory=KeyboardInterrupt)
    read_ids: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return "fake-1"

    @property
    def encoder_id(self) -> str | None:
        return None

    def read(
        self, conversations: Sequence[Conversation], lexicon: Lexicon, questions: Sequence[Sequence[Question]] = ()
    ) -> list[Reading]:
        if self.fails_at is not None and len(self.read_ids) >= self.fails_at:
            raise self.error
        self.read_ids += [conversation.id for conversation in conversations]
        return [self._read(conversation, lexicon) for conversation in conversations]

    def session(self, conversation: Conversation, lexicon: Lexicon) -> Session:
        raise NotImplementedError

    def _read(self, conversation: Conversation, lexicon: Lexicon) -> Reading:
        said = [turn for turn in conversation.agent_turns() if "fiber" in turn.text]
        return Reading(
            conversation=conversation.id,
            conversation_sha256=conversation.sha256,
            reader=self.id,
            lexicon_sha256=lexicon.sha256,
            acts=tuple(OfferAct(turn=turn.index, quote=turn.text, offer="FIBER-500", act="pitch") for turn in said),
            moods=(Mood(turn=0, mood="calm", confidence=0.1 + 0.2),),
        )


class Pitching(Evaluator):
    """Every pitch is a fault."""

    acts = True
    rollup: Rollup = "any_fault"

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        for pitch in ctx.pitches():
            yield Score(turn=pitch.turn, offer=pitch.offer, value=0.0, label="pitched", evidence=ctx.cite(pitch))


class Brevity(Evaluator):
    """Agent turns stay under ten words."""

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        for turn in ctx.conversation.agent_turns():
            yield Score(turn=turn.index, value=len(turn.text.split()) < 10)


class PolicyVersion(Evaluator):
    """Tells the policy version in force."""

    level = "conversation"

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        yield Score(value=1.0, label=ctx.policy.version)


def source(number: int, version: str | None = "v1", text: str = "how can i help", **fields: Any) -> Source:
    """A recording of case number `number`; odd cases are of persona "odd"."""
    case = Case(id=f"case-{number:04}", persona="odd" if number % 2 else "even")
    script = f"C: my bill is wrong {number}\nA: {text}"
    return Source(version, make_conversation(script, id=f"{case.id}.{version}", **fields), case)


def inputs(sources: Any, **fields: Any) -> RunInputs:
    given = {"evaluators": [EvaluatorInUse(Pitching()), EvaluatorInUse(Brevity())], "reader": FakeReader()}
    return RunInputs(sources=sources, **{**given, **fields})


def two_versions(n: int) -> list[Source]:
    """`n` cases held by v1, which never pitches, and v2, which pitches in every third."""
    old = [source(number) for number in range(n)]
    new = [source(number, "v2", "buy fiber" if number % 3 == 0 else "all done") for number in range(n)]
    return [*reversed(new), *old]


POLICIES = make_policy({"version": "1", "effective": {"from": "2026-10-01", "to": "2026-10-31"}})

V1, V2 = (Prompt(agent="care", version=version, text=f"You are Nora, {version}.") for version in ("v1", "v2"))
PROMPTS = {"v1": V1, "v2": V2}
