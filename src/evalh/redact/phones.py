"""Phone numbers in a run of digits: international, in the usual groups of a country, or spoken of as a phone's.

A number without groups is a phone's only where the words around it say so: orders and accounts have such numbers too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

import re2

from evalh.redact.labels import is_other, meaning
from evalh.redact.numerals import Run, digits_of

LEAST, MOST = 7, 15
_MINUTES = frozenset(f"{minutes:02}" for minutes in range(5, 60, 5))
_REGIONS = {
    "en": ("US", "GB"), "de": ("DE", "AT", "CH"), "fr": ("FR", "BE", "CH"), "es": ("ES", "MX"), "it": ("IT",),
    "nl": ("NL", "BE"), "pt": ("PT", "BR"), "pl": ("PL",), "sv": ("SE",), "da": ("DK",), "nb": ("NO",), "no": ("NO",),
    "fi": ("FI",), "ja": ("JP",), "hi": ("IN",),
}  # fmt: skip
_JOINS = re2.compile(r"[\s\-.()~/]{1,4}")
_DATE = re2.compile(r"^\s*(?:[0-9]{1,2}([-/.])[0-9]{1,2}[-/.](?:19|20)?[0-9]{2}|(?:19|20)[0-9]{2}([-/.])[0-9]{1,2})\b")
_PLUS = re2.compile(r"(?:\+|\bplus)[\s(]{0,2}$")
_STRONG = re2.compile(r"[,;:!?\n]|\.\s|\b(?:and|then)\b")


_HEADS = (3, 4, 5, 10, 11)
"""How many digits the first group of a number has; 2 as well in countries that pair them."""


def regions_of(language: str) -> tuple[str, ...]:
    """The countries whose national numbers are known in a language, as "en" or "en-AU"; US and GB at last."""
    name, _, country = language.replace("_", "-").partition("-")
    own = (country.upper(),) if len(country) == 2 else ()
    return tuple(dict.fromkeys((*own, *_REGIONS.get(name.lower(), ()), "US", "GB")))


def phones_in(run: Run, text: str, regions: Sequence[str], before: str = "") -> Iterator[tuple[int, int, bool]]:
    """Each phone number as the index of its first piece and the one after its last, and whether it has a country code.

    `text` is the plain text that the run is of, `before` that of the turn before.
    """
    starts = list(accumulate((len(piece.digits) for piece in run), initial=0))
    seen = _Seen(run, starts, text, regions, before)
    first = 0
    while first < len(run):
        if seen.is_inside(first):
            first += 1
            continue
        abroad = seen.international(first)
        after = abroad or seen.national(first)
        if after is not None:
            yield first, after, abroad is not None
        first = after or first + 1


class _Seen:
    def __init__(self, run: Run, starts: Sequence[int], text: str, regions: Sequence[str], before: str) -> None:
        self.run, self.starts, self.text, self.regions, self.before = run, starts, text, regions, before
        self._heads = _HEADS if len(regions) == 2 else (*_HEADS, 2)
        self.segment_end = 0
        """Where the segment ends that the last piece looked at is in."""

    def is_inside(self, first: int) -> bool:
        """Whether no number can begin with a piece, as most pieces of a long run show at once."""
        digits, start, *_ = self.run[first]
        if not 0 < first < self.segment_end or len(digits) in self._heads or digits in ("1", "00"):
            return False
        return "+" not in self.text[start - 2 : start] and self.text[start - 2 : start] not in ("s ", "s(")

    def national(self, first: int) -> int | None:
        """The index after the last piece of the number that begins with piece `first`; None: none does."""
        return self._grouped(first) or self._spoken_of(first)

    def international(self, first: int) -> int | None:
        """The same for a number that begins with "+" or "00" and the code of a country."""
        digits, start, *_ = self.run[first]
        if digits[:2] == "00" and self._may_be_a_prefix(first):
            return self._longest(first, skip=2)
        head = self.text[max(0, start - 6) : start]
        return self._longest(first, skip=0) if ("+" in head or "plus" in head) and _PLUS.search(head) else None

    def _may_be_a_prefix(self, first: int) -> bool:
        """Whether "00" may be the prefix of a country: not the minutes of 18:00, the cents of 49.00 or a hundred."""
        if first and self.run[first].gap in (":", "."):
            return False
        return self.text[self.run[first].start] not in "ht"

    def _longest(self, first: int, skip: int) -> int | None:
        """The most pieces that are a number of a country; `skip` digits stand for the plus."""
        last = self._reach(first, MOST + skip)
        if self._digits(first, last)[skip : skip + 1] == "0":
            return None
        for check in (_is_valid, _is_possible):
            for after in range(last, first, -1):
                digits = self._digits(first, after)[skip:]
                if LEAST < len(digits) <= MOST and check("+" + digits, None):
                    return after
        return None

    def _grouped(self, first: int) -> int | None:
        head = self.run[first]
        if head.spoken or (len(head.digits) not in self._heads and head.digits != "1"):
            return None
        for after in self._usual_groups(first):
            if self._is_joined(first, after) and self._is_whole(first, after) and not self._is_other(first, after):
                return after
        return None

    def _is_whole(self, first: int, after: int) -> bool:
        """Whether no further digits are joined to it by a dash or dot, as in an order number."""
        before = self.run[first].gap if first else ""
        behind = self.run[after].gap if after < len(self.run) else ""
        return not {before, behind} & {"-", "."}

    def _usual_groups(self, first: int) -> Iterator[int]:
        """Where a number ends that is written in the groups of a country, the longest first."""
        head = self.run[first]
        area = first + (head.digits == "1")
        for groups in ((3, 3, 4), (3, 7)):
            after = area + len(groups)
            if self._sizes(area, after) == groups and self._is_american(area, after):
                yield after
        if head.digits[0] == "0" or len(self.regions) > 2:
            yield from self._national(first)

    def _is_american(self, first: int, after: int) -> bool:
        """Whether such groups are a number; with only spaces between them, the area and exchange must be possible."""
        digits = self._digits(first, after)
        return any(piece.gap.strip() for piece in self.run[first + 1 : after]) or (digits[0] > "1" and digits[3] > "1")

    def _national(self, first: int) -> Iterator[int]:
        for after in range(self._reach(first, 12), first, -1):
            digits = self._digits(first, after)
            if len(digits) < 9 or (after == first + 1 and digits[0] != "0"):
                return
            own = any(_is_valid(digits, region) for region in self.regions if region != "US")
            if (own or _is_british(digits, after - first)) and not self._is_date_or_code(first, after):
                yield after

    def _is_date_or_code(self, first: int, after: int) -> bool:
        start, end = self.run[first].start, self.run[after - 1].end
        if after - first == 1:
            return meaning(self.text, start, end, self.before) == "other"
        return bool(_DATE.search(self.text[start:end]))

    def _spoken_of(self, first: int) -> int | None:
        """A segment of the run as a whole, or the whole run, where the words around say that it is a phone's."""
        if first and first < self.segment_end:
            return None
        segment = first + 1
        while segment < len(self.run) and not _is_strong(self.run[segment].gap):
            segment += 1
        self.segment_end = segment
        whole = (len(self.run),) if first == 0 and len(self.run) != segment else ()
        return next((after for after in (*whole, segment) if self._is_spoken_of(first, after)), None)

    def _is_spoken_of(self, first: int, after: int) -> bool:
        total = self.starts[after] - self.starts[first]
        if total not in (7, 10, 11) and not self._is_somewhere(first, after, total):
            return False
        start, end = self.run[first].start, self.run[after - 1].end
        pieces = self.run[first:after]
        if total == 7 and not pieces[0].spoken and self._sizes(first, after) != (3, 4):
            return False
        spoken = any(piece.spoken for piece in pieces)
        if not (self._is_said(pieces) if spoken else self._is_joined(first, after) and not _has_decimals(pieces)):
            return False
        if _DATE.search(self.text[start:end]):
            return False
        return meaning(self.text, start, end, self.before) == "phone" and not self._is_other(first, after)

    @staticmethod
    def _is_said(pieces: Run) -> bool:
        """Whether it is said as phone numbers are: "one eight hundred" may begin it, but it has no other hundreds."""
        if _are_times(pieces):
            return False
        zeros = [at for at, piece in enumerate(pieces) if piece.spoken and piece.digits in ("00", "000")]
        return not zeros or (len(zeros) == 1 and 0 < zeros[0] < 3 and pieces[zeros[0]].digits == "00")

    def _is_somewhere(self, first: int, after: int, total: int) -> bool:
        if not LEAST < total <= MOST:
            return False
        return any(_is_valid(self._digits(first, after), region) for region in self.regions)

    def _is_joined(self, first: int, after: int) -> bool:
        """Whether nothing stands between the pieces but what phone numbers are written with."""
        return all(_joins(piece.gap) for piece in self.run[first + 1 : after])

    def _is_other(self, first: int, after: int) -> bool:
        return is_other(self.text, self.run[first].start, self.run[after - 1].end)

    def _reach(self, first: int, most: int) -> int:
        """The index after the last piece with which there are at most `most` digits."""
        after = first
        while after < len(self.run) and self.starts[after + 1] - self.starts[first] <= most:
            after += 1
        return after

    def _digits(self, first: int, after: int) -> str:
        return digits_of(self.run[first:after])

    def _sizes(self, first: int, after: int) -> tuple[int, ...]:
        return tuple(len(piece.digits) for piece in self.run[first:after])


@lru_cache(maxsize=1_000)
def _joins(gap: str) -> bool:
    """Whether groups of one number may stand so."""
    return bool(gap and _JOINS.fullmatch(gap))


@lru_cache(maxsize=1_000)
def _is_strong(gap: str) -> bool:
    """Whether one number may end and another begin there."""
    return bool(_STRONG.search(gap))


def _are_times(pieces: Run) -> bool:
    """Whether they are times of day, such as "nine thirty, ten fifteen"."""
    pairs = list(zip(pieces[::2], pieces[1::2], strict=False))
    return len(pieces) % 2 == 0 and all(
        0 < int(hour.digits) <= 12 and len(minutes.digits) == 2 and minutes.digits in _MINUTES
        for hour, minutes in pairs
    )


def _has_decimals(pieces: Run) -> bool:
    """Whether dots stand between some pieces and not between others, as in a list of prices."""
    return len({"." in piece.gap for piece in pieces[1:]}) > 1


def _is_british(digits: str, groups: int) -> bool:
    """Also numbers that are kept for films, which nobody has."""
    return groups > 1 and len(digits) == 11 and digits[0] == "0" and digits[1] in "12378"


@lru_cache(maxsize=4_096)
def _is_valid(digits: str, region: str | None) -> bool:
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(digits, region)))
    except phonenumbers.NumberParseException:
        return False


@lru_cache(maxsize=4_096)
def _is_possible(digits: str, region: str | None) -> bool:
    import phonenumbers

    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(digits, region)))
    except phonenumbers.NumberParseException:
        return False


@lru_cache(maxsize=4_096)
def normal_phone(digits: str, regions: tuple[str, ...], *, international: bool) -> str:
    """The same number in one form, with the code of its country, however it was written."""
    import phonenumbers

    if international:
        return digits.removeprefix("00")
    for region in regions:
        if _is_valid(digits, region):
            parsed = phonenumbers.parse(digits, region)
            return f"{parsed.country_code}{parsed.national_number}"
    if digits[0] == "0":
        return "44" + digits[1:]
    return "1" + digits if len(digits) == 10 else digits


def before_phone(text: str, start: int) -> int:
    """Where a number begins that has its digits from `start`: with its plus and bracket."""
    begun = start
    while begun > 0 and start - begun < 3 and text[begun - 1] in "+(":
        begun -= 1
    return begun
