"""What a number in a text is said to be: a phone, a card, or the number of something that is nobody's own.

Works on plain text (`plain`).
"""

from __future__ import annotations

from typing import Literal

import re2

Meaning = Literal["phone", "other"]

_PHONE = (
    r"(?:tele|smart|cell|mobile\s?)?phone(?:s|d)?|mobile|cell|landline|tel|call(?:ed|ing)?(?:\s?back)?|callback|ring"
    r"|reach(?:ed)?|text|sms|whatsapp|dial|contact|fax|voicemail|(?:my|your|best|good|direct|home|work) number"
)
_OTHER = (
    r"orders?|ord|tracking|trk|ticket|parcels?|packages?|shipment|shipping|delivery|booking|reservation|case|reference"
    r"|ref|invoice|inv|receipt|confirmation|serial|imei|meter|mpan|mprn|readings?|sim|iccid|barcode|ean|upc|isbn|sku"
    r"|items?|products?|parts?|model|transaction|claim|policy|voucher|coupon|promo|code|pin|flight|licen[cs]e|registration"
    r"|contract|quote|request|job|work order|return|rma|router|device|mac|account|acct|member(?:ship)?|customer|user"
    r"|loyalty|id|otp|passcode|units?|kwh|version|postcode|zip"
)
_NOT_A_CARD = (
    r"orders?|ord|tracking|trk|ticket|parcels?|packages?|shipment|booking|reservation|case|reference|ref|invoice|inv"
    r"|receipt|confirmation|serial|imei|meter|mpan|mprn|readings?|sim|iccid|barcode|ean|upc|isbn|sku|items?|products?"
    r"|parts?|model|rma|router|device"
)
_JOIN = (
    r"(?:number|numbers|no|num|nr|id|code|is|was|be|it's|its|it|that's|of|the|a|my|your|our|called|reads?|for|with"
    r"|says|here|one|would|should|ending|in|um|uh|yes|yeah|sure)"
)
_BEFORE = r"\b(?:%s)(?:[^a-z0-9]{1,4}" + _JOIN + r"){0,6}[^a-z0-9]{0,4}$"
_AFTER = (
    r"^[^a-z0-9]{0,3}(?:is|was|as|for|that's|that is|it's|that|being)\s+"
    r"(?:(?:my|the|your|our|an?|what|is|on)\s+){0,3}(?:%s)\b"
)
_LABELLED = {name: re2.compile(_BEFORE % words) for name, words in (("other", _OTHER), ("card", _NOT_A_CARD))}
_NAMED = {name: re2.compile(_AFTER % words) for name, words in (("other", _OTHER), ("card", _NOT_A_CARD))}
_IS_PHONE = re2.compile(_AFTER % _PHONE)
_WORDS = re2.compile(rf"\b(?:(?P<phone>{_PHONE})|(?P<other>{_NOT_A_CARD}|account|acct|member|loyalty|policy|claim))\b")
_UNIT = re2.compile(
    r"^\s?(?:[$%]|-?\s?(?:dollars?|bucks?|pounds?|quid|euros?|cents?|pence|usd|gbp|eur|percent|per|kwh|units?|points?"
    r"|miles?|km|gb|mb|minutes?|hours?|days?|weeks?|months?|years?|times|people|items?|a (?:month|year|week|day))\b)"
)
_CARD = re2.compile(r"\b(?:cards?|visa|master\s?card|amex|american express|credit|debit|cvv|cvc|expir\w*|maestro)\b")
_AREA = re2.compile(r"\barea code\b")
_CODE = re2.compile(r"[a-z0-9]*[a-z]$")
"""Letters that a number is glued to."""
_REACH = 80
"""How many characters around a number are looked at."""


def is_other(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is named as the number of an order, an account, a meter and so on, or is an amount."""
    if _UNIT.search(text[end : end + _REACH]) or text[max(0, start - 2) : start].rstrip().endswith("$"):
        return True
    return not _AREA.search(text[max(0, start - 20) : start]) and _is_named("other", text, start, end)


def is_no_card(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is directly named as the number of a thing, and no card is spoken of."""
    return _is_named("card", text, start, end) and not speaks_of_card(text)


def speaks_of_card(text: str) -> bool:
    """Whether a text has words that cards are spoken of with."""
    return bool(_CARD.search(text))


def _is_named(what: str, text: str, start: int, end: int) -> bool:
    code = _CODE.search(text[max(0, start - 12) : start])
    begun = start - len(code.group()) if code is not None else start
    before, after = text[max(0, begun - _REACH) : begun], text[end : end + _REACH]
    return bool(_LABELLED[what].search(before) or _NAMED[what].search(after))


def meaning(text: str, start: int, end: int, before: str = "") -> Meaning | None:
    """What text[start:end] is the number of, by the nearest word that says so; `before` is the turn before."""
    if is_other(text, start, end):
        return "other"
    after = text[end : end + _REACH]
    if _IS_PHONE.search(after):
        return "phone"
    said = _last(text[max(0, start - _REACH) : start])
    return said or _first(after[: _REACH // 2]) or _last(before[-2 * _REACH :])


def _last(text: str) -> Meaning | None:
    found: Meaning | None = None
    for match in _WORDS.finditer(text):
        found = "phone" if match.group("phone") else "other"
    return found


def _first(text: str) -> Meaning | None:
    match = _WORDS.search(text)
    return None if match is None else "phone" if match.group("phone") else "other"
