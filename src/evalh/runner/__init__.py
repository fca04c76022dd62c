"""A run: plan, collect, read, evaluate, record; and a finished run read back."""

from evalh.runner.execute import Progress, run
from evalh.runner.plan import EvaluatorInUse, RunFiles, RunInputs, Source, run_id_of
from evalh.runner.result import RunResult, load_run

__all__ = [
    "EvaluatorInUse",
    "Progress",
    "RunFiles",
    "RunInputs",
    "RunResult",
    "Source",
    "load_run",
    "run",
    "run_id_of",
]
