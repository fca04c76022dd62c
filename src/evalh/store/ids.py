"""The id of a run out of its inputs."""

from __future__ import annotations

import hashlib
from typing import Any

from evalh.models import canonical_json


def run_id(inputs: dict[str, Any]) -> str:
    """``r_`` and 10 hex digits of the blake2b of `inputs`; equal inputs in any order of keys have equal ids."""
    return "r_" + hashlib.blake2b(canonical_json(inputs).encode("ascii"), digest_size=5).hexdigest()
