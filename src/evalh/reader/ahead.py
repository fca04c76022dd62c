"""Looks at the sentences of a few conversations with one rule set after the other, before they are read in order.

It finds nothing of its own: the rule sets remember what they found. Conversations are read turn by turn with all sets
in turn, each of which drives the others out of the processor's caches; so each set goes over all sentences first.
"""

from __future__ import annotations

from collections.abc import Sequence

from evalh.models import Conversation
from evalh.reader.issues import resolution_rules
from evalh.reader.rules import load_rules
from evalh.text.normalise import normalise
from evalh.text.sentences import sentences

_OF_SENTENCES = {
    "customer": ("intents", "mood", "identity"),
    "agent": ("acts", "pressure", "courtesy", "register", "identity"),
}
_OF_TURNS = {"customer": ("replies",), "agent": ("consent",)}


def look_ahead(conversations: Sequence[Conversation]) -> None:
    """Let the rule sets look at what will be asked of them while `conversations` are read."""
    for role, of_turns in _OF_TURNS.items():
        turns = [
            normalise(turn.heard).text for one in conversations for turn in one.turns if turn.role == role and turn.text
        ]
        said = [text[start:end] for text in turns for start, end in sentences(text)]
        for name in of_turns:
            load_rules(name).read_ahead(turns)
        for name in _OF_SENTENCES[role]:
            load_rules(name).read_ahead(said)
        resolution_rules(role).read_ahead(said)
