"""The amounts in a text, written or spoken: money, percentages, lengths of time, data, counts, dates.

Works on normalised text and gives exact offsets. What an amount is said of, it leaves to the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

import re2

AmountKind = Literal["money", "percent", "duration", "data", "count", "date"]


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount at `start` to `end`; `full_end` includes "a month", "per passenger".

    `unit` is a currency code, "month|week|day|hour|minute" (years are 12 months), "mbps" or "gb", or the noun that a
    count counts. `text` is the ISO date of a date ("--11-30" without a year), else the words themselves.
    """

    kind: AmountKind
    value: Decimal
    unit: str | None
    start: int
    end: int
    full_end: int
    text: str
    period: str | None = None
    per: str | None = None


@dataclass(frozen=True, slots=True)
class _Number:
    value: Decimal
    start: int
    end: int
    spoken: bool
    pence: bool = False
    """Spoken as "oh five"."""


def _split(words: str) -> list[str]:
    return words.split()


_ONES = _split("zero one two three four five six seven eight nine")
_TEENS = _split("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = _split("twenty thirty forty fifty sixty seventy eighty ninety")
_WORDS = {
    **{word: value for value, word in enumerate(_ONES + _TEENS)},
    **{word: 10 * value for value, word in enumerate(_TENS, start=2)},
    "fourty": 40,
    "hundred": 100,
    "thousand": 1000,
    "million": 1_000_000,
}
_WORD = "|".join(_WORDS)
_SINGLE = "dollar|buck|euro|quid|gig|gigabyte"
_NUMBERS = re2.compile(
    r"\d(?:[\d.,:/\-]*\d)?"
    rf"|\b(?:a[\s-]+(?:hundred|thousand|million)|(?:{_WORD}))\b"
    rf"(?:[\s-]+(?:and[\s-]+)?(?:oh|o|point|{_WORD})\b)*"
)
_MAYBE = re2.compile(rf"\d|\b(?:{_WORD}|a (?:{_SINGLE}))\b")
_TOKEN = re.compile(r"[a-z]+")

_SIGNS = {"$": "USD", "£": "GBP", "€": "EUR", "¥": "JPY", "₹": "INR"}
_DOLLARS = {"us": "USD", "ca": "CAD", "c": "CAD", "au": "AUD", "a": "AUD", "nz": "NZD", "hk": "HKD", "s": "SGD"}
_CODES = "usd|eur|gbp|cad|aud|nzd|sgd|hkd|inr|jpy|chf|sek|nok|dkk|mxn|brl|zar|aed|php"
_CURRENCY_WORDS = {
    "dollar": "USD", "buck": "USD", "euro": "EUR", "pound": "GBP", "quid": "GBP", "rupee": "INR", "yen": "JPY",
}  # fmt: skip
_CURRENCY_BEFORE = re.compile(rf"(?:(?:^|[^a-z])(us|ca|c|au|a|nz|hk|s)?([$£€¥₹])\s?|\b({_CODES})\s?)\.?$")
_UNIT = re.compile(
    r"(?:[\s-]?(?:full|whole|business|calendar|working|consecutive|straight)[\s-])?(?:"
    r"(?P<percent>\s?%|[\s-]?(?:percent|per cent|pct)\b)"
    r"|(?P<cents>\s?¢|[\s-]?(?:cents?|pence)\b)"
    rf"|(?P<currency>\s?[€£]|[\s-]?(?:(?:u\.?s\.? )?dollars?|bucks?|euros?|pounds?|quid|rupees?|yen|{_CODES})\b)"
    r"|(?P<gbps>[\s-]?(?:gbps|gbit/s|gb/s|gigabits?|gig(?:s|abit)?(?: per second| (?:of )?(?:speeds?|internet"
    r"|fib(?:er|re)|downloads?|connection|broadband)))\b)"
    r"|(?P<mbps>[\s-]?(?:mbps|mbit/s|mb/s|mbits?|megabits?|m(?:b|egs?)(?: per second| (?:of )?(?:speeds?|internet"
    r"|fib(?:er|re)|downloads?|connection|broadband)))\b)"
    r"|(?P<mb>[\s-]?(?:mb|megabytes?|megs? of (?:\w+ )?data)\b)"
    r"|(?P<megs>[\s-]?megs?\b)"
    r"|(?P<gb>[\s-]?(?:gb|gigs?|gigabytes?)\b)"
    r"|(?P<tb>[\s-]?(?:tb|terabytes?)\b)"
    r"|(?P<year>[\s-]?(?:years?|yrs?)\b)"
    r"|(?P<month>[\s-]?(?:months?|mos?|mths?)\b)"
    r"|(?P<week>[\s-]?(?:weeks?|wks?)\b)"
    r"|(?P<day>[\s-]?days?\b)"
    r"|(?P<hour>[\s-]?(?:hours?|hrs?)\b)"
    r"|(?P<minute>[\s-]?(?:minutes?|mins?)\b)"
    r"|(?P<clock>\s?(?:[ap]m|[ap]\.m\.?|o'clock)(?:\b|$))"
    r"|(?P<ordinal>(?:st|nd|rd|th)\b)"
    r"|(?P<thousands>k\b)"
    r")"
)  # fmt: skip
_FACTORS: dict[str, tuple[AmountKind, str, Decimal]] = {
    "gbps": ("data", "mbps", Decimal(1000)),
    "mbps": ("data", "mbps", Decimal(1)),
    "megs": ("data", "mbps", Decimal(1)),
    "mb": ("data", "gb", Decimal("0.001")),
    "gb": ("data", "gb", Decimal(1)),
    "tb": ("data", "gb", Decimal(1000)),
    "year": ("duration", "month", Decimal(12)),
    "month": ("duration", "month", Decimal(1)),
    "week": ("duration", "week", Decimal(1)),
    "day": ("duration", "day", Decimal(1)),
    "hour": ("duration", "hour", Decimal(1)),
    "minute": ("duration", "minute", Decimal(1)),
}
_PERIODS = {
    "month": "month", "mo": "month", "mth": "month", "monthly": "month", "pm": "month", "pcm": "month", "p/m": "month",
    "year": "year", "yr": "year", "annum": "year", "annual": "year", "annually": "year", "yearly": "year", "pa": "year",
    "p/a": "year", "p.a": "year", "p.m": "month", "week": "week", "wk": "week", "weekly": "week", "day": "day",
    "daily": "day", "trip": "trip", "journey": "trip", "use": "use", "time": "use",
}  # fmt: skip
_PERIOD = re.compile(
    r"[\s,*_~()\"]{0,4}(?:(?:/|per|a|an|each|every|for (?:each|every))[\s*]*"
    r"(month|mo|mth|year|yr|annum|week|wk|day|trip|journey|use)\b"
    r"|(?:paid |charged |billed )?(monthly|annually|annual|yearly|weekly|daily)\b|(p/m|p/a|pcm|pm|pa|p\.m|p\.a)\b"
    r"|(?:(?:as|for|in) )?(?:a )?(one[- ]time|one[- ]off"
    r"|once(?! (?:the|you|your|it|i|we|they|he|she|that|this|those|my|our)\b)|single payment|just once|up ?front)\b)"
)
_PEOPLE = "passenger|person|people|traveler|traveller|guest|adult|child|kid|pax|head|member|customer|user|seat|agent"
_THINGS = (
    "line|phone|device|bag|suitcase|ticket|room|night|flight|leg|segment|way|vehicle|car|card|account|unit|item|visit"
    "|class|session|gigabyte|gb|gig|mile|screen|site|location|license|licence|workspace|hour|minute|call|message|order"
    "|pet|property|household|night|stay|claim|transaction|transfer|box|tv|outlet|piece|booking|reservation"
)
_PER = re.compile(
    rf"[\s,*_~()\"]{{0,4}}(?:(?:/\s?|(?:an?|for each|for every|each|every) (?:checked |extra "
    rf"|additional )?)({_PEOPLE}|{_THINGS})\b"
    r"|per[\s-](?:checked |extra |additional |eligible |covered )?([a-z]+)\b|(apiece|each)\b)"
)
_PER_WORDS = {"pax": "passenger", "traveller": "traveler", "people": "person", "head": "person", "licence": "license",
              "gig": "gb", "gigabyte": "gb", "apiece": "each", "phone": "line", "kid": "child"}  # fmt: skip
_ADD = re.compile(r"\s+(?:of (?:[a-z-]+ )?data|extra|more|additional|plus tax(?:es)?|flat|total|only|usd)\b")
_FOR_THE_TRIP = re.compile(r"\s*for (?:the|your|a|one|each) (?:whole |entire )?trip\b")
_PERIOD_BEFORE = re.compile(
    r"\b(one[- ]time|one[- ]off|monthly|annual|yearly|weekly|daily)\s+"
    r"(?:\w+\s+){0,2}(?:of|is|are|was|be|for|at|:)?[\s:]*(?:just |only |about )?(?:us)?[$£€]?\s?$"
)
_PERIOD_AFTER = re.compile(
    r"[\s*]*(one[- ]time|one[- ]off|monthly|annual|yearly|weekly|daily)\s+(?:\w+ )?"
    r"(?:fee|charge|payment|price|rate|cost|plan|subscription|membership|deposit)\b"
)
_CUE = (
    r"\b(?:for|just|only|it's|it is|that's|that is|is|be|costs?|cost you|priced at|price|pay|paying|then|to|at|from"
    r"|of|runs?|around|about|you|do|down to)\s+$"
)
_PRICE_CUE = re.compile(_CUE)
_SURE_CUE = re.compile(
    r"\b(?:(?:for|it's|that's|is|be) (?:just|only)|just|only|costs?|cost you|priced at|price is|price of|pay|runs?"
    r"|goes (?:up )?to|it's|it is|would be|will be)\s+$"
)
_COUNT_NOUN = re.compile(
    r"[\s-]+(?:other |different |more |additional |extra |free |new |checked |carry-on |guest |personal |hd "
    r"|4k )?([a-z]+)\b"
)
_NOT_A_COUNT = re.compile(
    r"(?:\b(?:no|number|num|account|acct|order|id|reference|ref|flight|confirmation|zip|zipcode|extension|ext|pin"
    r"|room"
    r"|suite|gate|case|ticket|phone|call|dial|code|invoice|step|option|press|version|seat|row|page|claim|serial|model"
    r"|ending|ends|digits?|tracking|reservation|booking|policy|member|class|terminal|apartment|apt|unit|born|since)"
    r"\s*(?:number|id|no\.?|code)?\s*(?:is|are|in|with|as|:|#|was)?[\s:#*]*|[#@&_*]{3,}|#)$"
)
_YEAR_CUE = re.compile(
    r"\b(?:in|since|by|during|of|year|until|january|february|march|april|may|june|july|august|september"
    r"|october|november|december|\d+(?:st|nd|rd|th)?)[\s,]+$"
)
_WEIGHT = re2.compile(r"\b(?:weigh\w*|weight|lbs?|kg|kilos?|heav\w+|overweight|luggage allowance)\b")
_NO_NOUNS = frozenset(
    _split(
        "a an the and or but so if is are was be to of for in on at by per with from as it that this you we i "
        "they which would will can your our now then than off each apiece plus minus times x not no yes okay "
        "ok uh um"
    )
) | frozenset(_WORDS)
_ONE_NOUN = re.compile(rf"(?:{_PEOPLE}|{_THINGS}|country|channel|stream|lounge|pass|point|text)s?$")

_MONTHS = _split("january february march april may june july august september october november december")
_MONTH_OF = {name[:3]: number for number, name in enumerate(_MONTHS, start=1)}
_ORDINALS = _split(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_ORDINAL_OF = {
    **{word: value for value, word in enumerate(_ORDINALS, start=1)},
    **{f"twenty {word}": 20 + value for value, word in enumerate(_ORDINALS[:9], start=1)},
    "thirtieth": 30,
    "thirty first": 31,
}
_DAY_WORD = "|".join(sorted((word.replace(" ", "[ -]") for word in _ORDINAL_OF), key=len, reverse=True))
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|(?:jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)\b\.?)"
)
_HAS_MONTH = re2.compile(rf"\b{_MONTH}")
_DATE = re2.compile(
    rf"\b({_MONTH})\s+(?:the )?(\d{{1,2}}(?:st|nd|rd|th)?|{_DAY_WORD})\b(?:,?\s+(\d{{4}})\b)?"
    rf"|\b(?:the )?(\d{{1,2}}(?:st|nd|rd|th)?|{_DAY_WORD})\s+(?:of )?({_MONTH})(?:\b|$)(?:,?\s+(\d{{4}})\b)?"
)
_PLAIN_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_EUROPEAN = re.compile(r"\d{1,3}(?:\.\d{3})*,\d{2}")
_ISO_RUN = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_SLASH_RUN = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?")
_RANGE_RUN = re.compile(r"(\d[\d,]*(?:\.\d+)?)-(\d[\d,]*(?:\.\d+)?)")
_BETWEEN = re.compile(r"\s?(?:-|to|or|and)\s?")
_FRACTIONS = frozenset({"1/2", "1/3", "1/4", "2/3", "3/4", "24/7"})


_ONCE = re.compile(r" (?:just )?(?:once|one[- ]time|up ?front|one[- ]off)\b")
_PAID = re.compile(
    r" (?:just )?(?:once|one[- ]time|up ?front|one[- ]off|to leave|if you leave|for leaving|activation)\b"
)
_PRICED = re.compile(r" (?:for (?:the )?(?:first |next )?[a-z0-9-]+ months?|off)\b")
_CENTS = re.compile(r"\d+\.\d\d")


@lru_cache(maxsize=4_096)
def amounts(text: str) -> tuple[Amount, ...]:
    """The amounts of a normalised text, in order; phone numbers, times of day and identifiers are none."""
    if not _MAYBE.search(text):
        return () if not _HAS_MONTH.search(text) else tuple(_month_dates(text))
    dates = list(_month_dates(text)) if _HAS_MONTH.search(text) else []
    runs: list[Amount] = []
    found = _read_numbers(text, list(_numbers(text, dates, runs)))
    ordered = sorted((*dates, *runs, *_shared_units(text, found)), key=lambda amount: amount.start)
    return tuple(_with_one_offs(text, ordered))


def _with_one_offs(text: str, ordered: list[Amount]) -> Iterator[Amount]:
    """A bare number that is paid is money where money was spoken of before: "nine dollars a month, nineteen once"."""
    money: Amount | None = None
    for amount in ordered:
        paid = _PAID.match(text, amount.end) if amount.kind == "count" and money is not None else None
        exact = amount.kind == "count" and _CENTS.fullmatch(amount.text) is not None
        if (money is not None and (paid or exact)) or (exact and _PRICED.match(text, amount.end)):
            period = "once" if paid and _ONCE.match(text, amount.end) else None
            read = replace(amount, kind="money", unit=money.unit if money else None, period=period)
        else:
            read = amount
        yield read
        money = read if read.kind == "money" else money


def _month_dates(text: str) -> Iterator[Amount]:
    for match in _DATE.finditer(text):
        month = match.group(1) or match.group(5)
        day = _day(match.group(2) or match.group(4))
        year = match.group(3) or match.group(6)
        if 1 <= day <= 31:
            yield _date(match.start(), match.end(), year, _MONTH_OF[month[:3]], day)


def _day(said: str) -> int:
    return _ORDINAL_OF.get(said.replace("-", " ")) or int(said[:2] if said[1:2].isdigit() else said[:1])


def _date(start: int, end: int, year: str | None, month: int, day: int) -> Amount:
    full = year if year is None or len(year) == 4 else f"20{year}"
    return Amount("date", Decimal(0), None, start, end, end, f"{full or '-'}-{month:02}-{day:02}")


def _numbers(text: str, dates: list[Amount], runs: list[Amount]) -> Iterator[_Number]:
    for match in _NUMBERS.finditer(text):
        start, end = match.span()
        if any(date.start < end and start < date.end for date in dates):
            continue
        run = match.group()
        if not run[0].isdigit():
            yield from _spoken(run, start)
        elif (date := _run_date(run, start)) is not None:
            runs.append(date)
        else:
            yield from _written(text, run, start)


def _run_date(run: str, start: int) -> Amount | None:
    if iso := _ISO_RUN.fullmatch(run):
        year, month, day = iso.groups()
    elif run not in _FRACTIONS and (slash := _SLASH_RUN.fullmatch(run)):
        month, day, year = slash.groups()
        if int(month) > 12:
            month, day = day, month
    else:
        return None
    if 1 <= int(month) <= 12 and 1 <= int(day) <= 31:
        return _date(start, start + len(run), year, int(month), int(day))
    return None


def _written(text: str, run: str, start: int) -> Iterator[_Number]:
    end = start + len(run)
    before = text[max(0, start - 6) : start]
    if before.endswith(".") and not before.endswith(("$.", "£.", "€.")):
        before = before[:-1] + " "
    currency = _CURRENCY_BEFORE.search(before)
    if currency:
        plain = _money_number(run, "€" in before or "eur" in before)
        small = before.endswith(".")
        value = Decimal(f"0.{run}") if small and run.isdigit() else plain[0]
        yield _Number(value, start, start + plain[1], spoken=False)
        if parts := _RANGE_RUN.fullmatch(run):
            yield _Number(Decimal(parts.group(2).replace(",", "")), start + parts.start(2), end, spoken=False)
    elif _PLAIN_NUMBER.fullmatch(run):
        yield _Number(Decimal(run.replace(",", "")), start, end, spoken=False)
    elif _EUROPEAN.fullmatch(run) and text[end : end + 2].strip().startswith("€"):
        yield _Number(_european(run), start, end, spoken=False)
    elif parts := _RANGE_RUN.fullmatch(run):
        yield from (
            _Number(
                Decimal(parts.group(i).replace(",", "")), start + parts.start(i), start + parts.end(i), spoken=False
            )
            for i in (1, 2)
        )


def _money_number(run: str, euros: bool) -> tuple[Decimal, int]:
    if euros and _EUROPEAN.fullmatch(run):
        return _european(run), len(run)
    match = _PLAIN_NUMBER.match(run)
    said = match.group() if match else run
    return Decimal(said.replace(",", "")), len(said)


def _european(run: str) -> Decimal:
    return Decimal(run.replace(".", "").replace(",", "."))


def _spoken(run: str, offset: int) -> Iterator[_Number]:
    groups: list[list[tuple[str, int, int]]] = []
    for match in _TOKEN.finditer(run):
        word = (match.group(), offset + match.start(), offset + match.end())
        if groups and _continues([token for token, _, _ in groups[-1]], word[0]):
            groups[-1].append(word)
        elif word[0] not in ("and", "a", "point"):
            groups.append([word])
    if len(groups) >= 3 and all(_value([token for token, _, _ in group]) < 10 for group in groups):
        return
    for group in groups:
        words = [token for token, _, _ in group]
        said = group[:-1] if words[-1] in ("and", "point", "oh", "o") else group
        if said:
            yield _Number(_value(words), said[0][1], said[-1][2], spoken=True, pence=words[0] in ("oh", "o"))


def _continues(said: list[str], word: str) -> bool:
    last = said[-1]
    value = _WORDS.get(word)
    if word in ("oh", "o"):
        return False
    if "point" in said or said[0] in ("oh", "o"):
        return value is not None and value < 10 and ("point" in said or len(said) == 1)
    if value is None:
        return (word == "and" and _WORDS.get(last, 0) >= 100) or (word == "point" and last in _WORDS)
    if last == "and":
        return value < 100
    return _follows(_WORDS.get(last, 0), value)


def _follows(last: int, value: int) -> bool:
    if value >= 100:
        return last < value and last > 0
    if value < 10:
        return value > 0 and (last >= 100 or 20 <= last <= 90)
    return last >= 100


def _value(words: list[str]) -> Decimal:
    if "point" in words:
        cut = words.index("point")
        tail = "".join(str(_WORDS[word]) for word in words[cut + 1 :])
        return Decimal(f"{_value(words[:cut])}.{tail or 0}")
    total = current = 0
    for word in words:
        value = _WORDS.get(word, 0)
        if value == 100:
            current = max(current, 1) * 100
        elif value >= 1000:
            total, current = total + max(current, 1) * value, 0
        else:
            current += value
    return Decimal(total + current)


def _read_numbers(text: str, numbers: list[_Number]) -> list[Amount]:
    found: list[Amount] = []
    index = 0
    while index < len(numbers):
        used, amount = _pair(text, numbers, index) or (1, _single(text, numbers[index]))
        index += used
        if amount is not None:
            found.append(amount)
    found.extend(_single_things(text))
    return _with_cents(text, sorted(found, key=lambda amount: amount.start))


def _single_things(text: str) -> Iterator[Amount]:
    for match in _A_THING.finditer(text):
        half = text[: match.start()].endswith("half ")
        start = match.start() - 5 if half else match.start()
        number = _Number(Decimal("0.5") if half else Decimal(1), start, match.start() + 1, spoken=True)
        amount = _single(text, number)
        if amount is not None:
            yield amount


_A_THING = re.compile(rf"\ba[\s-](?:{_SINGLE})\b")


def _with_cents(text: str, found: list[Amount]) -> list[Amount]:
    merged: list[Amount] = []
    for amount in found:
        last = merged[-1] if merged else None
        if last and _is_change(text, last, amount):
            merged[-1] = replace(
                amount,
                value=last.value + amount.value,
                unit=last.unit,
                start=last.start,
                text=text[last.start : amount.end],
            )
        else:
            merged.append(amount)
    return merged


def _is_change(text: str, last: Amount, amount: Amount) -> bool:
    cents = amount.kind == "money" and amount.value < 1 and text[amount.end - 1] in "tse"
    gap = text[last.end : amount.start].strip(" ,")
    return cents and last.kind == "money" and last.value >= 1 and last.full_end == last.end and gap in ("", "and")


def _pair(text: str, numbers: list[_Number], index: int) -> tuple[int, Amount | None] | None:
    parts = _adjacent(text, numbers, index)
    if len(parts) < 2 or parts[0].value != int(parts[0].value) or not _bare_left(text, parts[0]):
        return None
    if len(parts) > 3 or not all(_is_cents(part) for part in parts[1:]):
        return None
    value = _pair_value(parts)
    if value is None:
        return None
    unit = _UNIT.match(text, parts[-1].end)
    if unit and unit.lastgroup != "currency":
        return (len(parts), None) if unit.lastgroup == "clock" else None
    return _pair_money(text, parts, value, bool(unit))


def _adjacent(text: str, numbers: list[_Number], index: int) -> list[_Number]:
    parts = [numbers[index]]
    for number in numbers[index + 1 : index + 4]:
        if number.spoken is not parts[0].spoken or text[parts[-1].end : number.start] not in (" ", "-"):
            break
        if not number.spoken and text[parts[-1].end] != " ":
            break
        parts.append(number)
    return parts


def _bare_left(text: str, number: _Number) -> bool:
    return number.start == 0 or text[number.start - 1] in " \n*_(\"'$£€~"


def _is_cents(number: _Number) -> bool:
    if number.pence:
        return number.value < 10
    return 10 <= number.value < 100 and (number.spoken or number.end - number.start == 2)


def _pair_value(parts: list[_Number]) -> Decimal | None:
    first, last = parts[0].value, parts[-1].value
    if len(parts) == 3:
        return first * 100 + parts[1].value + last / 100 if 1 <= first < 10 and not parts[1].pence else None
    if not 1 <= first < 1000:
        return None
    if first < 10 and parts[0].spoken and not last % 10 and last != 50 and not parts[-1].pence:
        return first * 100 + last
    return first + last / 100


def _pair_money(text: str, parts: list[_Number], value: Decimal, currency: bool) -> tuple[int, Amount | None] | None:
    start, end = parts[0].start, parts[-1].end
    before = text[max(0, start - 24) : start]
    while start and text[start - 1] in _SIGNS:
        start -= 1
    number = _Number(value, start, end, spoken=True)
    amount = _money(text, number, _currency_before(text, parts[0].start), end if not currency else _unit_end(text, end))
    if currency:
        amount = replace(amount, unit=_unit_currency(text, end))
    sure = currency or amount.full_end > amount.end or amount.unit or len(parts) == 3 or parts[-1].value in (99, 95)
    timelike = parts[0].value <= 12 and parts[-1].value < 60
    yearlike = parts[0].value in (19, 20) and _YEAR_CUE.search(before)
    if (yearlike or (parts[0].value == 20 and 20 <= parts[1].value < 40)) and not (
        currency or amount.full_end > amount.end
    ):
        return len(parts), None
    if sure or (_SURE_CUE if timelike else _PRICE_CUE).search(before):
        return len(parts), amount
    return (len(parts), None) if timelike else None


def _unit_end(text: str, end: int) -> int:
    unit = _UNIT.match(text, end)
    return unit.end() if unit else end


def _unit_currency(text: str, end: int) -> str:
    unit = _UNIT.match(text, end)
    return _currency_word(unit.group().strip(" -")) if unit else "USD"


def _currency_word(said: str) -> str:
    if said in _SIGNS:
        return _SIGNS[said]
    word = said.rsplit(maxsplit=1)[-1].rstrip("s") if said != "quid" else said
    return _CURRENCY_WORDS.get(word) or said.upper()


def _currency_before(text: str, start: int) -> str | None:
    match = _CURRENCY_BEFORE.search(text[max(0, start - 6) : start])
    if not match:
        return None
    if match.group(3):
        return str(match.group(3)).upper()
    sign = match.group(2)
    return _DOLLARS.get(match.group(1) or "", "USD") if sign == "$" else _SIGNS[sign]


def _single(text: str, number: _Number) -> Amount | None:
    unit = _UNIT.match(text, number.end)
    name = unit.lastgroup if unit else None
    currency = None if number.spoken else _currency_before(text, number.start)
    if currency:
        return _signed_money(text, number, currency, unit)
    if name in ("clock", "ordinal", "thousands") or not _free_standing(text, number, bool(unit)):
        return None
    if unit and name:
        return _with_unit(text, number, name, unit)
    return _bare_money(text, number) or _count(text, number)


def _free_standing(text: str, number: _Number, has_unit: bool) -> bool:
    before = text[number.start - 1] if number.start else " "
    after = text[number.end] if number.end < len(text) else " "
    if not has_unit and (after.isalnum() or after in "@_#" or text[number.end : number.end + 2] == "**" * 2):
        return False
    if before.isalnum() or (before in "#@&_" and text[number.start - 2 : number.start] != "__"):
        return False
    if text[max(0, number.start - 3) : number.start] == "***":
        return text[number.end : number.end + 3] == "***"
    if before in "[<{":
        return False
    ranged = before == "-" and text[max(0, number.start - 2)].isdigit()
    return has_unit or ranged or before not in "-/+." or not text[max(0, number.start - 2)].strip(" -/+.")


def _signed_money(text: str, number: _Number, currency: str, unit: Any) -> Amount | None:
    after = text[number.end : number.end + 2]
    value, end = number.value, number.end
    if unit and unit.lastgroup == "thousands":
        value, end = value * 1000, unit.end()
    elif unit and unit.lastgroup == "currency":
        end = unit.end()
        currency = currency if "dollar" in unit.group() else _currency_word(unit.group().strip(" -"))
    elif after[:1].isalpha() or after[:1] == "#" or (after == "**" and text[end + 2 : end + 3] == "*"):
        return None
    sign = _CURRENCY_BEFORE.search(text[max(0, number.start - 6) : number.start])
    shift = len(sign.group().lstrip()) if sign else 0
    start = number.start - shift
    while not (text[start].isalnum() or text[start] in _SIGNS):
        start += 1
    amount = _money(text, replace(number, value=value), currency, end)
    return replace(amount, start=start, text=text[start:end])


def _money(text: str, number: _Number, currency: str | None, end: int) -> Amount:
    period, per, full_end = _rate(text, end)
    if period is None and (before := _PERIOD_BEFORE.search(text[max(0, number.start - 48) : number.start])):
        period = _period_word(before.group(1))
    return Amount("money", number.value, currency, number.start, end, full_end, text[number.start : end], period, per)


def _rate(text: str, end: int) -> tuple[str | None, str | None, int]:
    period = per = None
    for _ in range(3):
        at = skip.end() if (skip := _ADD.match(text, end)) else end
        if period is None and (match := _PERIOD.match(text, at)):
            period, end = _period_word(next(filter(None, match.groups()))), match.end()
        elif period is None and (match := _FOR_THE_TRIP.match(text, at)):
            period, end = "trip", match.end()
        elif per is None and (match := _PER.match(text, at)):
            word = next(filter(None, match.groups()))
            per, end = _PER_WORDS.get(word, word), match.end()
        elif period is None and (match := _PERIOD_AFTER.match(text, at)):
            return _period_word(match.group(1)), per, end
        else:
            break
    return period, per, end


def _period_word(said: str) -> str:
    return _PERIODS.get(said, "once")


def _with_unit(text: str, number: _Number, name: str, unit: Any) -> Amount | None:
    end = unit.end()
    if name == "percent":
        return Amount("percent", number.value, None, number.start, end, end, text[number.start : end])
    if name == "cents":
        return _money(text, replace(number, value=number.value / 100), "GBP" if "pence" in unit.group() else "USD", end)
    if name == "currency":
        if "pound" in unit.group() and _WEIGHT.search(text[max(0, number.start - 60) : end + 40]):
            return None
        return _money(text, number, _currency_word(unit.group().strip(" -")), end)
    if name == "minute" and number.value == 1:
        return None
    kind, unit_name, factor = _FACTORS[name]
    period, _, full_end = _rate(text, end) if kind == "data" or name in ("hour", "minute") else (None, None, end)
    value = _tidy(number.value * factor)
    return Amount(kind, value, unit_name, number.start, end, full_end, text[number.start : end], period)


def _tidy(value: Decimal) -> Decimal:
    whole = value.to_integral_value()
    return whole if value == whole else value.normalize()


def _bare_money(text: str, number: _Number) -> Amount | None:
    amount = _money(text, number, None, number.end)
    before = text[max(0, number.start - 24) : number.start]
    cents = not number.spoken and "." in amount.text and len(amount.text.rpartition(".")[2]) == 2
    if amount.full_end > amount.end:
        if amount.period in ("month", "year", "week", "day", "trip") and number.value >= 2 and amount.per != "each":
            return amount if number.value >= 5 or _PRICE_CUE.search(before) else None
        return amount if number.value >= 5 and (cents or _PRICE_CUE.search(before)) else None
    if cents and (amount.text.endswith(("99", "95")) or _PRICE_CUE.search(before)):
        return amount
    return None


def _count(text: str, number: _Number) -> Amount | None:
    if _NOT_A_COUNT.search(text[max(0, number.start - 40) : number.start]) or number.value > 1_000_000:
        return None
    match = _COUNT_NOUN.match(text, number.end)
    noun = match.group(1) if match and match.group(1) not in _NO_NOUNS else None
    if number.spoken and number.value == 1 and not (noun and _ONE_NOUN.match(noun) and noun != "way"):
        return None
    if not number.spoken and number.end - number.start >= 7:
        return None
    said = text[number.start : number.end]
    return Amount("count", number.value, noun, number.start, number.end, number.end, said)


def _shared_units(text: str, found: list[Amount]) -> Iterator[Amount]:
    for index, amount in enumerate(found):
        after = found[index + 1] if index + 1 < len(found) else None
        if after is not None and _shares(text, amount, after):
            yield replace(amount, kind=after.kind, unit=after.unit, value=_scaled(amount, after), period=after.period)
        elif (
            index
            and amount.kind == "count"
            and found[index - 1].kind == "money"
            and _is_dash(text, found[index - 1], amount)
        ):
            yield replace(amount, kind="money", unit=found[index - 1].unit)
        else:
            yield amount


def _shares(text: str, amount: Amount, after: Amount) -> bool:
    joined = bool(_BETWEEN.fullmatch(text[amount.end : after.start]))
    return amount.kind == "count" and after.kind in ("percent", "duration", "data", "money") and joined


def _is_dash(text: str, first: Amount, second: Amount) -> bool:
    return text[first.end : second.start].strip() == "-"


def _scaled(amount: Amount, after: Amount) -> Decimal:
    years = after.kind == "duration" and after.unit == "month" and ("year" in after.text or "yr" in after.text)
    return amount.value * 12 if years else amount.value
