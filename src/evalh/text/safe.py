"""Text that is safe to print: control, bidirectional and invisible characters become visible escapes.

What it leaves to others: HTML escaping, redaction, and cutting text to a width.
"""

from __future__ import annotations

import json
import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def safe_text(text: str) -> str:
    r"""`text` with every control, bidi, zero-width, line-separator and lone surrogate character as `\x1b`, `\u202e`.

    Newlines and tabs stay; every other character is left as it is, and nothing is removed.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(char) if _is_unsafe(char) else char for char in text)


def visible_json(text: str) -> str:
    r"""JSON text with what controls or hides as JSON's own escapes, ``\u202e``, so that people see it in a file."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(json.dumps(char)[1:-1] if unicodedata.category(char) in _UNSAFE else char for char in text)


def _is_unsafe(char: str) -> bool:
    return char not in "\n\t" and (unicodedata.category(char) in _UNSAFE or char in _BLANK)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
