"""A conversation as it goes into a golden set: without personal data, and without what only its source knows.

Personal data is what `evalh.redact` finds: names and postal addresses are not.
"""

from __future__ import annotations

import re
from typing import Any

from evalh.models import AgentInfo, Conversation, Json, Turn, digest
from evalh.redact import RedactedConversation, Redactor

TOKEN = re.compile(r"<(?:CARD|PHONE|EMAIL|IBAN)_[0-9]+>")
_OF_SIMULATION = "simulation"
"""In the metadata of a simulated conversation, what was meant in it."""


class Clean:
    """A conversation redacted: a value has one token in its turns, tool calls, record, facets and metadata."""

    def __init__(self, conversation: Conversation) -> None:
        self._source = conversation
        self._redacted = RedactedConversation(conversation, Redactor())

    @property
    def replaced(self) -> bool:
        """Whether anything of it is replaced, so that a digest of the original would tell of it."""
        beside: list[Json] = [dict(self._source.facets), self._source.metadata]
        return self._redacted.found or bool(self.value(beside) != beside)

    def value(self, value: Json) -> Any:
        """Anything that is said of it, as JSON."""
        return self._redacted.value(value)

    def recording(self) -> Conversation:
        """The conversation, still without the names that it has in its golden set."""
        one = self._source
        turns = map(self._turn, self._redacted.shown().turns)
        metadata = {name: value for name, value in one.metadata.items() if name != _OF_SIMULATION}
        changed: dict[str, Any] = {
            "turns": tuple(turns),
            "customer": self.value(one.customer),
            "facets": self.value(dict(one.facets)),
            "metadata": self.value(metadata),
            "agent": AgentInfo(),
        }
        return one.model_copy(update=changed)

    def _turn(self, turn: Turn) -> Turn:
        calls = tuple(call.model_copy(update={"id": self.value(call.id)}) for call in turn.tool_calls)
        return turn.model_copy(update={"tool_calls": calls, "origin": None, "key": None})


def said_sha256(conversation: Conversation) -> str:
    """The digest of what was said and done in it, whatever it is called."""
    calls = [[call.model_dump(mode="json", exclude={"id"}) for call in turn.tool_calls] for turn in conversation.turns]
    said = [[turn.role, turn.text, made] for turn, made in zip(conversation.turns, calls, strict=True)]
    return digest([conversation.channel, said])
