"""Untrusted text in Markdown: shown as the text it is, on one line, whatever it says.

It is made for GitHub and GitLab, which give meaning to more than Markdown: mentions, references, bare addresses, math.
"""

from __future__ import annotations

import re

from evalh.text.safe import safe_text

MAX_QUOTE = 300
MAX_NAME = 100

_BREAK = "&#8203;"
"""A zero-width space: what follows is no longer part of a mention, reference or address when the page is made."""
_MARKED = re.compile(r"[\\`*\[\]~|]|(?<![^\W_])_|_(?![^\W_])")
"""What marks something wherever it stands; an underscore within a word does not."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "<span>$</span>", "\0": _BREAK}
_REFERENCE = re.compile(r"@|[#!~%^](?=[\w\"])|&(?=\d)|(?<=\bGH)-(?=\d)|:(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
_LEADING = re.compile(r"[-+=:/#!]|\d+[.)]")
"""What a list, a heading, an underline or a command to a bot begins with, at the start of a line."""


def inline(text: object, limit: int = MAX_QUOTE) -> str:
    """`text`, at most `limit` characters of it, for within a line, list item or table cell."""
    line = " ".join(safe_text(shorten(str(text), limit)).split())
    broken = _REFERENCE.sub(lambda found: f"{found[0]}\0", f"\0{line}" if _LEADING.match(line) else line)
    marked = _MARKED.sub(lambda found: f"\\{found[0]}", broken)
    return "".join(_ENTITIES.get(char, char) for char in marked)


def name(text: object) -> str:
    """A name, shortened more than a quote is."""
    return inline(text, MAX_NAME)


def quote(text: str) -> str:
    """What somebody said, in quotation marks."""
    return f'"{inline(text)}"' if text.strip() else "(nothing said)"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the cut told by three points."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def fenced(text: str, language: str, *, lines: int = 60, width: int = 500) -> str:
    """`text` as a block of code that nothing in it can end; long lines and texts are cut."""
    given = text.split("\n")
    told = [safe_text(shorten(line, width)) for line in given[:lines]]
    if len(given) > lines:
        told.append(f"... {len(given) - lines} more lines")
    longest = max((len(run) for line in told for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *told, fence])
