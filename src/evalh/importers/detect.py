"""Which format a record has, by its content; and the importers by name.

What it leaves to others: opening the source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from evalh.errors import BadInput
from evalh.importers.base import Read, Record, SourceMapping
from evalh.importers.native import is_native, read_native
from evalh.importers.openai_chat import is_chat, read_chat
from evalh.importers.voice import is_call_analytics, is_livekit, read_call_analytics, read_livekit
from evalh.models import Json
from evalh.text.untrusted import shorten

Recognise: TypeAlias = Callable[[Json], bool]

RECORD_FORMATS: dict[str, tuple[Recognise, Read]] = {
    "native": (is_native, read_native),
    "openai_chat": (is_chat, read_chat),
    "livekit": (is_livekit, read_livekit),
    "call_analytics": (is_call_analytics, read_call_analytics),
}
"""How each format of one record per conversation is recognised and read, in the order in which they are tried."""

FORMATS = (*RECORD_FORMATS, "table", "dataset")


def format_of(record: Record, mapping: SourceMapping) -> str:
    """The name of the format of a record; raises BadInput when it has none that is known."""
    if isinstance(record.value, dict) and mapping.messages in record.value:
        return "openai_chat"
    for name, (recognise, _) in RECORD_FORMATS.items():
        if recognise(record.value):
            return name
    raise _unknown(record)


def _unknown(record: Record) -> BadInput:
    value = record.value
    found = shorten(value)
    if isinstance(value, dict) and value:
        found = "the keys " + ", ".join(shorten(key, 30) for key in list(value)[:8])
    remedy = "use a key turns (evalh), messages (OpenAI), items (LiveKit) or Transcript (Amazon)"
    return record.place.bad(f"is in no known transcript format, found {found}", remedy=remedy)
