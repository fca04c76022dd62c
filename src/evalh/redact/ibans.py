"""IBANs in a text: a country's length, and the right check digits (mod 97)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import re2

from evalh.redact.found import Found

_GAPS = r"[^a-z0-9]{0,3}"
MAYBE = rf"\b(?:iban)?[a-z] ?[a-z]{_GAPS}[0-9] ?[0-9]{_GAPS}[a-z0-9]{_GAPS}[a-z0-9]{_GAPS}[a-z0-9]"
"""An RE2 pattern that is found in every text with an IBAN."""
_HEAD = re2.compile(rf"\b(?:iban)?([a-z] ?[a-z]{_GAPS}[0-9] ?[0-9])")
_NEXT = rf"(?:{_GAPS}[a-z0-9])"
_GAP = re.compile(r"[^a-z0-9]")
_LETTER_OR_DIGIT = re.compile(r"[a-z0-9]")


def ibans_in(text: str) -> Iterator[Found]:
    """The IBANs of a plain text, with or without a few spaces or marks between their groups."""
    done = 0
    for head in _HEAD.finditer(text):
        begin = head.start(1)
        if begin < done:
            continue
        rest = _rest(head.group(1).replace(" ", "")[:2])
        match = rest.match(text, head.end()) if rest is not None else None
        if match is None or _LETTER_OR_DIGIT.match(text, match.end()):
            continue
        value = _GAP.sub("", text[begin : match.end()])
        if _is_valid(value):
            done = match.end()
            yield Found("IBAN", begin, done, value)


@lru_cache(maxsize=700)
def _rest(country: str) -> re.Pattern[str] | None:
    """What follows the first four characters of an IBAN of a country; None for one that has no IBANs."""
    from stdnum import numdb

    known = numdb.get("iban").info(country.upper())[0][1].get("bban", "")
    length = sum(int(size) for size in re.findall(r"(\d+)!", known))
    return re.compile(_NEXT + f"{{{length}}}") if length else None


@lru_cache(maxsize=4_096)
def _is_valid(value: str) -> bool:
    from stdnum import iban

    return bool(iban.is_valid(value, check_country=False))
