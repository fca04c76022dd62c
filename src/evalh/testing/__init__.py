"""Builders for tests, ours and users': conversations and policies from a few words, and a stub of a model endpoint."""

from evalh.testing.build import make_conversation, make_policy
from evalh.testing.endpoint import Received, StubEndpoint
from evalh.testing.faults import Fault, Reply, tool_call
from evalh.testing.replies import reply_for, transcript_of

__all__ = [
    "Fault",
    "Received",
    "Reply",
    "StubEndpoint",
    "make_conversation",
    "make_policy",
    "reply_for",
    "tool_call",
    "transcript_of",
]
