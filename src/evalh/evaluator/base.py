"""Evaluator: settings plus one verb; EvalContext: all that the verb may look at."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from evalh.errors import EvalhError
from evalh.evaluator.condition import Verdict, check
from evalh.models import (
    Answered,
    Case,
    Conversation,
    Evidence,
    Fact,
    Failure,
    LedgerEntry,
    Model,
    OfferAct,
    OfferPolicy,
    PolicyInForce,
    PolicySet,
    Prompt,
    Question,
    Reading,
    Score,
    Turn,
    Unread,
)
from evalh.models.vocabulary import Direction, Level, Rollup, State

MAX_MESSAGE = 300


class Withheld(EvalhError):
    """What an evaluator needs is not there; becomes one row of `state` with `reason`, and `failure` if there is one."""

    def __init__(self, state: State, reason: str, failure: Failure | None = None) -> None:
        self.state = state
        self.reason = reason
        self.failure = failure
        super().__init__(reason)

    @property
    def row(self) -> Score:
        """The row that takes the place of the verdicts."""
        return Score(level="conversation", state=self.state, reason=self.reason, error=self.failure)


class _Partly(Reading):
    """A reading of which a judge failed to give some fields; looking at one of those raises Withheld."""

    def __getattribute__(self, name: str) -> Any:
        if name in Reading.model_fields:
            _refuse(object.__getattribute__(self, "__dict__").get("unread"), name)
        return super().__getattribute__(name)


def _refuse(unread: Unread | None, field: str) -> None:
    if unread is not None and field in unread.fields:
        failure = unread.failure
        raise Withheld("errored", f"the judge failed ({failure.class_}): {failure.message}"[:MAX_MESSAGE], failure)


@dataclass(frozen=True)
class EvalContext:
    """One conversation with everything a verdict may depend on.

    What is not there is not None but unavailable: reading an attribute that the run does not have ends the
    evaluator with a row of the right state (no policy given: skipped; a language the reader does not read: unsure;
    facts that a judge failed to give: errored).
    """

    conversation: Conversation
    facts: Reading | None = None
    policies: PolicySet | None = None
    in_force: PolicyInForce | None = None
    system_prompt: Prompt | None = None
    case: Case | None = None
    unsure_below: float = 0.5

    def __post_init__(self) -> None:
        if self.facts is not None and self.facts.unread is not None:
            object.__setattr__(self, "facts", _Partly.model_construct(**dict(self.facts)))

    @property
    def reading(self) -> Reading:
        """The facts. Raises Withheld when the conversation could not be read."""
        if self.facts is None:
            raise Withheld("skipped", "the conversation was not read")
        if not self.facts.read:
            raise Withheld("unsure", self.facts.why_unread)
        return self.facts

    @property
    def policy(self) -> OfferPolicy:
        """The policy version in force. Raises Withheld when no policy was given."""
        if self.in_force is None:
            raise Withheld("skipped", "no offer policy was given")
        return self.in_force.policy

    @property
    def older_policies(self) -> tuple[OfferPolicy, ...]:
        """The versions before the one in force, newest first."""
        return self.policies.before(self.policy) if self.policies is not None else ()

    @property
    def prompt(self) -> Prompt:
        """The system prompt of the agent. Raises Withheld when none was given."""
        if self.system_prompt is None:
            raise Withheld("skipped", "no prompt was given")
        return self.system_prompt

    @property
    def customer(self) -> dict[str, Any]:
        """The customer's record. Raises Withheld when there is none, which is not the same as an empty one."""
        if self.conversation.customer is None:
            raise Withheld("skipped", "the conversation has no customer record")
        return dict(self.conversation.customer)

    def turn(self, index: int) -> Turn:
        """The turn of that index."""
        return self.conversation.turns[index]

    def cite(self, *facts: Fact) -> tuple[Evidence, ...]:
        """The places of `facts` as evidence, each once, in order of turns."""
        found = dict.fromkeys(fact.evidence for fact in facts)
        return tuple(sorted(found, key=lambda item: (item.turn, item.start)))

    def quote(self, turn: int, start: int = 0, end: int | None = None) -> Evidence:
        """A piece of a turn as evidence; the whole turn by default."""
        text = self.turn(turn).text
        end = len(text) if end is None else end
        return Evidence(turn=turn, start=start, end=end, quote=text[start:end])

    def answer(self, question: Question) -> Answered | None:
        """The answer to a question that `questions` asked; None where the run has nobody who could answer it.

        Raises Withheld when a judge failed to give it.
        """
        if self.facts is None:
            return None
        given: Answered | None = vars(self.facts)["answers"].get(question.sha256)
        if given is None:
            _refuse(self.facts.unread, "answers")
        return given

    def pitches(self) -> tuple[OfferAct, ...]:
        """The agent's pitches, in order."""
        return self.reading.pitches()

    def entries(self, offer: str | None) -> tuple[LedgerEntry, ...]:
        """The ledger of one offer."""
        return tuple(entry for entry in self.reading.ledger if entry.offer == offer)

    def sure(self, *facts: Fact) -> bool:
        """Whether every fact is confident enough to base a verdict on."""
        return all(fact.confidence >= self.unsure_below for fact in facts)

    def holds(self, condition: str, turn: int | None = None) -> Verdict:
        """Whether a policy condition (CEL) is true of this customer, with the intents said up to `turn`.

        Without a customer record a condition that the intents alone decide is still decided; any other raises Withheld.
        """
        intents = self.reading.intents_before(turn if turn is not None else len(self.conversation.turns))
        unknown = self.conversation.customer is None
        found = check(
            condition,
            customer={} if unknown else self.customer,
            intents=list(intents),
            channel=self.conversation.channel,
            language=self.conversation.language,
        )
        if unknown and found.truth is not True:
            raise Withheld("skipped", "the conversation has no customer record")
        return found


class Evaluator(Model):
    """Settings, which are the fields, plus `evaluate`. Subclasses override the defaults they need.

    `threshold`: a score passes at this value or above (below, when lower is better).
    `rollup`: how a conversation's scores become one: their mean, the worst, or any fault.
    `acts`: its faults are things the agent may start doing, so a conversation without the act has no fault when
    versions are compared.
    """

    version: ClassVar[str] = "1"
    level: ClassVar[Level] = "turn"
    scale: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "higher_is_better"
    acts: ClassVar[bool] = False

    rollup: Rollup = "mean"
    threshold: float = Field(default=0.5, allow_inf_nan=False)
    gating: bool = True
    critical: bool = False

    @classmethod
    def name(cls) -> str:
        """The class's name in snake case: OfferQuality is offer_quality."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower()

    @abstractmethod
    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """The verdicts on one conversation; pure: the same context gives the same scores."""

    def questions(self, ctx: EvalContext) -> Iterable[Question]:  # noqa: ARG002 - part of the contract
        """What must be read for this evaluator beyond the standing facts; asked without a reading."""
        return ()
