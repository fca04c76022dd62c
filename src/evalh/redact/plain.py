"""A text as the finders of personal data look at it: normalised, ASCII, a character for a character.

Digits of other scripts become plain ones, so that a number cannot hide behind them. What it leaves to others: what
is looked for.
"""

from __future__ import annotations

import re
import unicodedata

from evalh.text.normalise import Normalised, normalise

_FOREIGN = re.compile(r"[^\x00-\x7f]")


def plain(raw: str) -> tuple[Normalised, str]:
    """`raw` normalised, and the same in ASCII: letters as "x", currency signs as "$", all else as "~"."""
    normal = normalise(raw)
    text = normal.text
    return normal, text if text.isascii() else _FOREIGN.sub(_stand_in, text)


def _stand_in(match: re.Match[str]) -> str:
    char = match.group()
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if char.isalpha():
        return "x"
    return "$" if unicodedata.category(char) == "Sc" else "~"
