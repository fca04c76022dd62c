"""What an evaluator is, and the one place that runs evaluators and catches what they raise."""

from evalh.evaluator.base import EvalContext, Evaluator, Withheld

__all__ = ["EvalContext", "Evaluator", "Withheld"]
