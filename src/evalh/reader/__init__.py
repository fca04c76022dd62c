"""Conversation -> Reading: rules kept as data, the offer ledger, and the session that puts them together."""
