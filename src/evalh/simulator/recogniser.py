"""What a speech recogniser makes of words: no capitals, no punctuation, numbers in words, and slips by degree.

A slip takes a word for one that sounds alike, splits one or loses a little one. It never touches a word that denies or
a fact; of an offer's name it may mishear a word at high noise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from evalh.models.persona import Degree
from evalh.simulator.aloud import aloud
from evalh.simulator.words import Word, row

_MISHEARD = {
    "their": "there", "there": "their", "your": "you're", "you're": "your", "its": "it's", "than": "then",
    "our": "are", "and": "an", "hear": "here", "here": "hear", "right": "write", "wait": "weight", "week": "weak",
    "price": "prize", "plan": "plane", "whole": "hole", "through": "threw", "allowed": "aloud", "them": "em",
    "fix": "fixed", "asked": "ask", "called": "call", "sell": "sale", "site": "sight", "mail": "male", "text": "texts",
    "sure": "shore", "bought": "bot", "deal": "deals", "sign": "sine", "month": "months", "some": "sum",
    "account": "a count", "upgrade": "up grade", "again": "a gain", "already": "all ready", "maybe": "may be",
    "sometime": "some time", "anything": "any thing", "something": "some thing", "everything": "every thing",
    "away": "a way", "online": "on line", "internet": "inter net", "password": "pass word", "email": "e mail",
    "package": "pack age", "contract": "con tract", "today": "to day", "question": "quest ion", "phone": "fone",
}  # fmt: skip
_MISHEARD_NAMES = {
    "suite": "sweet", "pass": "past", "mesh": "mash", "fiber": "fibre", "fibre": "fiber", "line": "lion",
    "wi-fi": "why fi", "wifi": "why fi", "plus": "plush", "secure": "sick your", "stream": "steam", "home": "hone",
    "family": "famly", "device": "devise", "travel": "travels", "bundle": "bungle", "roaming": "roman",
}  # fmt: skip
_LITTLE = frozenset(row("a an the of just so"))
_RATES: dict[Degree, tuple[float, float, float]] = {
    "none": (0.0, 0.0, 0.0), "low": (0.06, 0.0, 0.0), "medium": (0.14, 0.05, 0.0), "high": (0.3, 0.12, 0.3),
}  # fmt: skip
"""By degree, how often a word that can be misheard is, how often a little one is lost, a name misheard."""
_LOST = re.compile(r"[^\w'\s]+|(?<!\w)'|'(?!\w)")


def recognised(words: Sequence[Word], noise: Degree, chance: Random) -> str:
    """The words as a recogniser writes them; none only where there is nothing to hear."""
    misheard, lost, names = _RATES[noise]
    heard: list[str] = []
    for word in words:
        draw = chance.random()
        text = word.text
        if word.kind == "offer" and draw < names:
            text = _MISHEARD_NAMES.get(word.bare, text)
        elif not word.fixed and word.bare in _LITTLE and draw < lost:
            continue
        elif not word.fixed and draw < misheard:
            text = _MISHEARD.get(word.bare, text)
        heard.append(aloud(text, code=word.kind == "code"))
    return " ".join(_LOST.sub(" ", " ".join(heard).lower()).split())
