"""What every reader offers: batches of whole conversations, and a session that is fed turn by turn.

A reader that asks a judge offers more: it starts with a batch while the answers for others are still on their way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from evalh.models import Conversation, Lexicon, Question, Reading, Turn


class Session(Protocol):
    """An incremental reading; facts at turn t use turns up to t, only resolution looks ahead."""

    def add(self, turn: Turn) -> None:
        """Take the next turn."""

    def reading(self) -> Reading:
        """The facts of the turns so far."""


class Reader(Protocol):
    """Turns conversations into facts."""

    @property
    def id(self) -> str:
        """Name, version and digest of everything the reader's answers depend on, but for the encoder."""

    @property
    def encoder_id(self) -> str | None:
        """The id of the encoder it uses, if it uses one."""

    def read(
        self, conversations: Sequence[Conversation], lexicon: Lexicon, questions: Sequence[Sequence[Question]] = ()
    ) -> list[Reading]:
        """One reading per conversation, in order; `questions[i]` are asked about conversation i."""

    def session(self, conversation: Conversation, lexicon: Lexicon) -> Session:
        """A session for `conversation`, whose turns are ignored: only its header is used."""


@runtime_checkable
class Ahead(Protocol):
    """A reader whose answers come later, so that those for one batch can be awaited while another is begun."""

    def begin(
        self, conversations: Sequence[Conversation], lexicon: Lexicon, questions: Sequence[Sequence[Question]] = ()
    ) -> Callable[[], list[Reading]]:
        """Start reading; what is returned waits for it and gives what `read` would. It may raise Stopped."""
