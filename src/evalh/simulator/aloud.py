"""Numbers as they are spoken, and as a recogniser writes them: "$49.99" is "forty nine ninety nine"."""

from __future__ import annotations

import re
from collections.abc import Callable

from evalh.simulator.words import row

_ONES = row(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = row("zero ten twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_MONTHS = row("january february march april may june july august september october november december")
_CURRENCIES = {"$": "dollar", "£": "pound", "€": "euro"}
_PARTS = re.compile(
    r"(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>[0-2]\d|3[01])(?!\d)"
    r"|(?P<sign>[$£€])(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.(?P<cents>\d{2})(?!\d))?"
    r"|(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?!\d)"
    r"|(?P<nth>\d{1,2})(?:st|nd|rd|th)\b"
    r"|(?P<grouped>\d{1,3}(?:,\d{3})+)(?!\d)"
    r"|(?P<integer>\d+)(?:\.(?P<decimals>\d+))?"
    r"|(?P<percent>%)"
)


def aloud(text: str, *, code: bool = False) -> str:
    """`text` with its numbers in words; `code`: digit by digit, as one gives an account number."""
    said = _PARTS.sub(lambda match: f" {_part(match, code)} ", text)
    return re.sub(r"(?<=[a-z]) (?=[,.;:!?])", "", re.sub(r"\s+", " ", said).strip())


def number(value: int) -> str:
    """A whole number from 0 to 999,999 in words, without "and"."""
    if value < 20:
        return _ONES[value]
    if value < 100:
        return _TENS[value // 10] + (f" {_ONES[value % 10]}" if value % 10 else "")
    if value < 1000:
        return f"{_ONES[value // 100]} hundred" + (f" {number(value % 100)}" if value % 100 else "")
    return f"{number(value // 1000)} thousand" + (f" {number(value % 1000)}" if value % 1000 else "")


def digits(text: str) -> str:
    """Digit by digit, with "oh" for 0."""
    return " ".join("oh" if char == "0" else _ONES[int(char)] for char in text if char.isascii() and char.isdigit())


def _part(match: re.Match[str], code: bool) -> str:
    kind = next(name for name in _SAID if match[name])
    return _SAID[kind](match, code)


def _date(match: re.Match[str], _: bool) -> str:
    day = ordinal(int(match["day"])) if int(match["day"]) else "first"
    return f"{_MONTHS[int(match['month']) - 1]} {day} {year(match['year'])}"


def _integer(match: re.Match[str], code: bool) -> str:
    if match["decimals"]:
        return f"{_whole(match['integer'])} point {digits(match['decimals'])}"
    return digits(match["integer"]) if code else _whole(match["integer"])


def _whole(text: str) -> str:
    """As a number; digit by digit where it is a long one, or begins with 0."""
    if len(text) == 4 and text[:2] in ("19", "20"):
        return year(text)
    return digits(text) if len(text) > 4 or (text[0] == "0" and len(text) > 1) else number(int(text))


def year(text: str) -> str:
    """A year of four digits: "nineteen sixty eight", "two thousand four", "twenty twenty six"."""
    century, rest = int(text[:2]), int(text[2:])
    if text[1:3] == "00":
        return number(int(text))
    if not rest:
        return f"{number(century)} hundred"
    return f"{number(century)} {f'oh {_ONES[rest]}' if rest < 10 else number(rest)}"


def ordinal(value: int) -> str:
    """A number from 1 to 99 as "first", "twenty third"."""
    *head, last = number(value).split()
    last = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return " ".join([*head, last])


def _money(sign: str, whole: str, cents: str | None) -> str:
    name = _CURRENCIES[sign]
    amount = number(int(whole)) if len(whole) <= 6 else digits(whole)
    if cents in (None, "00"):
        return f"{amount} {name}" + ("" if int(whole) == 1 else "s")
    return f"{amount} {_minutes(str(cents))}"


def _minutes(text: str) -> str:
    """Two digits after a number: "thirty", "oh five"; "o'clock" for none."""
    if text == "00":
        return "o'clock"
    return f"oh {_ONES[int(text)]}" if text[0] == "0" else number(int(text))


def _email(text: str) -> str:
    said = text.lower()
    for char, word in (("@", " at "), (".", " dot "), ("_", " underscore "), ("-", " dash "), ("+", " plus ")):
        said = said.replace(char, word)
    return re.sub(r"\d+", lambda match: f" {digits(match[0])} ", said)


_SAID: dict[str, Callable[[re.Match[str], bool], str]] = {
    "email": lambda match, _: _email(match[0]),
    "year": _date,
    "sign": lambda match, _: _money(match["sign"], match["whole"].replace(",", ""), match["cents"]),
    "hour": lambda match, _: f"{number(int(match['hour']))} {_minutes(match['minute'])}",
    "nth": lambda match, _: ordinal(int(match["nth"])),
    "percent": lambda _, __: "percent",
    "grouped": lambda match, _: _whole(match["grouped"].replace(",", "")),
    "integer": _integer,
}
"""How each part is said, by the group that it matches; in the order of the groups."""
