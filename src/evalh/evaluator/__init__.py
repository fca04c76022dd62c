"""What an evaluator is, and the one place that runs evaluators and catches what they raise."""

from evalh.evaluator.base import EvalContext, Evaluator, Withheld
from evalh.evaluator.eligible import Finding, matches, signals_for, suppressed
from evalh.evaluator.rollup import passes, roll_up
from evalh.evaluator.rubric import by_rubric, rubric_question
from evalh.evaluator.run import ask, evaluate_all, evaluate_one

__all__ = [
    "EvalContext",
    "Evaluator",
    "Finding",
    "Withheld",
    "ask",
    "by_rubric",
    "evaluate_all",
    "evaluate_one",
    "matches",
    "passes",
    "roll_up",
    "rubric_question",
    "signals_for",
    "suppressed",
]
