"""Agents under test: anything that is given the conversation so far and says the agent's next turn."""
