"""Products added or changed by tool calls: what the agent did, whatever it said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from evalh.models import Booking, Lexicon, ToolCall, Turn
from evalh.reader.tokens import words
from evalh.text.normalise import normalise

_SELLING = ("add", "change", "book", "order", "subscribe", "purchase", "buy", "upgrade", "activate", "enroll", "create")
_PRICE_KEYS = ("price", "amount", "cost", "charge", "fee")
_SKU_KEYS = ("sku", "offer", "product", "plan", "code", "item", "addon", "add_on", "package")
_QUANTITY_KEYS = ("quantity", "qty", "count")
_TAKING_AWAY = ("remove", "cancel", "drop", "suspend", "delete", "disable", "stop")
_YES = ("yes", "true", "y", "1")


@dataclass
class BookingReader:
    """Reads the tool calls of agent turns against one lexicon."""

    lexicon: Lexicon
    _codes: dict[str, str] = field(init=False)
    _names: dict[tuple[str, ...], str] = field(init=False)

    def __post_init__(self) -> None:
        self._codes = {code.upper(): offer.id for offer in self.lexicon.offers for code in offer.codes}
        self._names = {words(normalise(name).text): offer.id for offer in self.lexicon.offers for name in offer.names}

    def read(self, turn: Turn) -> list[Booking]:
        """The bookings of an agent turn; calls that sell nothing leave none."""
        found: list[Booking] = []
        for position, call in enumerate(turn.tool_calls):
            found += self._of_call(turn, position, call)
        return found

    def _of_call(self, turn: Turn, position: int, call: ToolCall) -> Iterator[Booking]:
        if not isinstance(call.arguments, dict) or not self._sells(call.name):
            return
        pairs = list(_flat(call.arguments))
        if any(_takes_away(key) or _takes_away(str(value)) for key, value in pairs):
            return
        price = next(
            (_amount(value) for key, value in _own(call.arguments) if _is(key, _PRICE_KEYS) and _amount(value)), None
        )
        quantity = next((int(value) for key, value in pairs if _is(key, _QUANTITY_KEYS) and _whole(value)), None)
        for offer, sku in self._products(call, pairs):
            yield Booking(
                turn=turn.index,
                end=len(turn.text),
                quote=turn.text,
                tool=call.name,
                call=position,
                offer=offer,
                sku=sku,
                price=price,
                quantity=quantity,
                succeeded=_succeeded(call),
            )

    def _sells(self, tool: str) -> bool:
        return tool in self.lexicon.consent_tools or tool.lower().split("_")[0] in _SELLING

    def _products(self, call: ToolCall, pairs: list[tuple[str, Any]]) -> list[tuple[str | None, str | None]]:
        found: dict[str, str | None] = {}
        for key, value in pairs:
            offer = self._offer_of(key, value)
            if offer is not None:
                found.setdefault(offer, str(value) if str(value).upper() in self._codes else None)
        if found:
            return list(found.items())
        if call.name in self.lexicon.consent_tools:
            unknown = next((str(value) for key, value in pairs if _is(key, _SKU_KEYS) and isinstance(value, str)), None)
            return [(None, unknown)] if unknown else []
        return []

    def _offer_of(self, key: str, value: Any) -> str | None:
        if isinstance(value, str):
            by_code = self._codes.get(value.upper())
            if by_code is not None:
                return by_code
            if _is(key, _SKU_KEYS):
                return self._names.get(words(normalise(value).text))
        by_key = self._names.get(words(normalise(key.replace("_", " ")).text))
        return by_key if by_key is not None and str(value).lower() in _YES else None


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _flat(item, key)
    else:
        yield key, value


def _own(arguments: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arguments that are not about how it is paid or who travels."""
    for key, value in arguments.items():
        if not isinstance(value, dict | list):
            yield key, value
        elif _is(key, _SKU_KEYS):
            yield from _flat(value, key)


def _takes_away(word: str) -> bool:
    return word.lower().replace("-", "_").split("_")[0] in _TAKING_AWAY


def _is(key: str, kinds: tuple[str, ...]) -> bool:
    return any(kind in key.lower() for kind in kinds)


def _amount(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value).strip().lstrip("$£€"))
    except InvalidOperation:
        return None
    return str(amount) if amount.is_finite() and amount >= 0 else None


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000


def _succeeded(call: ToolCall) -> bool | None:
    if call.error is not None:
        return not call.error
    if call.result is None:
        return None
    text = str(call.result).lower()
    return not any(word in text[:200] for word in ("error", "failed", "not found", "denied", "invalid", "unable"))
