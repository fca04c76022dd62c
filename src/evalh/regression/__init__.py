"""Two sides of a comparison, from rows; running anything is left to the runner."""

from evalh.regression.explain import explain
from evalh.regression.worst import worst_turns

__all__ = ["explain", "worst_turns"]
