"""What a customer is about to say, before there are words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalh.models import CustomerAct
from evalh.models.persona import RefusalStyle

About = Literal["price", "term", "fee", "fit", "catch", "how", "more"]


@dataclass(frozen=True)
class Line:
    """One thing to say. A turn is one Line or a few, in order."""

    act: CustomerAct
    mood: int = 0
    """From -3 (furious) to 3 (delighted)."""
    say: tuple[str, ...] = ()
    """Ways to say it that the persona or the case gives; without any the bank has them."""
    offer: str | None = None
    offer_name: str | None = None
    """How the customer would call the offer; None: "it", "that"."""
    style: RefusalStyle | None = None
    """Of an act that turns an offer down."""
    count: int = 1
    """The how-manieth time this act is done in the conversation, from 1."""
    about: About | None = None
    """Of `ask`: what the customer wants to know of the offer; of `object`: what is wrong with it."""
    slot: str | None = None
    """What the agent asked for or did, such as `last4` or `hold`, where that has words of its own."""
    value: str | None = None
    """Of `give`: what is given."""
    goal: str = ""
    """The case's goal: words that follow "to", such as "get the wrong charge off the bill"."""
    intent: str | None = None
    """Why the customer is in contact, in the words of the codebook."""
    item: str | None = None
    """The agenda item that is said."""
    settled: bool = False
    """Whether the matter is settled in the customer's eyes, so that nobody asks to get back to it."""
