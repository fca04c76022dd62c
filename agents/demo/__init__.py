"""A demo agent: rules and ready-made sentences that play Brightwater's assistant, to try all of evalh offline.

It is no model of a good product. It recognises a matter by its words, works it in two to five steps whose results it
makes up, and makes the offer that the customer's record speaks for. How it behaves is read from `parameters` in the
front matter of the prompt version, so that an edit of the prompt changes what it does:

- `offer_when`: `solved` (only after the customer's word that it is) or `any_time` (with its first answer);
- `after_no`, `after_maybe`: what follows a no, and a "not now", a change of subject or an objection: `stop`,
  `restate_once` (the benefit again), `other_offer`, or `insist` (again each time);
- `price`: `full` (price, later price, fees, contract) or `monthly_only`; `asks_permission`; `urgency`;
- `solves`: false for an agent that never gets anywhere; `ignores_rules`: true for one that offers to anybody;
- `copy`: how an offer is to be worded, by the offer's id.

All it knows of a conversation is `contact`: it works out from the turns where it stands, each time anew, and the same
contact always gets the same turn. What it does with offers it declares, so that a reader can be held against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalh.agents import AgentReply

from .talk import Talk
from .words import GREETINGS


def reply(contact: Any) -> AgentReply:
    """The agent's next turn; see the module for the parameters it goes by."""
    talk = Talk(contact)
    talk.greeted = bool(contact.turns) and contact.turns[0].role == "agent"
    said = None
    for text in _customer_texts(contact.turns):
        said = talk.answer(text)
    return said or AgentReply(talk.pick(GREETINGS))


def _customer_texts(turns: Sequence[Any]) -> list[str]:
    """What the customer said each time before the agent's turn."""
    texts: list[str] = []
    last = "agent"
    for turn in turns:
        if turn.role == "customer":
            texts = [*texts[:-1], f"{texts[-1]} {turn.text}"] if last == "customer" else [*texts, turn.text]
            last = "customer"
        elif turn.role == "agent":
            last = "agent"
    return texts
