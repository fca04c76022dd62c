"""What every reader offers: batches of whole conversations, and a session that is fed turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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
