"""Personal data in text, replaced by tokens that stay the same within a conversation."""

from evalh.redact.conversation import RedactedConversation
from evalh.redact.found import Found
from evalh.redact.redactor import Mark, Redacted, Redactor

__all__ = ["Found", "Mark", "Redacted", "RedactedConversation", "Redactor"]
