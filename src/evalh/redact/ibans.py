"""IBANs in a text: a country's length, and the right check digits (mod 97)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import re2

from evalh.redact.found import Found

MAYBE = r"\b[a-z]{2}[ .-]?[0-9]{2}[ .-]?[a-z0-9]{4}"
"""An RE2 pattern that is found in every text with an IBAN."""
_HEAD = re2.compile(r"\b[a-z]{2}[ .-]?[0-9]{2}")
_NEXT = r"(?:[ .-]{0,2}[a-z0-9])"
_GAP = re.compile(r"[^a-z0-9]")
_LETTER_OR_DIGIT = re.compile(r"[a-z0-9]")


def ibans_in(text: str) -> Iterator[Found]:
    """The IBANs of a plain text, with or without spaces, dashes or dots between their groups."""
    done = 0
    for head in _HEAD.finditer(text):
        if head.start() < done:
            continue
        rest = _rest(head.group()[:2])
        match = rest.match(text, head.end()) if rest is not None else None
        if match is None or _LETTER_OR_DIGIT.match(text, match.end()):
            continue
        value = _GAP.sub("", text[head.start() : match.end()])
        if _is_valid(value):
            done = match.end()
            yield Found("IBAN", head.start(), done, value)


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
