"""A reading: the facts found in one conversation, each with its place, confidence and source."""

from __future__ import annotations

from pydantic import Field, model_validator

from evalh.models.base import Json, Model, OpenModel, Unit, digest
from evalh.models.failure import Failure
from evalh.models.score import Evidence
from evalh.models.vocabulary import (
    Act,
    ClaimKind,
    ConsentAnswer,
    ConsentKind,
    Courtesy,
    IdentityClaim,
    Intent,
    IssueStatus,
    MentionForm,
    MoodLabel,
    OfferEvent,
    OfferStatus,
    PressureKind,
    Progress,
    RegisterLabel,
    Reply,
    Source,
    Word,
)


class Fact(Model):
    """Something read at characters `start` to `end` of a turn's original text."""

    turn: int = Field(ge=0)
    start: int = Field(default=0, ge=0)
    end: int = Field(default=0, ge=0)
    quote: str = ""
    confidence: Unit = 1.0
    source: Source = "rule"

    @property
    def evidence(self) -> Evidence:
        """The fact's place, as evidence for a verdict."""
        return Evidence(turn=self.turn, start=self.start, end=self.end, quote=self.quote)


class Candidate(Model):
    """An offer that a mention may mean, and how well it matches (0 to 1)."""

    offer: str
    score: Unit


class OfferMention(Fact):
    """An offer named in a turn. `offer` is None while candidates tie or none is in the policy."""

    offer: str | None
    candidates: tuple[Candidate, ...] = ()
    form: MentionForm = "name"
    said: str = ""
    """The name or code as it was said."""


class OfferAct(Fact):
    """What an agent turn does with an offer; several acts a turn if it speaks of several offers."""

    offer: str | None
    act: Act
    candidates: tuple[Candidate, ...] = ()
    said: str = ""
    """How the turn called it; for an offer that is not in the policy, the words that name it."""
    known: bool = True
    """False when the turn offers something that no version of the policy has."""
    asks: bool = False
    """Whether it asks the customer for an answer."""


class Claim(Fact):
    """Something an agent turn states about an offer. `value` is normalised: "49.99", "12", "2026-11-30"."""

    offer: str | None
    kind: ClaimKind
    value: str
    unit: str | None = None
    """The currency of an amount, "percent", or "month" for a length of time."""
    period: str | None = None
    """What the amount is paid per: once, day, week, month, year, trip, use; None: not said."""
    per: str | None = None
    """What the amount is charged for each of (passenger, line, bag ...); None: not said."""
    months: str | None = None
    """For how many months the statement holds, where it says so."""


class OfferReply(Fact):
    """How a customer turn answers an offer that is open to them."""

    offer: str | None
    reply: Reply
    to_turn: int | None = None
    """The agent turn it answers."""


class LedgerEntry(Fact):
    """One event in the life of an offer, and where it leaves the offer and the topic."""

    offer: str | None
    event: OfferEvent
    status: OfferStatus
    topic_closed: bool
    """Whether, after this event, the customer has closed the topic of offers."""
    pitches: int = Field(ge=0)
    """How often this offer has been pitched so far."""
    pitches_since_closed: int = Field(default=0, ge=0)
    """How many pitches, of any offer, have come since the topic was closed."""
    closed_at: int | None = None
    """The customer turn that closed the topic, while it is closed."""
    closed_offer: str | None = None
    """The offer whose refusal closed the topic."""
    repeat_of: str | None = None
    """For a pitch after the topic was closed: "same" or "other" than the refused offer."""


class IntentFact(Fact):
    """Why the customer is in contact, as said."""

    intent: Intent


class Issue(Fact):
    """A problem the customer came with, from the turn that raises it to what became of it."""

    id: str
    intent: Intent
    status: IssueStatus
    word: Word | None = None
    """Whose word says so."""
    resolved_turn: int | None = None
    resolution: Evidence | None = None
    reopened_turn: int | None = None


class ProgressFact(Fact):
    """What a turn says of the customer's matter: solved or unsolved (customer), done, promised or cannot (agent)."""

    says: Progress


class Mood(Fact):
    """The mood a customer turn shows."""

    mood: MoodLabel
    reason: str = ""


class Register(Fact):
    """How an agent turn speaks."""

    register_: RegisterLabel = Field(alias="register")
    reason: str = ""


class CourtesyFact(Fact):
    """Whether an agent turn stays above the floor of politeness."""

    courtesy: Courtesy
    reason: str = ""


class Pressure(Fact):
    """A wording that presses the customer."""

    kind: PressureKind
    offer: str | None = None


class DisclosureFact(Fact):
    """An approved disclosure wording, or one close to it, said by the agent."""

    disclosure: str
    offer: str | None = None
    similarity: Unit = 1.0
    cut_off: bool = False
    """Whether a barge-in cut it off before its end."""


class ProhibitedFact(Fact):
    """A wording of a prohibited claim, said by the agent."""

    claim: str
    similarity: Unit = 1.0


class Consent(Fact):
    """A question that asks for consent, and its answer."""

    kind: ConsentKind
    offer: str | None = None
    answer: ConsentAnswer
    asked_turn: int | None = None
    answer_turn: int | None = None


class Identity(Fact):
    """What was said about who speaks."""

    claim: IdentityClaim


class Booking(Fact):
    """A product added or changed, by a tool call of the agent."""

    tool: str
    call: int = Field(ge=0)
    """Which of the turn's tool calls."""
    offer: str | None = None
    sku: str | None = None
    price: str | None = None
    quantity: int | None = None
    succeeded: bool | None = None


class Question(Model):
    """Something an evaluator wants read that is no standing fact.

    kind "similar": how close agent turns come to `text` (0 to 1 a turn), on turns that pitch `pitches_of` if it is
    given; kind "rubric": where on `scale` a judge puts the conversation by the rubric `text`.
    """

    kind: str = Field(pattern="^(similar|rubric)$")
    text: str
    pitches_of: str | None = None
    scale: tuple[float, float] | None = None
    """For a rubric: the least and the greatest value."""

    @property
    def sha256(self) -> str:
        """The key under which the answer stands in `Reading.answers`."""
        return digest(self)


class Answered(Model):
    """A reader's answer to a question; `values` by turn index for a question about turns."""

    value: Json = None
    values: dict[int, float] = Field(default_factory=dict)
    confidence: Unit = 1.0
    source: Source = "model"
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


class Unread(Model):
    """What a judge was asked for and did not give: names of the fields of a Reading, and why."""

    fields: tuple[str, ...]
    failure: Failure


class Disagreement(Fact):
    """A hard fact that the rules and the judge read differently; it counts as unsure."""

    offer: str | None = None
    kind: str
    """A kind of claim, such as "price"."""
    rule: str | None = None
    """What the rules read; None: nothing."""
    judge: str | None = None
    """What the judge read; None: nothing."""


class Usage(OpenModel):
    """What asking a judge took: for the standing facts (`part` "facts") or for one question (its sha256).

    A call that asks for several parts counts in each of them; its tokens are shared out by the parts' length.
    """

    part: str = "facts"
    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    """Of the input tokens, those that the server had cached."""
    output_tokens: int = 0
    cost: float | None = None
    """In the currency of the price table; None without one."""


class Reading(Model):
    """The facts of one conversation. A language that the reader does not read leaves `read` False."""

    conversation: str
    conversation_sha256: str
    reader: str
    encoder: str | None = None
    lexicon_sha256: str
    read: bool = True
    why_unread: str = ""
    obfuscated: tuple[int, ...] = ()
    """Turns whose characters were hidden or disguised (zero-width, look-alike letters)."""
    mentions: tuple[OfferMention, ...] = ()
    acts: tuple[OfferAct, ...] = ()
    claims: tuple[Claim, ...] = ()
    replies: tuple[OfferReply, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    intents: tuple[IntentFact, ...] = ()
    issues: tuple[Issue, ...] = ()
    progress: tuple[ProgressFact, ...] = ()
    moods: tuple[Mood, ...] = ()
    registers: tuple[Register, ...] = ()
    courtesies: tuple[CourtesyFact, ...] = ()
    pressures: tuple[Pressure, ...] = ()
    disclosures: tuple[DisclosureFact, ...] = ()
    prohibited: tuple[ProhibitedFact, ...] = ()
    consents: tuple[Consent, ...] = ()
    identities: tuple[Identity, ...] = ()
    bookings: tuple[Booking, ...] = ()
    answers: dict[str, Answered] = Field(default_factory=dict)
    judge: str | None = None
    """The id of the judge that was asked, if one was."""
    windowed: bool = False
    """Whether a judge saw the conversation in pieces only."""
    disagreements: tuple[Disagreement, ...] = ()
    unread: Unread | None = None
    """What the judge failed to give; a verdict that needs it is errored."""
    usage: tuple[Usage, ...] = ()
    calls: int = 0
    """How often the judge was asked, retries and votes counted."""

    @model_validator(mode="after")
    def _unread_has_a_reason(self) -> Reading:
        if not self.read and not self.why_unread:
            raise ValueError("a conversation that was not read needs 'why_unread'")
        return self

    def pitches(self) -> tuple[OfferAct, ...]:
        """The acts that pitch, in order."""
        return tuple(act for act in self.acts if act.act == "pitch")

    def mood_before(self, turn: int) -> Mood | None:
        """The last mood a customer showed before `turn`."""
        return next((mood for mood in reversed(self.moods) if mood.turn < turn), None)

    def intents_before(self, turn: int) -> tuple[Intent, ...]:
        """The intents said before or at `turn`, each once, in order."""
        return tuple(dict.fromkeys(fact.intent for fact in self.intents if fact.turn <= turn))
