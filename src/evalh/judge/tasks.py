"""What a judge is asked about one conversation, in sections that share one call, and what it answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from evalh.models import Conversation, Evidence, Failure, Usage
from evalh.models.vocabulary import Role


class Transcript(Protocol):
    """A conversation as the judge sees it (redacted, cut to a window), and how its answers are brought back."""

    @property
    def turns(self) -> Sequence[int]:
        """The indices of the turns it may speak of."""

    @property
    def shown(self) -> Sequence[int]:
        """The indices of all turns that it sees: with those before a window, which are shown for their context."""

    def role(self, turn: int) -> Role:
        """Who speaks in a shown turn."""

    def has_tools(self, turn: int) -> bool:
        """Whether tools were used in a shown turn, or it is a tool's."""

    def locate(self, turn: int, quote: str) -> Evidence | None:
        """Where the quote stands in the turn's original text; None when it does not."""

    def whole(self, turn: int) -> Evidence:
        """All that was heard in a shown turn."""


class Section(Protocol):
    """One part of a call. Its instructions do not depend on the conversation, so that prompts share a beginning."""

    @property
    def name(self) -> str:
        """The key under which its answer stands in the reply."""

    @property
    def part(self) -> str:
        """What its tokens are counted as: "facts" or the sha256 of a question."""

    @property
    def instructions(self) -> str:
        """The standing instructions."""

    def material(self) -> str:
        """What is particular to this conversation or policy, if anything; trusted text only."""

    def schema(self, transcript: Transcript) -> Mapping[str, Any]:
        """The JSON Schema of its answer: every object closed, every string and integer bounded.

        Its "$defs", named after the section, are moved to the root of the whole reply's schema.
        """

    def read(self, value: Any, transcript: Transcript) -> Any:
        """The answer of one reply. Raises evalh.llm.Unreadable when it is not exactly what was asked."""

    def merge(self, windows: Sequence[Sequence[Any]]) -> Any:
        """One answer from those of each window, and in each of every vote; at least one of either."""


@dataclass(frozen=True)
class Task:
    """What is asked about one conversation."""

    conversation: Conversation
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Outcome:
    """What came of a task: each section's merged answer by name, or the failure of the whole."""

    values: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    windowed: bool = False
    calls: int = 0
    calls_saved: int = 0
    """Of the calls, those whose replies were kept from before."""
    usage: tuple[Usage, ...] = ()
