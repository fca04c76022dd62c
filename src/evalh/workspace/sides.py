"""Whose turns a fact of the reader is labelled at: the customer's, the agent's, or those of either."""

from __future__ import annotations

from collections.abc import Iterable

from evalh.models.vocabulary import Role

CUSTOMER: frozenset[Role] = frozenset({"customer"})
AGENT: frozenset[Role] = frozenset({"agent", "human_agent"})
EITHER = CUSTOMER | AGENT

_BY_CONSTRUCT: dict[str, frozenset[Role]] = {
    "act": AGENT,
    "claim": AGENT,
    "register": AGENT,
    "courtesy": AGENT,
    "pressure": AGENT,
    "identity": AGENT,
    "reply": CUSTOMER,
    "intent": CUSTOMER,
    "issue": CUSTOMER,
    "mood": CUSTOMER,
    "consent": CUSTOMER,
    "progress": AGENT,
}
_BY_LABEL: dict[tuple[str, str], frozenset[Role]] = {
    ("progress", "solved"): CUSTOMER,
    ("progress", "unsolved"): CUSTOMER,
    ("identity", "asked_if_ai"): CUSTOMER,
    ("consent", "silence"): EITHER,
}
"""Labels of another side than the rest of their construct."""


def is_said(construct: str) -> bool:
    """Whether the construct is labelled of what somebody says in a turn; verdicts are not."""
    return construct in _BY_CONSTRUCT


def said_by(construct: str, label: str) -> frozenset[Role]:
    """The roles at whose turns a label may stand. Raises KeyError for a construct of which nothing is said."""
    return _BY_LABEL.get((construct, label), _BY_CONSTRUCT[construct])


def roles_of(construct: str, labels: Iterable[str]) -> frozenset[Role]:
    """The roles at whose turns any of these labels may stand."""
    return frozenset(role for label in labels for role in said_by(construct, label))


def words(roles: frozenset[Role]) -> str:
    """The roles as a person calls them."""
    return "the customer" if roles == CUSTOMER else "the agent" if roles == AGENT else "either side"
