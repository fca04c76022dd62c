"""How long a customer goes on: what an agent's turn may bring, each kind so often, and how much of nothing is borne.

Whatever the agent does, a turn of its either brings one of the things that can still be brought or uses up patience;
so every conversation ends, after `most` turns of the customer at the latest.
"""

from __future__ import annotations

from collections.abc import Mapping

AROUND = 3
"""The customer's turns beside those that an agent's turn is answered in: the opening, the one more, the last."""


class Patience:
    """What is left of it. `borne`: the turns that may bring nothing; `worth`: how often each kind of thing counts."""

    def __init__(self, borne: int, worth: Mapping[str, int]) -> None:
        self.borne = borne
        self.used = 0
        self.most = borne + sum(worth.values()) + AROUND
        self._left = dict(worth)

    def brings(self, kind: str) -> bool:
        """Whether one more thing of this kind still counts; it is used up by that."""
        left = self._left.get(kind, 0)
        self._left[kind] = left - 1
        return left > 0

    def lose(self, turns: int = 1) -> None:
        """Turns that brought nothing."""
        self.used += turns

    @property
    def gone(self) -> bool:
        """Whether more was asked of it than is borne."""
        return self.used > self.borne
