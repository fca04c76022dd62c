"""A conversation with its personal data replaced, and what was found in it: quotes, reasons, readings.

A quote is taken from the redacted turn, so that one that cuts a number in half does not show the half. In free text
every value of the conversation is replaced, in whatever form, and what looks like personal data by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from evalh.models import Conversation, Json, Reading, Turn
from evalh.redact.across import cards_across
from evalh.redact.find import find
from evalh.redact.found import Found
from evalh.redact.numerals import Run, runs
from evalh.redact.plain import plain
from evalh.redact.redactor import Redacted, Redactor

_PLACE = frozenset({"turn", "start", "end", "quote"})
_KEPT = frozenset((
    "case", "conversation", "conversation_id", "conversation_sha256", "encoder", "evaluator", "facets", "judge",
    "lexicon_sha256", "outcome", "part", "persona", "policy_version", "prompt_version", "reader", "run_id", "schema",
))  # fmt: skip
"""Names and digests, which say which conversation a record is of."""
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]")
_LEAST_DIGITS = 5
"""Of a number's digits, so many in a row are replaced where they stand alone in a free text."""
_LEAST_CHARS = 6
"""The same, of an address's characters from its beginning."""


class RedactedConversation:
    """Its turns redacted, and whatever else is written of it.

    Tokens are numbered by turn, then through tool calls, then the customer's record.
    """

    def __init__(self, conversation: Conversation, redactor: Redactor) -> None:
        self._conversation = conversation
        self._redactor = redactor.fresh(conversation.language)
        self.turns = self._redacted_turns()
        """Each turn's text."""
        beside = (self._redactor.text(text, name) for text, name in _beside(conversation))
        self._beside = [text for text in beside if text.marks]
        self._words: dict[str, str] = {}

    @property
    def found(self) -> bool:
        """Whether there is personal data in its turns, its tool calls or the customer's record."""
        return bool(self._beside) or any(turn.marks for turn in self.turns)

    def _redacted_turns(self) -> tuple[Redacted, ...]:
        turns, regions = self._conversation.turns, self._redactor.regions
        texts = [turn.text for turn in turns]
        found = [find(text, regions, before) for text, before in zip(texts, ("", *texts), strict=False)]
        for index, parts in cards_across([(turn.role, turn.text) for turn in turns]).items():
            own = [one for one in found[index] if not any(_overlap(one, part) for part in parts)]
            found[index] = sorted((*own, *parts), key=lambda one: one.start)
        return tuple(self._redactor.replaced(text, ones) for text, ones in zip(texts, found, strict=True))

    def quote(self, turn: int, start: int, end: int, quote: str) -> str:
        """The quote of characters `start` to `end` of a turn's original text; one from elsewhere as free text."""
        if 0 <= turn < len(self.turns):
            redacted = self.turns[turn]
            if redacted.raw[start:end] == quote:
                return redacted.slice(start, end)
        return self.words(quote)

    def words(self, text: str) -> str:
        """A free text, such as a reason, with tokens."""
        known = self._words.get(text)
        if known is None:
            known = self._words[text] = self._worded(text) if len(text) >= _LEAST_DIGITS else text
        return known

    def record(self, value: Any) -> Any:
        """A record of it, as JSON: quotes by their place, all other strings but names and digests as free text."""
        if isinstance(value, str):
            return self.words(value)
        if isinstance(value, Sequence):
            return [self.record(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        placed = value.keys() >= _PLACE
        kept = _KEPT | {"quote"} if placed else _KEPT
        shown = {key: item if key in kept else self.record(item) for key, item in value.items()}
        if placed:
            shown["quote"] = self.quote(value["turn"], value["start"], value["end"], value["quote"])
        return shown

    def value(self, value: Json) -> Any:
        """Anything else of it, as JSON: every string and number, the names in it too."""
        return self._argument(value)

    def reading(self, reading: Reading) -> Reading:
        """A reading of it."""
        if not self.found:
            return reading
        return Reading.model_validate(self.record(reading.model_dump(mode="json", by_alias=True)))

    def shown(self) -> Conversation:
        """The conversation to be shown: turns and tool calls redacted, what was heard of them too."""
        if not self.found:
            return self._conversation
        turns = tuple(map(self._turn, self._conversation.turns, self.turns))
        return self._conversation.model_copy(update={"turns": turns, "customer": None, "metadata": {}})

    def _turn(self, turn: Turn, redacted: Redacted) -> Turn:
        delivered = turn.delivered if turn.delivered is None else redacted.forward(0, turn.delivered)[1]
        calls = tuple(
            call.model_copy(update={"arguments": self._argument(call.arguments), "result": self._argument(call.result)})
            for call in turn.tool_calls
        )
        return turn.model_copy(update={"text": redacted.text, "delivered": delivered, "tool_calls": calls})

    def _argument(self, value: Json, name: str = "") -> Any:
        """What a tool was given or gave back, under a name; numbers too, since cards and phones may be numbers."""
        if isinstance(value, dict):
            return {self._worded(key): self._argument(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self._argument(item, name) for item in value]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return value
        text = self._worded(str(value), _spaced(name))
        return value if text == str(value) else text

    # --- free text ---

    def _worded(self, text: str, before: str = "") -> str:
        spans = [(one.start, one.end, self._redactor.token(one)) for one in find(text, self._redactor.regions, before)]
        spans += self._known_digits(text)
        spans += self._known_words(text)
        pieces: list[str] = []
        done = 0
        for start, end, token in sorted(spans):
            if start >= done:
                pieces += (text[done:start], token)
            done = max(done, end)
        return "".join((*pieces, text[done:])) if spans else text

    @cached_property
    def _numbers(self) -> list[tuple[str, str]]:
        return [(value, token) for (kind, value), token in self._redactor.known().items() if kind != "EMAIL"]

    @cached_property
    def _surfaces(self) -> list[tuple[str, str]]:
        """How each value stands in the conversation, also as Python quotes it, the longest first, and its token."""
        marks = [
            (text.raw[slice(*mark.raw)], mark.token) for text in (*self.turns, *self._beside) for mark in text.marks
        ]
        said = {form.lower(): token for text, token in marks for form in (text, repr(text)[1:-1])}
        return sorted(said.items(), key=lambda item: (-len(item[0]), item))

    def _known_digits(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Digits of a known number, also cut off or in other groups."""
        if not self._numbers:
            return
        normal, folded = plain(text)
        for run in runs(folded, _LEAST_DIGITS):
            first = 0
            while first < len(run):
                after, token = self._same_digits(run, first)
                if token:
                    yield *normal.span(run[first].start, run[after - 1].end), token
                first = after

    def _same_digits(self, run: Run, first: int) -> tuple[int, str]:
        """The most pieces from `first` that are part of a known number, or hold one; its token, "" if too few."""
        held = self._held(run[first].digits)
        if held:
            return first + 1, held
        after, digits, place = first, "", -1
        while after < len(run):
            longer = digits + run[after].digits
            at = self._all_digits.find(longer)
            if at < 0:
                break
            after, digits, place = after + 1, longer, at
        if len(digits) < _LEAST_DIGITS:
            return first + 1, ""
        return after, self._numbers[self._all_digits.count(" ", 0, place)][1]

    def _held(self, digits: str) -> str:
        """The token of the first known number that stands in the digits of one piece; "" for none."""
        known = self._tokens_by_number
        lengths = {len(value) for value in known}
        if len(digits) < min(lengths):
            return ""
        parts = (digits[at : at + length] for length in lengths for at in range(len(digits) - length + 1))
        return next((known[part] for part in parts if part in known), "")

    @cached_property
    def _all_digits(self) -> str:
        """All known numbers, each after a space but the first, so that a part of any is found at once."""
        return " ".join(value for value, _ in self._numbers)

    @cached_property
    def _tokens_by_number(self) -> dict[str, str]:
        return dict(self._numbers)

    def _known_words(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Known values as they were said, and addresses that are cut off."""
        folded = text.lower()
        if len(folded) != len(text):
            return
        for said, token in self._surfaces:
            partly = "EMAIL" in token
            head = said[:_LEAST_CHARS] if partly else said
            at = folded.find(head) if len(said) >= _LEAST_DIGITS else -1
            while at >= 0:
                length = _same(said, folded[at : at + len(said)]) if partly else len(said)
                yield at, at + length, token
                at = folded.find(head, at + max(length, 1))


def _beside(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """What else may hold personal data, each text with its name: tool calls and the customer's record."""
    for turn in conversation.turns:
        for call in turn.tool_calls:
            yield from _leaves(call.arguments)
            yield from _leaves(call.result)
    yield from _leaves(conversation.customer)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """All names, strings and numbers of a JSON value, and the name that each has there."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key, ""
            yield from _leaves(item, key)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item, name)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value), _spaced(name)


def _spaced(name: str) -> str:
    """A name such as "phoneNumber" or "phone_number" in words."""
    return _JOINT.sub(" ", name)


def _same(text: str, other: str) -> int:
    """How many characters the two begin with in common."""
    pairs = enumerate(zip(text, other, strict=False))
    return next((at for at, (one, two) in pairs if one != two), min(len(text), len(other)))


def _overlap(one: Found, other: Found) -> bool:
    return one.start < other.end and other.start < one.end
