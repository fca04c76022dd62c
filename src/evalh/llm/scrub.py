"""What a reply or an error says, made fit to be kept: without keys, without personal data, and short."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

HIDDEN = "<KEY>"

_READ = 4000
"""Characters that are looked at: enough that no replacement at the cut reaches into what is kept."""
_SHAPES = (
    re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,512}"),
    re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf)[-_][A-Za-z0-9_*.-]{4,512}"),
    re.compile(r"\bAIza[A-Za-z0-9_-]{10,100}"),
    re.compile(r"(?i)(?<=//)[^/\s:@]{1,256}:[^/\s@]{1,256}(?=@)"),
)


def scrubbed(text: str, keys: Collection[str] = (), *, most: int = 500) -> str:
    """At most `most` characters of `text`, with keys (by value and by shape) and personal data hidden."""
    text = without_keys(text, keys)[:_READ]
    for shape in _SHAPES:
        text = shape.sub(HIDDEN, text)
    return _without_personal_data(text)[:most]


def without_keys(text: str, keys: Collection[str]) -> str:
    """The whole text with each key, by its value, hidden."""
    for key in filter(None, keys):
        text = text.replace(key, HIDDEN)
    return text


def _without_personal_data(text: str) -> str:
    from evalh.redact import Redactor

    return Redactor().text(text).text


def sha256_of(body: bytes) -> str:
    """The digest of a reply's body, as 64 hex digits."""
    return hashlib.sha256(body).hexdigest()
