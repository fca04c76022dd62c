"""The slots of a record: what kind of value each holds, told from the value and from the words of the slot's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from evalh.text.amounts import Amount, amounts
from evalh.text.normalise import normalise

Kind = Literal["flag", "date", "time", "phone", "number", "name"]


def row(text: str) -> frozenset[str]:
    """The words of a row of words."""
    return frozenset(text.split())


_NOTHING = frozenset(["", "dontcare", "none", "null", "n/a", "na", "unknown", "-", "any", "unspecified"])
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?\s*(am|pm|a\.m\.?|p\.m\.?)?|(\d{1,2})\s*(am|pm|a\.m\.?|p\.m\.?)")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[t ](\d{2}:\d{2}).*)?")
_PHONE = re.compile(r"\+?[\d\s()./-]{7,}")
_PLAIN = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

_MONEY = (
    "price fare rent cost balance amount fee charge payment total deposit bill fine premium rate salary income limit "
    "refund credit debit budget money value due spend toll tuition excess deductible usd eur gbp dollar"
)
_SPAN = "duration time length stay day night week month year minute hour term period wait notice warranty delay age"
_CALL = row("phone telephone tel mobile cell fax contact hotline number")
_EMPTY = row(
    "number num no of has have is are was the a an in on at for to by with and or count any per id code supports "
    "offers available availability allowed options option"
)
_GROUPS = (
    "person people guest passenger traveler traveller rider adult seat ticket party pax attendee",
    "stop layover transfer connection stopover",
    "bed bedroom",
    "bath bathroom",
    "bag baggage luggage suitcase",
    "night day stay",
    "line sim handset",
    "child children kid",
    "entry entrance admission",
    "pet dog cat animal",
    "parking park garage",
    "wifi internet",
    "outdoor outside outdoors patio",
    "rating rated score",
    "user member employee licence license",
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot with a value: `text` is the normalised value, `topic` the telling words of its name as stems.

    `amounts` are those the value states; of a bare number its `kind` is "money" or "duration" where the name says so.
    """

    name: str
    kind: Kind
    text: str
    topic: frozenset[str]
    flag: bool = False
    day: date | None = None
    minute: int | None = None
    digits: str = ""
    amounts: tuple[Amount, ...] = ()
    bare: bool = False


def slots(record: Mapping[str, str]) -> tuple[Slot, ...]:
    """The slots of `record` that hold something; a point in time gives two, its date and its time of day."""
    return tuple(slot for name, value in record.items() for slot in _slots(name, value))


@lru_cache(maxsize=8_192)
def _slots(name: str, value: str) -> tuple[Slot, ...]:
    text = normalise(value).text.strip()
    if text in _NOTHING:
        return ()
    about = name_words(name)
    topic = frozenset(group(stem(word)) for word in about if word not in _EMPTY)
    if text in _FLAGS:
        return (Slot(name, "flag", text, topic, flag=_FLAGS[text]),)
    return _timed(name, text, topic) or (_slot(name, text, topic, about),)


def _slot(name: str, text: str, topic: frozenset[str], about: frozenset[str]) -> Slot:
    if _PLAIN.fullmatch(text) and not (_CALL & about and len(text) >= 7):
        return _bare(name, text, topic, about)
    digits = "".join(char for char in text if char.isdigit())
    if len(digits) >= 7 and _PHONE.fullmatch(text):
        return Slot(name, "phone", text, topic, digits=digits)
    found = amounts(text)
    if len(found) == 1 and found[0].start == 0 and found[0].full_end == len(text) and found[0].kind != "date":
        return Slot(name, "number", text, topic, amounts=found)
    return Slot(name, "name", text, topic, amounts=tuple(one for one in found if one.kind not in ("count", "date")))


def _timed(name: str, text: str, topic: frozenset[str]) -> tuple[Slot, ...]:
    if iso := _ISO.fullmatch(text):
        try:
            day = date(int(iso.group(1)), int(iso.group(2)), int(iso.group(3)))
        except ValueError:
            return ()
        found = Slot(name, "date", text, topic, day=day)
        if iso.group(4):
            return found, Slot(name, "time", text, topic, minute=clock(iso.group(4)))
        return (found,)
    minute = clock(text)
    if minute is not None:
        return (Slot(name, "time", text, topic, minute=minute),)
    said = [one for one in amounts(text) if one.kind == "date"]
    if len(said) == 1 and said[0].end - said[0].start >= len(text) - 11 and said[0].text[0] != "-":
        return (Slot(name, "date", text, topic, day=date.fromisoformat(said[0].text)),)
    return ()


def is_title(slot: Slot) -> bool:
    """Whether the slot names the thing a record is about, such as "hotel_name" or "title"."""
    return slot.kind == "name" and bool(name_words(slot.name) & {"name", "title"})


def clock(text: str) -> int | None:
    """The minutes since midnight of a time such as "11:30" or "6 pm" that is all of `text`."""
    match = _CLOCK.fullmatch(text)
    if not match:
        return None
    hour, minute = int(match.group(1) or match.group(4)), int(match.group(2) or 0)
    half = (match.group(3) or match.group(5) or "")[:1]
    if hour > 23 or minute > 59 or (half and hour > 12):
        return None
    return (hour % 12 + (12 if half == "p" else 0) if half else hour) * 60 + minute


def _bare(name: str, text: str, topic: frozenset[str], about: frozenset[str]) -> Slot:
    value = Decimal(text.replace(",", ""))
    stems = {stem(word) for word in about}
    kind: Literal["money", "duration", "count"] = "count"
    if stems & _stems(_MONEY) and not stems & {"number", "count"}:
        kind = "money"
    elif stems & _stems(_SPAN) and "number" not in stems:
        kind = "duration"
    found = Amount(kind, value, None, 0, len(text), len(text), text)
    return Slot(name, "number", text, topic, amounts=(found,), bare=True)


@lru_cache
def _stems(row: str) -> frozenset[str]:
    return frozenset(stem(word) for word in row.split())


def name_words(name: str) -> frozenset[str]:
    """The words of a slot's name: "priceRange" and "price_range" have the same."""
    return frozenset(piece.lower() for piece in _PIECE.findall(name))


@lru_cache(maxsize=8_192)
def stem(word: str) -> str:
    """`word` without the ending of a plural or of a verb."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) > 3:
            word = word[: -len(ending)]
    return word.rstrip("e") if len(word) > 4 else word


def group(word: str) -> str:
    """The stem that stands for all that people use for the same, such as "stop" for "layover"."""
    return _GROUP.get(word, word)


_GROUP = {stem(word): stem(row.split()[0]) for row in _GROUPS for word in row.split()}
