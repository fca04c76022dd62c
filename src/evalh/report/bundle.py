"""The files that CI collects of a run: a report for a comment, JUnit XML and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalh.agreement.store import Known
from evalh.errors import UserError
from evalh.models.comparison import Comparison
from evalh.report.junit import junit
from evalh.report.markdown import LIMIT, markdown
from evalh.report.metrics import metrics
from evalh.store.atomic import write_atomic

REPORT = "report.md"
JUNIT = "junit.xml"
METRICS = "metrics.txt"


def write_reports(
    folder: Path,
    comparisons: Sequence[Comparison],
    *,
    name: str = "evalh",
    limit: int = LIMIT,
    known: Sequence[Known] = (),
) -> list[Path]:
    """Write `report.md`, `junit.xml` and `metrics.txt` into `folder`; their paths, in this order.

    `name` marks the report, so that a comment is found again; `known` is as in `markdown`. Raises UserError when the
    folder cannot be written.
    """
    texts = {
        REPORT: markdown(comparisons, name=name, limit=limit, known=known),
        JUNIT: junit(comparisons),
        METRICS: metrics(comparisons),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made ({error.strerror or error}); check the path") from error
    for file, text in texts.items():
        write_atomic(folder / file, text)
    return [folder / file for file in texts]
