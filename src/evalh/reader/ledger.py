"""The offer ledger: an explicit state machine that follows each offer, and the topic of offers as a whole.

A refusal, a deferral and a deflection close the topic; an objection does not. While it is closed every pitch is a
repeat, of the same offer or of another, until the customer reopens it: by asking, by coming back to it, by accepting.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from evalh.models import Booking, Fact, LedgerEntry, OfferAct, OfferReply
from evalh.models.vocabulary import OfferEvent, OfferStatus, Reply


@dataclass(frozen=True, slots=True)
class Move:
    """What an event does: the status it leaves (None: as it was), and whether it closes or opens the topic."""

    event: OfferEvent
    status: OfferStatus | None
    closes: bool = False
    opens: bool = False


CUSTOMER: dict[Reply, Move] = {
    "accept": Move("accepted", "accepted", opens=True),
    "refuse": Move("refused", "refused", closes=True),
    "defer": Move("deferred", "deferred", closes=True),
    "deflect": Move("deflected", "deflected", closes=True),
    "object": Move("objected", None),
    "ask": Move("asked", None, opens=True),
    "reopen": Move("reopened", "pitched", opens=True),
    "ignore": Move("ignored", None),
}
"""What each answer of the customer does."""

AGENT: dict[str, Move] = {
    "pitch": Move("pitched", "pitched"),
    "answer": Move("answered", None),
    "withdraw": Move("withdrawn", None),
}
"""What the acts of the agent do; a mention and a read-back do nothing."""

BOOKED = Move("booked", "accepted")


@dataclass
class Ledger:
    """The state of every offer of one conversation, and the entries so far."""

    entries: list[LedgerEntry] = field(default_factory=list)
    status: dict[str | None, OfferStatus] = field(default_factory=dict)
    pitches: dict[str | None, int] = field(default_factory=dict)
    pitched_at: dict[str | None, int] = field(default_factory=dict)
    closed_at: int | None = None
    closed_offer: str | None = None
    since_closed: int = 0
    reopened: set[str | None] = field(default_factory=set)

    @property
    def topic_closed(self) -> bool:
        """Whether the customer has closed the topic of offers."""
        return self.closed_at is not None

    def agent(self, act: OfferAct) -> None:
        """Take an act of the agent."""
        move = AGENT.get(act.act)
        if move is None:
            return
        repeat = None
        if move.event == "pitched":
            if act.offer is not None:
                self.status.pop(None, None)
            repeat = self._repeats(act.offer)
            self.pitches[act.offer] = self.pitches.get(act.offer, 0) + 1
            self.pitched_at[act.offer] = act.turn
            self.since_closed += repeat is not None
        self._write(act, act.offer, move, repeat)

    def customer(self, reply: OfferReply) -> None:
        """Take an answer of the customer."""
        move = CUSTOMER[reply.reply]
        if move.opens:
            self._open(reply.offer)
        self._write(reply, reply.offer, move, None)
        if move.closes:
            self._close(reply)

    def booking(self, booking: Booking) -> None:
        """Take a booking that did not fail."""
        if booking.offer is None or booking.succeeded is False:
            return
        self._adopt(booking.offer)
        self._write(booking, booking.offer, BOOKED, None)

    def _adopt(self, offer: str) -> None:
        """A yes to an offer that was never named belongs to the one that is then booked."""
        if offer in self.status or self.status.get(None) != "accepted":
            return
        accepted = next(entry for entry in reversed(self.entries) if entry.offer is None and entry.event == "accepted")
        self.status[offer] = self.status.pop(None)
        self.entries.append(accepted.model_copy(update={"offer": offer}))

    def _repeats(self, offer: str | None) -> str | None:
        if not self.topic_closed or offer in self.reopened:
            return None
        return "same" if offer == self.closed_offer else "other"

    def _open(self, offer: str | None) -> None:
        if not self.topic_closed:
            return
        if offer is None or offer == self.closed_offer:
            self.closed_at = self.closed_offer = None
            self.since_closed = 0
            self.reopened.clear()
        else:
            self.reopened.add(offer)

    def _close(self, reply: OfferReply) -> None:
        if self.closed_at is None:
            self.since_closed = 0
        self.closed_at, self.closed_offer = reply.turn, reply.offer
        self.reopened.discard(reply.offer)
        last = self.entries[-1]
        self.entries[-1] = last.model_copy(
            update={"topic_closed": True, "closed_at": reply.turn, "closed_offer": reply.offer}
        )

    def _write(self, fact: Fact, offer: str | None, move: Move, repeat: str | None) -> None:
        status = move.status or self.status.get(offer, "not_pitched")
        if move.event == "pitched" and self.status.get(offer) == "accepted":
            status = "accepted"
        self.status[offer] = status
        self.entries.append(
            LedgerEntry(
                turn=fact.turn,
                start=fact.start,
                end=fact.end,
                quote=fact.quote,
                confidence=fact.confidence,
                source=fact.source,
                offer=offer,
                event=move.event,
                status=status,
                topic_closed=self.topic_closed,
                pitches=self.pitches.get(offer, 0),
                pitches_since_closed=self.since_closed if self.topic_closed else 0,
                closed_at=self.closed_at,
                closed_offer=self.closed_offer,
                repeat_of=repeat,
            )
        )
