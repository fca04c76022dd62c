"""Whether what a sentence says can stand beside a record: amounts, dates, times, numbers, features and names.

No slot is known beforehand: what kind of value a slot holds is told from its value and the words of its name. What a
record does not speak of is not judged, and prose is left to `support`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from evalh.reader.slots import Slot, group, is_title, row, slots, stem
from evalh.reader.stated import Number, Stated, parts, read
from evalh.reader.strangers import strangers
from evalh.text.amounts import Amount

Label = Literal["grounded", "ungrounded", "unsure"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`label` over all that a sentence says, and the slots that agree with it and that do not.

    `confidence` (0 to 1) is that of the label. A sentence that states nothing the record speaks of is "unsure".
    """

    label: Label
    mismatches: tuple[str, ...]
    matches: tuple[str, ...]
    confidence: float


@dataclass
class _Found:
    matches: dict[str, None] = field(default_factory=dict)
    mismatches: dict[str, None] = field(default_factory=dict)

    def judge(self, equal: Sequence[Slot], others: Sequence[Slot]) -> None:
        """Note that a value was said: `equal` slots have it, `others` would have to."""
        if equal:
            self.matches.update(dict.fromkeys(slot.name for slot in equal))
        else:
            self.mismatches.update(dict.fromkeys(slot.name for slot in others))


def agrees(text: str, record: Mapping[str, str]) -> Verdict:
    """Whether everything `text` says is compatible with the values of `record`, slot by slot."""
    known = slots(record)
    stated = read(text, [slot for slot in known if slot.kind in ("name", "phone")])
    found = _Found()
    _phones(stated, known, found)
    _days(stated, known, found)
    _times(stated, known, found)
    for number in stated.numbers:
        _number(number, known, found)
    _flags(stated, known, found)
    _choices(stated, known, found)
    _names(stated, known, found)
    return _verdict(found)


def _verdict(found: _Found) -> Verdict:
    matches = tuple(name for name in found.matches if name not in found.mismatches)
    mismatches = tuple(found.mismatches)
    if mismatches:
        return Verdict("ungrounded", mismatches, matches, 0.95)
    if matches:
        return Verdict("grounded", (), matches, 0.95)
    return Verdict("unsure", (), (), 0.5)


# ---- telephone numbers, days, times ------------------------------------------------


def _phones(stated: Stated, known: Sequence[Slot], found: _Found) -> None:
    held = [slot for slot in known if slot.kind == "phone"]
    for digits in stated.phones:
        found.judge([slot for slot in held if _same_line(digits, slot.digits)], held)


def _same_line(one: str, other: str) -> bool:
    return one.endswith(other) or other.endswith(one)


def _days(stated: Stated, known: Sequence[Slot], found: _Found) -> None:
    held = [slot for slot in known if slot.day is not None]
    for day in stated.days:
        found.judge([slot for slot in held if slot.day is not None and day.is_on(slot.day)], held)


def _times(stated: Stated, known: Sequence[Slot], found: _Found) -> None:
    held = [slot for slot in known if slot.minute is not None]
    for said in stated.minutes:
        hour = 720 if said.either else 1440
        found.judge([slot for slot in held if (slot.minute or 0) % hour == said.value % hour], held)


# ---- numbers -----------------------------------------------------------------------

_MEASURES = frozenset(stem(word) for word in ("degrees", "f", "c", "fahrenheit", "celsius", "mph", "kmh", "%"))


def _number(number: Number, known: Sequence[Slot], found: _Found) -> None:
    held = _candidates(number, [slot for slot in known if slot.amounts])
    value = number.amount.value
    found.judge([slot for slot in held if any(one.value == value for one in slot.amounts)], held)


def _candidates(number: Number, held: Sequence[Slot]) -> list[Slot]:
    """The slots that would have to hold the number."""
    kind = number.amount.kind
    same = [slot for slot in held if any(_comparable(number, one, slot) for one in slot.amounts)]
    if kind in ("money", "percent", "data", "duration"):
        return same or _bare(number, held)
    about = [slot for slot in held if number.noun and number.noun in slot.topic]
    if about:
        return about
    if _is_year(number.amount.value) and any(_is_year(slot.amounts[0].value) for slot in held if slot.bare):
        return [slot for slot in held if slot.bare and _is_year(slot.amounts[0].value)]
    if number.noun in _MEASURES:
        return [slot for slot in held if slot.bare]
    for word in number.topic:
        near = [slot for slot in held if word in slot.topic and slot.bare]
        if near:
            return near
    return [slot for slot in held if slot.bare] if "." in number.amount.text else []


def _is_year(value: Decimal) -> bool:
    return 1900 <= value < 2100 and value == int(value)


def _comparable(number: Number, one: Amount, slot: Slot) -> bool:
    said = number.amount
    if said.kind != one.kind:
        return said.kind == "duration" and number.noun in slot.topic
    return said.kind != "duration" or one.unit in (None, said.unit)


def _bare(number: Number, held: Sequence[Slot]) -> list[Slot]:
    if number.amount.kind in ("duration", "data"):
        return []
    return [slot for slot in held if slot.bare and slot.amounts[0].kind == "count"]


# ---- features ------------------------------------------------------------------------

_ALWAYS = frozenset(map(stem, row("good great suitable include including have service shared next")))
_NOT = re.compile(
    r"\b(?:no|not|never|none|without|neither|nor|cannot|lacks?|unavailable|prohibited|forbidden|unfortunately)\b|n't\b"
)
_NO_MATTER = re.compile(r"\b(?:not an?|no) (?:problem|issue|trouble|worries)\b")
_ASKS = re.compile(r"\b(?:whether|if (?:they|it|there|you)|do you|would you|did you|should i|shall i|are you)\b")
_PIECES = re.compile(r"[,;.!?]\s|\bbut\b|\band\b|\bthough\b|\balthough\b|\bwhile\b")
_TOKEN = re.compile(r"[a-z]+")


def _flags(stated: Stated, known: Sequence[Slot], found: _Found) -> None:
    held = [slot for slot in known if slot.kind == "flag"]
    if not held:
        return
    for piece in _PIECES.split(stated.left):
        said = {group(stem(word)) for word in _TOKEN.findall(piece)}
        for slot in held:
            topic = slot.topic - _ALWAYS or slot.topic
            if topic and all(_speaks_of(word, said) for word in topic) and not _ASKS.search(piece):
                found.judge([slot] if slot.flag != _denied(piece, said, topic) else [], [slot])


def _speaks_of(topic: str, said: set[str]) -> bool:
    return topic in said or f"un{topic}" in said or f"non{topic}" in said


def _denied(piece: str, said: set[str], topic: frozenset[str]) -> bool:
    if "non" in said or any(f"non{word}" in said for word in topic):
        return True
    return any(f"un{word}" in said for word in topic) != bool(_NOT.search(_NO_MATTER.sub("", piece)))


# ---- choices ---------------------------------------------------------------------------

_CHOICES = (
    (("cheap", "inexpensive", "affordable", "budget", "low-cost", "economical"),
     ("moderate", "moderately", "mid-range", "midrange", "average", "reasonable", "reasonably"),
     ("pricey", "expensive", "high-end", "upscale", "luxury", "luxurious")),
    (("checking", "current"), ("savings", "saving")),
    (("economy", "coach"), ("premium economy",), ("business",), ("first class",)),
    (("automatic",), ("manual",)),
    (("refundable",), ("non-refundable", "nonrefundable")),
    (("one-way", "one way"), ("round-trip", "round trip", "return trip")),
    (("monthly",), ("annual", "annually", "yearly"), ("weekly",), ("daily",), ("quarterly",)),
    (("prepaid", "pay as you go"), ("postpaid", "contract")),
    (("fixed",), ("variable",)),
    (("single room",), ("double room",), ("twin room",)),
)  # fmt: skip
"""Closed sets of which a value is one: whoever says another one contradicts it."""


def _choices(stated: Stated, known: Sequence[Slot], found: _Found) -> None:
    for slot in known:
        if slot.kind != "name":
            continue
        for choice in _CHOICES:
            own = _chosen(slot.text, choice)
            if own is not None and slot.text == own[1]:
                said = _chosen(stated.text, choice)
                if said is not None:
                    found.judge([slot] if said[0] == own[0] else [], [slot])


def _chosen(text: str, choice: Sequence[Sequence[str]]) -> tuple[int, str] | None:
    hits = [(len(word), place, word) for place, same in enumerate(choice) for word in same if _has(text, word)]
    return max(hits)[1:] if hits else None


def _has(text: str, word: str) -> bool:
    at = text.find(word)
    return at >= 0 and not text[at - 1 : at].isalnum() and not text[at + len(word) : at + len(word) + 1].isalnum()


# ---- names -----------------------------------------------------------------------------


def _names(stated: Stated, known: Sequence[Slot], found: _Found) -> None:
    held = [slot for slot in known if slot.kind == "name"]
    said = [slot for slot in stated.named if slot.name not in found.mismatches]
    found.matches.update(dict.fromkeys(slot.name for slot in said))
    unsaid = [slot for slot in held if slot.name not in found.matches]
    titles = [slot for slot in held if is_title(slot)]
    if not unsaid:
        return
    for slot in unsaid:
        if _has_another_number(slot, stated):
            found.judge([], [slot])
    if strangers(stated, held, titles):
        found.judge([], _of_strangers(unsaid, titles))


def _of_strangers(unsaid: Sequence[Slot], titles: Sequence[Slot]) -> Sequence[Slot]:
    """The slots a strange name is said of: the unsaid titles, or else all that are unsaid."""
    return [slot for slot in unsaid if slot in titles] or unsaid


def _has_another_number(slot: Slot, stated: Stated) -> bool:
    """Whether the name is said with another number than its own: "Plan 60" for "Plan 40"."""
    said = [word.plain for word in stated.words]
    own = list(pairwise(parts(slot.text)))
    return any(
        word == before and not word.isdigit() and after.isdigit() and number.isdigit() and number != after
        for before, after in own
        for word, number in pairwise(said)
    )
