"""A conversation as a judge is shown it: who said what was heard, what tools did, personal data replaced, or a window.

What is left out was not heard or not said: system turns, backchannels, the end of a turn that was cut off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from evalh.judge.quotes import find_quote
from evalh.llm.fence import unmark
from evalh.models import Conversation, Evidence, ToolCall, Turn, canonical_json
from evalh.models.vocabulary import Role
from evalh.redact.conversation import RedactedConversation
from evalh.redact.redactor import Redactor

CONTEXT = 2
"""Turns before a window that are shown with it, and not spoken of."""
TOOL_CHARS = 4_000
"""The most characters of what a tool was given, and of what it gave back."""
Back = Callable[[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Line:
    """A turn as it is shown."""

    index: int
    role: Role
    text: str
    heard: str
    """What was heard, in the original."""
    back: Back
    cut: bool = False
    """Whether a barge-in cut it off."""
    tools: tuple[dict[str, Any], ...] = ()
    context: bool = False
    """Whether it is shown for the sake of the others only."""

    @property
    def item(self) -> dict[str, Any]:
        """As the judge reads it."""
        told: dict[str, Any] = {"turn": self.index, "who": self.role, "said": self.text}
        if self.cut:
            told["cut_off"] = True
        if self.tools:
            told["tools"] = list(self.tools)
        if self.context:
            told["context"] = True
        return told


@dataclass(frozen=True)
class Shown:
    """The turns of a conversation, or of a window of it, as they are shown."""

    lines: tuple[Line, ...]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The turns as the judge reads them; untrusted, with numbers and roles that are ours."""
        return [line.item for line in self.lines]

    @cached_property
    def turns(self) -> tuple[int, ...]:
        """The indices of the turns that it may speak of."""
        return tuple(line.index for line in self.lines if not line.context)

    @cached_property
    def shown(self) -> tuple[int, ...]:
        """The indices of all turns."""
        return tuple(self._by_index)

    def role(self, turn: int) -> Role:
        """Who speaks in a shown turn."""
        return self._by_index[turn].role

    def has_tools(self, turn: int) -> bool:
        """Whether tools were used in a shown turn, or it is a tool's."""
        line = self._by_index[turn]
        return bool(line.tools) or line.role == "tool"

    def locate(self, turn: int, quote: str) -> Evidence | None:
        """Where the quote stands in the turn's original text; None when it does not, or the turn is not shown."""
        line = self._by_index.get(turn)
        if line is None:
            return None
        span = find_quote(line.text, unmark(quote)) or find_quote(line.text, quote)
        if span is None:
            return None
        start, end = line.back(*span)
        end = min(end, len(line.heard))
        return Evidence(turn=turn, start=start, end=end, quote=line.heard[start:end])

    def whole(self, turn: int) -> Evidence:
        """All that was heard in a shown turn."""
        heard = self._by_index[turn].heard
        return Evidence(turn=turn, start=0, end=len(heard), quote=heard)

    def windows(self, size: int | None) -> tuple[Shown, ...]:
        """Itself, or pieces of at most `size` turns, each after the first begun with the last turns before it."""
        if size is None or len(self.lines) <= size:
            return (self,)
        starts = range(size, len(self.lines), size - CONTEXT)
        return (Shown(self.lines[:size]), *(self._from(start, size - CONTEXT) for start in starts))

    def _from(self, start: int, count: int) -> Shown:
        before = [replace(line, context=True) for line in self.lines[start - CONTEXT : start]]
        return Shown((*before, *self.lines[start : start + count]))

    @cached_property
    def _by_index(self) -> dict[int, Line]:
        return {line.index: line for line in self.lines}


def show(conversation: Conversation, redactor: Redactor | None = None) -> Shown:
    """The whole conversation as a judge is shown it; personal data stays without a redactor."""
    if redactor is None:
        return Shown(tuple(_line(turn, turn, _as_it_is) for turn in conversation.turns if _is_shown(turn)))
    redacted = RedactedConversation(conversation, redactor)
    turns = zip(conversation.turns, redacted.shown().turns, redacted.turns, strict=True)
    return Shown(tuple(_line(turn, shown, place.back) for turn, shown, place in turns if _is_shown(turn)))


def _is_shown(turn: Turn) -> bool:
    said = not turn.backchannel and bool(turn.heard.strip())
    return turn.role != "system" and (said or bool(turn.tool_calls))


def _line(turn: Turn, shown: Turn, back: Back) -> Line:
    cut = bool(turn.interrupted) or (turn.delivered is not None and turn.delivered < len(turn.text))
    text, heard = ("", "") if turn.backchannel else (shown.heard, turn.heard)
    return Line(turn.index, turn.role, text, heard, back, cut, tuple(map(_tool, shown.tool_calls)))


def _as_it_is(start: int, end: int) -> tuple[int, int]:
    return start, end


def _tool(call: ToolCall) -> dict[str, Any]:
    told: dict[str, Any] = {"name": _bounded(call.name), "arguments": _bounded(call.arguments)}
    if call.result is not None:
        told["result"] = _bounded(call.result)
    return told if call.error is None else {**told, "failed": call.error}


def _bounded(value: Any) -> str:
    """As text; what is too long is marked where it was cut."""
    text = value if isinstance(value, str) else canonical_json(value)
    over = len(text) - TOOL_CHARS
    return text if over <= 0 else f"{text[:TOOL_CHARS]} [{over} characters left out]"
