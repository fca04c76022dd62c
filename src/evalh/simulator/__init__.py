"""Synthetic customers who talk to an agent: a persona played from its agenda, or by a model."""
