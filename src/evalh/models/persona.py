"""A persona: a kind of customer, who is also a cohort, and how a simulator plays that customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from evalh.models.base import Id, Model, Words

Degree = Literal["none", "low", "medium", "high"]
RefusalStyle = Literal["hard", "polite", "defer", "deflect", "object"]
SpeechStyle = Literal["plain", "terse", "brisk", "chatty", "rambling", "simple", "formal", "technical"]
Moment = Literal["opening", "stated", "progress", "solved", "pitched", "refused", "accepted", "closing"]
"""What has to have happened: the contact began; the matter was stated; the agent did or promised something; the matter
is solved in the customer's eyes; an offer was pitched, turned down, accepted; the customer is about to leave."""
MoodEvent = Literal[
    "solved", "promised", "cannot", "answered", "empathy", "apology", "courtesy", "impolite", "robotic", "long_turn",
    "asked_again", "no_progress", "pitch", "pitch_early", "repeat_pitch", "pressure", "transfer",
]  # fmt: skip
"""What an agent's turn may do to a mood; `pitch_early` is a pitch before the matter is solved."""


class Refusal(Model):
    """How, when and how often the persona turns an offer down."""

    style: RefusalStyle = "polite"
    times: int = Field(default=1, ge=0)
    """So many pitches are answered in this style; 0: every offer is answered by `then`."""
    then: Literal["hard", "polite", "defer", "deflect", "object", "leave", "give_in"] = "hard"
    """How every later pitch is answered; `give_in`: with a yes, `leave`: the customer ends the contact."""
    asks_first: int = Field(default=0, ge=0, le=3)
    """Questions about an offer that are asked before it is answered."""
    ignores: int = Field(default=0, ge=0, le=3)
    """Pitches that are passed over, as if not heard, before the first is answered."""


class Accepts(Model):
    """What makes the persona accept an offer.

    `when` is CEL over `solved`, `pressed`, `told_price`, `told_term`, `asked` (bool), `mood` (-3 to 3), `pitches` (of
    this offer, with this one), `questions` (asked about it), `offer` (`id`, `kind`, `price`), `customer` (the record)
    and `intents`. A field that is missing is no yes.
    """

    when: str = "true"
    offers: Words = ()
    """Only these; none: any."""


class Reopens(Model):
    """What makes the persona come back to an offer that was turned down; `when` as for Accepts."""

    when: str = "true"
    after: int = Field(default=2, ge=1, le=10)
    """So many of the customer's turns later."""


class AgendaItem(Model):
    """Something the persona wants to get said. A plain text in the file is an item that only has a `note`."""

    id: Id
    act: Literal["tell", "ask", "complain", "chat"] = "tell"
    note: str = ""
    """What it is about, for a reader and for a model that plays the persona."""
    say: Words = ()
    """Ways to say it, for the scripted customer; without any it leaves the item out. May hold {goal}."""
    after: str = "stated"
    """A Moment, or the id of another item."""
    required: bool = False
    """Whether the customer does not end the contact, unless out of patience, before it was said."""


class Speech(Model):
    """How the persona speaks."""

    style: SpeechStyle = "plain"
    variety: str = "en-US"
    """A language tag such as en-GB, or one with `x-` for a first language that shows through, such as en-x-es."""
    disfluency: Degree = "low"
    asr_noise: Degree = "none"


class MoodCourse(Model):
    """How the persona's mood starts and moves, from -3 (furious) over 0 (neutral) to 3 (delighted)."""

    start: str = "calm"
    """In a word, for a reader and for a model that plays the persona."""
    level: int = Field(default=0, ge=-3, le=3)
    moves: dict[MoodEvent, int] = Field(default_factory=dict)
    """What changes from the usual moves; 0 leaves the persona cold."""
    improves_with: Words = ()
    worsens_with: Words = ()


class Persona(Model):
    """A persona file. `patience` runs from 1 (none) to 5 (endless)."""

    schema_: Literal["evalh.persona/1"] = Field(default="evalh.persona/1", alias="schema")
    id: Id
    version: Id = "1"
    name: str
    description: str = ""
    traits: Words = ()
    facets: dict[str, str] = Field(default_factory=dict)
    goal: str = ""
    agenda: tuple[AgendaItem, ...] = ()
    patience: int = Field(default=3, ge=1, le=5)
    """Of the agent's turns that bring nothing, so many times two are borne."""
    refusal: Refusal = Refusal()
    accepts: Accepts | None = None
    """None: never, unless worn down (`refusal.then: give_in`)."""
    reopens: Reopens | None = None
    accepts_when: Words = ()
    """In words, for a reader and for a model that plays the persona; `accepts` is what counts."""
    reopens_when: Words = ()
    speech: Speech = Speech()
    mood: MoodCourse = MoodCourse()

    @field_validator("agenda", mode="before")
    @classmethod
    def _notes(cls, value: Any) -> Any:
        """Plain texts as items without words of their own."""
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple):
            return value
        return [_item(one, at) for at, one in enumerate(value, 1)]


def _item(value: Any, at: int) -> Any:
    if isinstance(value, str):
        return {"id": f"item-{at}", "note": value}
    if isinstance(value, Mapping) and "id" not in value:
        return {**value, "id": f"item-{at}"}
    return value
