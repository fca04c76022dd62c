"""What an evaluator is, and the one place that runs evaluators and catches what they raise."""

from evalh.evaluator.base import EvalContext, Evaluator, Withheld
from evalh.evaluator.eligible import Finding, matches, signals_for, suppressed
from evalh.evaluator.rollup import roll_up
from evalh.evaluator.run import ask, evaluate_all, evaluate_one

__all__ = [
    "EvalContext",
    "Evaluator",
    "Finding",
    "Withheld",
    "ask",
    "evaluate_all",
    "evaluate_one",
    "matches",
    "roll_up",
    "signals_for",
    "suppressed",
]
