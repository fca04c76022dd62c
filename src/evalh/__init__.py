"""evalh: evaluation of AI voice and chat agents that make offers in customer-service conversations.

Names are imported when they are first used, so that `import evalh` and `evalh --help` stay quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from evalh.api import Scored, score, score_exchange
    from evalh.evaluator import EvalContext, Evaluator
    from evalh.models import Conversation, OfferPolicy, PolicySet, Prompt, Reading, Score, Turn
    from evalh.reader.local import LocalReader

_HOMES = {
    "Conversation": "evalh.models",
    "EvalContext": "evalh.evaluator",
    "Evaluator": "evalh.evaluator",
    "LocalReader": "evalh.reader.local",
    "OfferPolicy": "evalh.models",
    "PolicySet": "evalh.models",
    "Prompt": "evalh.models",
    "Reading": "evalh.models",
    "Score": "evalh.models",
    "Scored": "evalh.api",
    "Turn": "evalh.models",
    "score": "evalh.api",
    "score_exchange": "evalh.api",
}

__all__ = [
    "Conversation",
    "EvalContext",
    "Evaluator",
    "LocalReader",
    "OfferPolicy",
    "PolicySet",
    "Prompt",
    "Reading",
    "Score",
    "Scored",
    "Turn",
    "__version__",
    "score",
    "score_exchange",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'evalh' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
