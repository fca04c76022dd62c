"""What a sentence states that a record may hold: names, telephone numbers, days, times of day, numbers.

A name is only known where the record has it; what else may be a name is left to `values`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from rapidfuzz import fuzz

from evalh.reader.slots import Slot, group, stem
from evalh.text.amounts import Amount, amounts
from evalh.text.normalise import normalise
from evalh.text.sentences import sentences

_SAME = 88.0
_GONE = "|"

_WORD = re.compile(r"[^\W_]+(?:['&-]+[^\W_]+)*")
_PHONE = re.compile(r"\+?\(?\d[\d\s().-]{5,}\d")
_ISO_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_DAY_OF_MONTH = re.compile(
    r"\bthe (\d{1,2})(?:st|nd|rd|th)\b(?: (?:of )?(?:this|next|the) month)?"
    r"(?=[.,;!?]|$| (?:at|and|for|from|to|is|if)\b)"
    r"|\b(\d{1,2})(?:st|nd|rd|th) of (?:this|next|the) month\b"
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(rf"\b({'|'.join(_WEEKDAYS)})\b")
_HALF = r"(?:\s?(a|p)\.?\s?m\b\.?)"
_HOURS = ("twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_HOUR = rf"\d{{1,2}}|{'|'.join(_HOURS)}"
_PAST = {
    "fifteen": 15,
    "thirty": 30,
    "forty five": 45,
    "forty-five": 45,
    "ten": 10,
    "twenty": 20,
    "forty": 40,
    "fifty": 50,
}
_CLOCKS = re.compile(
    rf"\b(?P<h1>\d{{1,2}}):(?P<m1>\d{{2}})(?!\d){_HALF}?"
    rf"|\b(?P<h2>\d{{1,2}})[. ]?(?P<m2>[0-5]\d){_HALF}"
    rf"|\b(?P<part>half(?: past)?|quarter (?:past|after|to|till))\s+(?P<h3>{_HOUR})\b{_HALF}?"
    rf"|\b(?P<h4>{_HOUR})(?:[\s-](?P<m4>{'|'.join(_PAST)}))?(?:{_HALF}| o'?clock\b)"
    rf"|\b(?P<h5>{_HOUR})(?= (?:in the (?:morning|afternoon|evening)|at night)\b)"
    r"|\b(?P<named>noon|midday|midnight)\b"
)
_PART_OF_DAY = re.compile(r"\W*(?:in the )?(morning|afternoon|evening|at night|tonight)\b")
_ONE = re.compile(
    r"\b(a|an|one|single|no)[\s-]+"
    r"((?:stop|layover|transfer|connection|stopover|bed|bedroom|bath|bathroom)s?)\b"
)
_NONE_OF = re.compile(r"\b(?:non-?stop|direct)\b")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the sentence: `plain` is without punctuation; `capital` as written; `first` of its sentence."""

    plain: str
    start: int
    end: int
    capital: bool
    first: bool


@dataclass(frozen=True, slots=True)
class Minute:
    """A time of day in minutes since midnight; `either` where morning and evening are both meant."""

    value: int
    either: bool
    start: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day by what was said of it."""

    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None

    def is_on(self, when: date) -> bool:
        """Whether `when` is such a day."""
        pairs = ((self.day, when.day), (self.month, when.month), (self.year, when.year), (self.weekday, when.weekday()))
        return all(said is None or said == real for said, real in pairs)


@dataclass(frozen=True, slots=True)
class Number:
    """An amount with the words around it: `topic` those before it and its noun, as stems, the nearest first."""

    amount: Amount
    noun: str
    topic: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stated:
    """All that is read of a sentence; `named` are the slots whose names stand in it, `left` the text without it all."""

    text: str
    left: str
    words: tuple[Word, ...]
    named: tuple[Slot, ...]
    phones: tuple[str, ...]
    days: tuple[Day, ...]
    minutes: tuple[Minute, ...]
    numbers: tuple[Number, ...]


def read(raw: str, names: Sequence[Slot]) -> Stated:
    """What `raw` states; `names` are looked for first, so that a number in a name is not read as one."""
    norm = normalise(raw)
    text = norm.text
    spoken = tuple(_words(raw, text, norm.starts))
    spans = [(slot, span) for slot in names if slot.kind == "name" for span in _places(slot, spoken)]
    left = _without(text, [span for _, span in spans])
    phones = [match for match in _PHONE.finditer(left) if _is_phone(match.group())]
    left = _without(left, [match.span() for match in phones])
    minutes, clocks = _minutes(left)
    left = _without(left, clocks)
    days, said = _days(left)
    left = _without(left, said)
    numbers = tuple(_numbers(left))
    return Stated(
        text,
        _without(left, [(one.amount.start, one.amount.full_end) for one in numbers]),
        spoken,
        tuple(dict.fromkeys(slot for slot, _ in spans)),
        tuple("".join(filter(str.isdigit, match.group())) for match in phones),
        tuple(days),
        tuple(minutes),
        numbers,
    )


def plain(text: str) -> str:
    """`text` with letters and digits only."""
    return "".join(filter(str.isalnum, text))


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + _GONE * (end - start) + text[end:]
    return text


def _words(raw: str, text: str, starts: Sequence[int]) -> Iterator[Word]:
    firsts = {start for start, _ in sentences(text)}
    for match in _WORD.finditer(text):
        begin = match.start()
        first = any(begin - 2 <= start <= begin for start in firsts)
        yield Word(plain(match.group()), begin, match.end(), raw[starts[begin]].isupper(), first)


# ---- names ---------------------------------------------------------------------


@lru_cache(maxsize=8_192)
def parts(value: str) -> tuple[str, ...]:
    """The words of a value, without punctuation."""
    return tuple(found for found in (plain(match.group()) for match in _WORD.finditer(value)) if found)


def _places(slot: Slot, spoken: Sequence[Word]) -> Iterator[tuple[int, int]]:
    wanted = parts(slot.text)
    whole = "".join(wanted)
    if not whole or len(wanted) > 12:
        return
    for size in sorted({len(wanted), len(wanted) + 1, max(1, len(wanted) - 1)}, key=lambda n: abs(n - len(wanted))):
        hits = [
            (spoken[at].start, spoken[at + size - 1].end)
            for at in range(len(spoken) - size + 1)
            if same_name("".join(word.plain for word in spoken[at : at + size]), whole)
        ]
        if hits:
            yield from hits
            return


def same_name(one: str, other: str) -> bool:
    """Whether two names without punctuation are the same but for a slip; numbers in them must be equal."""
    if one == other:
        return True
    if len(other) < 5 or abs(len(one) - len(other)) > 2 + len(other) // 10 or fuzz.ratio(one, other) < _SAME:
        return False
    return _digits(one) == _digits(other)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


# ---- telephone numbers, times, days ----------------------------------------------


def _is_phone(said: str) -> bool:
    return len(_digits(said)) >= 7 and not _ISO_DAY.search(said)


def _minutes(text: str) -> tuple[list[Minute], list[tuple[int, int]]]:
    found, spans = [], []
    for match in _CLOCKS.finditer(text):
        minute = _minute(match, text)
        if minute is not None:
            found.append(minute)
            spans.append(match.span())
    return found, spans


def _minute(match: re.Match[str], text: str) -> Minute | None:
    parts = match.groupdict()
    if parts["named"]:
        return Minute(0 if parts["named"] == "midnight" else 720, either=False, start=match.start())
    hour = _hour(next(filter(None, (parts[f"h{number}"] for number in range(1, 6)))))
    minute = int(parts["m1"] or parts["m2"] or _PAST.get(parts["m4"] or "", 0))
    part = parts["part"] or ""
    minute += {"half": 30, "quarter": 15}.get(part.split()[0] if part else "", 0)
    if part.endswith(("to", "till")):
        hour, minute = (hour - 1) % 24, 45
    if hour > 23 or minute > 59:
        return None
    half = _half(match, text)
    if hour > 12 or not half:
        return Minute(hour * 60 + minute, either=hour <= 12, start=match.start())
    return Minute((hour % 12 + (12 if half == "p" else 0)) * 60 + minute, either=False, start=match.start())


def _hour(said: str) -> int:
    return int(said) if said.isdigit() else _HOURS.index(said) or 12


def _half(match: re.Match[str], text: str) -> str:
    said = next((found for found in match.groups() if found in ("a", "p")), "")
    after = _PART_OF_DAY.match(text, match.end())
    return said or ("" if not after else "a" if after.group(1) == "morning" else "p")


def _days(text: str) -> tuple[list[Day], list[tuple[int, int]]]:
    found, spans = [], []
    for one in amounts(text):
        if one.kind == "date":
            year, month, day = one.text.replace("--", "0-", 1).split("-") if one.text[0] == "-" else one.text.split("-")
            found.append(Day(int(day), int(month), int(year) or None))
            spans.append((one.start, one.end))
    for match in _DAY_OF_MONTH.finditer(text):
        if not any(start <= match.end() and match.start() <= end for start, end in spans):
            found.append(Day(int(match.group(1) or match.group(2))))
            spans.append(match.span())
    weekdays = {match.group(1) for match in _WEEKDAY.finditer(text)}
    if len(weekdays) == 1:
        found.append(Day(weekday=_WEEKDAYS.index(weekdays.pop())))
    return found, spans


# ---- numbers -----------------------------------------------------------------------


def _numbers(text: str) -> Iterator[Number]:
    for one in amounts(text):
        if one.kind != "date":
            yield Number(one, _noun(one), _before(text, one.start))
    for match in _ONE.finditer(text):
        yield Number(_count(0 if match.group(1) == "no" else 1, match), group(stem(match.group(2))), ())
    for match in _NONE_OF.finditer(text):
        yield Number(_count(0, match), "stop", ())


def _count(value: int, match: re.Match[str]) -> Amount:
    return Amount("count", Decimal(value), None, match.start(), match.end(), match.end(), match.group())


def _noun(one: Amount) -> str:
    return group(stem(one.unit)) if one.unit and one.kind in ("count", "duration") else ""


def _before(text: str, start: int) -> tuple[str, ...]:
    begin = max((first for first, _ in sentences(text) if first <= start), default=0)
    said = [match.group() for match in _WORD.finditer(text, begin, start)]
    return tuple(group(stem(word)) for word in reversed(said[-5:]))
