"""A reply read strictly: the whole body is one JSON object that holds the nonce of its request, or it is no reply.

Text that a reply quotes can then never be taken for the verdict. What it leaves to others: which keys and values the
object must have.
"""

from __future__ import annotations

from typing import Any

from evalh.errors import BadInput
from evalh.llm.calls import Unreadable
from evalh.text.untrusted import parse_json

NONCE = "nonce"
_OUT_OF_RANGE = ("is not finite", "is not a JSON number", "does not fit 64 bits")


def read_reply(text: str, nonce: str) -> dict[str, Any]:
    """The object that `text` is, its key "nonce" included.

    Raises Unreadable: ``invalid_json`` for anything that is not exactly one object with unique keys, ``out_of_range``
    for NaN, infinities and integers beyond 64 bits, ``schema`` for another value or another nonce.
    """
    try:
        value = parse_json(text)
    except BadInput as error:
        beyond = error.problem.endswith(_OUT_OF_RANGE)
        raise Unreadable("out_of_range" if beyond else "invalid_json", error.problem) from None
    if not isinstance(value, dict):
        raise Unreadable("schema", "the reply is no JSON object")
    if value.get(NONCE) != nonce:
        raise Unreadable("schema", "the reply does not hold the nonce of its request")
    return value
