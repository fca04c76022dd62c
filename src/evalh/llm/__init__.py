"""The one client that every call of a model goes through: deadlines, retries, limits, caps and counting.

Nothing else in evalh imports openai.
"""

from evalh.llm.calls import Answer, CallFailed, Message, Request, Unreadable

__all__ = ["Answer", "CallFailed", "Message", "Request", "Unreadable"]
