"""Finds personal data in a text, in linear time, and at almost no cost where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import re2

from evalh.redact import emails, ibans, numerals
from evalh.redact.cards import cards_in, is_card_shape, is_said_whole
from evalh.redact.found import Found
from evalh.redact.labels import is_no_card, speaks_of_card
from evalh.redact.numerals import Run, bridged, digits_of, runs
from evalh.redact.phones import before_phone, normal_phone, phones_in
from evalh.redact.plain import plain

_MAIL = re2.compile(emails.MAYBE)
_IBAN = re2.compile(ibans.MAYBE)
_NUMBER = re2.compile(numerals.MAYBE)
_ANY = re2.compile(f"{emails.MAYBE}|{ibans.MAYBE}|{numerals.MAYBE}")


def find(raw: str, regions: Sequence[str], before: str = "") -> list[Found]:
    """The personal data in `raw`, in order and without overlaps, at offsets of `raw`.

    `regions`: the countries whose national phone numbers are known. `before`: the turn before, which may have asked
    for what is said in this one.
    """
    normal, text = plain(raw)
    if not _ANY.search(text):
        return []
    taken = bytearray(len(text))
    found: list[Found] = []
    for one in _candidates(text, regions, plain(before)[1] if before else ""):
        if not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\x01" * (one.end - one.start)
            found.append(Found(one.kind, *normal.span(one.start, one.end), one.value))
    return sorted(found, key=lambda one: one.start)


def _candidates(text: str, regions: Sequence[str], before: str) -> Iterator[Found]:
    """What may be personal data; of what overlaps, the first counts."""
    if _MAIL.search(text):
        yield from emails.emails_in(text, before)
    if _IBAN.search(text):
        yield from ibans.ibans_in(text)
    if not _NUMBER.search(text):
        return
    numbers = list(runs(text))
    about_cards = any(len(run) > 1 for run in numbers) and speaks_of_card(text + " " + before)
    for run in numbers:
        yield from _cards(run, text, about_cards)
    for run in bridged(text):
        yield from _cards(run, text, whole=True)
    for run in numbers:
        yield from _phones(run, text, regions, before)


def _cards(run: Run, text: str, about_cards: bool = False, *, whole: bool = False) -> Iterator[Found]:
    """The cards of a run; `whole`: those that are one number also with other words between."""
    for first, after in cards_in(run, spoken_of=about_cards):
        if whole and not is_said_whole(run[first:after]):
            continue
        start, end = run[first].start, run[after - 1].end
        if is_card_shape(run[first:after]) or not is_no_card(text, start, end):
            yield Found("CARD", start, end, digits_of(run[first:after]))


def _phones(run: Run, text: str, regions: Sequence[str], before: str) -> Iterator[Found]:
    for first, after, abroad in phones_in(run, text, regions, before):
        value = normal_phone(digits_of(run[first:after]), tuple(regions), international=abroad)
        yield Found("PHONE", before_phone(text, run[first].start), run[after - 1].end, value)
