"""What was recorded of a live agent, as conversations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalh.models import AgentInfo, Conversation, Turn
from evalh.simulator.transcripts import Recorded, read_recordings
from evalh.workspace.find import shown


@dataclass(frozen=True)
class Held:
    """A conversation, and where it was found."""

    conversation: Conversation
    place: str


def of_recordings(path: Path) -> Iterator[Held]:
    """The conversations in a file of recordings, without those of which the customer made a mistake."""
    for one in read_recordings(path):
        if not one.head.faults and one.head.failure is None:
            yield Held(spoken(one), f"{shown(path)}: {one.head.id}")


def spoken(recorded: Recorded) -> Conversation:
    """The conversation that was recorded, each turn with its key; what its case knows of the customer is not in it."""
    head = recorded.head
    turns = [
        Turn(index=index, role=turn.role, text=turn.text, tool_calls=turn.tool_calls, key=turn.key)
        for index, turn in enumerate(recorded.turns)
    ]
    return Conversation(
        id=head.id,
        channel=head.channel,
        language=head.language,
        started_at=head.started_at,
        agent=AgentInfo(prompt_version=head.prompt_version, prompt_sha256=head.prompt_sha256),
        persona=head.persona,
        facets=head.facets,
        turns=tuple(turns),
        case=head.case,
        trial=head.trial,
        prompt_sha256=head.prompt_sha256,
    )
