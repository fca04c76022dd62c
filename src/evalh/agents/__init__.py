"""Agents under test: anything that is given the conversation so far and says the agent's next turn.

What a function of yours may want to import: `ContactSoFar`, which it is given, and `AgentReply` and `Declared`, of
which it may return one; a text or a dict will do as well.
"""

from evalh.agents.function import ContactSoFar
from evalh.agents.protocol import Agent, AgentFailed, AgentReply, Brief, Contact, Declared

__all__ = ["Agent", "AgentFailed", "AgentReply", "Brief", "Contact", "ContactSoFar", "Declared"]
