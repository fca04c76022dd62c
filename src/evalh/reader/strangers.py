"""The words of a sentence that look like part of a name which the record does not have.

A name is known by its capitals, by quotes, or by being no word of everyday talk; which slot it is said of is left to
`values`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files

from rapidfuzz import fuzz, process

from evalh.reader.slots import Slot, row
from evalh.reader.stated import Stated, Word, parts

_SAME_WORD = 84.0
_SLIP = 82.0
_NEARLY = 0.4
_FRAME = row("a an the is are was it its at in on of for by to from with and or about would you do like how what")
_ROLES = row("by at in from on with near featuring starring directed")
_BEFORE_NAMES = row("called named titled entitled about like try by hear play watch visit at")
_NEVER = row(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december jan feb mar apr jun jul aug sept sep oct nov dec am pm ok okay fahrenheit "
    "celsius wifi bbq atm usd eur gbp gb mb kb tb tv id uk us usa eu sms pin faq url vat gmt utc est pst"
)


def strangers(stated: Stated, held: Sequence[Slot], titles: Sequence[Slot]) -> tuple[Word, ...]:
    """The strange words of a sentence; `titles` are the slots that name what the record is about.

    Where a title is said, others may be listed beside it, and only what is said of it by a preposition counts. Where
    one is not said, a word without a capital may be it.
    """
    listed = any(slot in stated.named for slot in titles)
    missing = bool(titles) and not listed
    known = _known_words(stated, held)
    titled = _is_title_case(stated.words)
    found = [
        word
        for place, word in enumerate(stated.words)
        if stated.left[word.start] != "|"
        and _is_strange(stated.words, place, titled, missing)
        and not _known(word.plain, known)
    ]
    return tuple(word for word in found if not listed or _role(stated, word))


def _is_strange(said: Sequence[Word], place: int, titled: bool, missing: bool) -> bool:
    word = said[place]
    if word.plain in _NEVER or len(word.plain) == 1 or not any(char.isalpha() for char in word.plain):
        return False
    if not is_plain(word.plain):
        return missing or (word.capital and not word.first and not titled)
    return word.capital and not word.first and not titled and _in_a_name(said, place)


def _in_a_name(said: Sequence[Word], place: int) -> bool:
    """Whether a plain word with a capital has another one beside it, or stands where names are said."""
    beside = [other for other in said[max(0, place - 1) : place + 2] if other is not said[place]]
    return any(other.capital and not other.first for other in beside) or said[place - 1].plain in _BEFORE_NAMES


def _known_words(stated: Stated, held: Sequence[Slot]) -> frozenset[str]:
    """The words of the values that are said, or nearly."""
    said = {word.plain for word in stated.words}
    near = [slot for slot in held if sum(part in said for part in parts(slot.text)) >= _NEARLY * len(parts(slot.text))]
    initials = {"".join(part[0] for part in parts(slot.text)) for slot in held}
    return frozenset(part for slot in near for part in parts(slot.text)) | initials


def _role(stated: Stated, word: Word) -> bool:
    before = [other.plain for other in stated.words if other.end <= word.start][-2:]
    return word.capital and any(other in _ROLES for other in before)


def _is_title_case(words: Sequence[Word]) -> bool:
    frame = [word for word in words if word.plain in _FRAME and not word.first]
    return len(frame) > 1 and sum(word.capital for word in frame) * 2 > len(frame)


def _known(word: str, known: frozenset[str]) -> bool:
    return word in known or any(len(word) > 3 and fuzz.ratio(word, other) >= _SAME_WORD for other in known)


@lru_cache(maxsize=8_192)
def is_plain(word: str) -> bool:
    """Whether `word` is one of everyday talk, give or take its ending and a slip of the pen."""
    plain = _plain_words()
    if word in plain or word.isdigit():
        return True
    for ending in ("s", "es", "ed", "d", "ing", "ly", "er", "est", "ment", "ness", "able"):
        if word.endswith(ending) and word[: -len(ending)] in plain:
            return True
    return len(word) > 4 and process.extractOne(word, plain, scorer=fuzz.ratio, score_cutoff=_SLIP) is not None


@cache
def _plain_words() -> frozenset[str]:
    text = files("evalh.reader").joinpath("weights", "plain_words.txt").read_text("utf-8")
    return frozenset(word.replace("'", "") for word in text.split())
