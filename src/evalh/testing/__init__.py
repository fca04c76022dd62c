"""Builders for tests, ours and users': small conversations and policies from a few words."""

from evalh.testing.build import make_conversation, make_policy

__all__ = ["make_conversation", "make_policy"]
