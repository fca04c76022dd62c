"""The one client that every call of a model goes through: deadlines, retries, limits, caps and counting.

Nothing else in evalh imports openai, and here only the first call does.
"""

from evalh.llm.budget import Budget
from evalh.llm.calls import Answer, Called, CallFailed, Message, Request, Spoken, Unreadable
from evalh.llm.client import Endpoint
from evalh.llm.loop import Loop

__all__ = [
    "Answer",
    "Budget",
    "CallFailed",
    "Called",
    "Endpoint",
    "Loop",
    "Message",
    "Request",
    "Spoken",
    "Unreadable",
]
