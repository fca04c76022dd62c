"""Which part of a public corpus nothing is fitted on, so that what ships can be measured on it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

SHARE = 4
"""One line in so many is held out."""


def held_out(line: Mapping[str, Any]) -> bool:
    """Whether a line belongs to the held-out quarter; lines of one conversation, web page or article go together."""
    about = (line.get("meta") or {}).get("claim_title") or str(line.get("evidence") or "")[:200]
    dialogue = str(line["id"]).rpartition("/")[0] if "context" in line else None
    name = str(line.get("conversation") or line.get("page") or about or dialogue or line["id"])
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % SHARE == 0
