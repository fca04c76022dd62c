"""Comparisons built by hand, small and whole, for the reports' tests."""

from __future__ import annotations

from typing import Any

from evalh.models.comparison import (
    Cell,
    Comparison,
    CriticalFinding,
    Flipped,
    Group,
    Quoted,
    Reason,
    SideCell,
    SideInfo,
)
from evalh.models.results import StateCounts
from evalh.models.score import Evidence

HOSTILE = (
    "fiber \x1b[2J\x1b]52;c;ZXZpbA==\x07 \x9b31m [/bold] [link=http://x]y[/link] ]]> </failure> <!-- x --> &amp; "
    "`code` ```\n# head | cell | [a](http://evil.example) ![i](http://evil.example/p.png) @everyone #1 "
    "www.evil.example \u202egnp\u202c \u200b\r\x00\x7f\ud800 \ufffe \u2028 ::error::x %0A <script>alert(1)</script> end"
)


def side(name: str = "v1", **fields: Any) -> SideInfo:
    given = {"run_id": "r_1", "prompt_version": name, "cases": 200, "conversations": 600, "trials": 3}
    return SideInfo(**{"name": name} | given | fields)


def brings(scored: int = 33, **fields: Any) -> SideCell:
    """What a side brings to a cell: `scored` conversations, or `counts` in full."""
    counts = fields.pop("counts", {"scored": scored})
    return SideCell(**{"counts": StateCounts(**counts), "pitch_rate": 0.5, "pass_rate": 0.9} | fields)


def cell(evaluator: str = "groundedness", cohort: str = "*", **fields: Any) -> Cell:
    """A tested cell that stayed as it was."""
    given = {
        "cohort_key": "persona", "cohort": cohort, "evaluator": evaluator, "pairs": 33, "baseline": 0.9,
        "candidate": 0.9, "delta": 0.0, "t": 0.0, "p": 0.5, "p_adjusted": 1.0, "low": -0.05, "high": 0.05,
        "detectable": 0.087, "before": brings(), "after": brings(),
    }  # fmt: skip
    return Cell(**given | fields)


def worse(evaluator: str = "groundedness", cohort: str = "price_sensitive", **fields: Any) -> Cell:
    """A regressed cell: 0.90 -> 0.81."""
    given = {
        "candidate": 0.81, "delta": -0.09, "t": -4.2, "p": 0.0002, "p_adjusted": 0.005, "low": -0.16, "high": -0.02,
        "regressed": True,
    }  # fmt: skip
    return cell(evaluator, cohort, **given | fields)


def earlier(evaluator: str = "groundedness", cohort: str = "price_sensitive", **fields: Any) -> tuple[Cell, Reason]:
    """A cell that an earlier look called worse and that is not found again, with the reason that says so."""
    given = {"candidate": 0.89, "delta": -0.01, "t": -0.4, "p": 0.4, "p_adjusted": 1.0, "high": 0.05}
    told = "an earlier look called it worse, and more trials do not clear it"
    return worse(evaluator, cohort, **given | fields), reason("earlier_look", told, cohort=cohort, evaluator=evaluator)


def blind(evaluator: str = "tone", cohort: str = "angry", cases: int = 7) -> Cell:
    """A cell that was tested and in which no drop could have been found."""
    why = f"even the largest drop could not be told from chance with {cases} cases"
    return cell(evaluator, cohort, state="not_testable", why=why, pairs=cases, p_adjusted=None, detectable=None)


def untestable(evaluator: str = "tone", cohort: str = "angry", why: str = "4 paired cases, 6 needed") -> Cell:
    return Cell(cohort_key="persona", cohort=cohort, evaluator=evaluator, state="not_testable", why=why, pairs=4)


def quoted(quote: str = "It is 29.99.", turn: int = 4, **fields: Any) -> Quoted:
    evidence = (Evidence(turn=turn, quote=quote),)
    return Quoted(
        **{"conversation_id": "c1", "label": "wrong_price", "reason": "no policy says so", "evidence": evidence}
        | fields
    )


def flipped(case: str = "case-1", **fields: Any) -> Flipped:
    given = {
        "cohort": "price_sensitive", "evaluator": "groundedness", "label": "wrong_price", "clause": "care.price",
        "severity": "major", "expected": "49.99", "found": "29.99", "trials": 2, "of_trials": 3,
        "candidate": quoted(), "baseline": quoted("It is 49.99.", label=None, reason=""),
    }  # fmt: skip
    return Flipped(case=case, **given | fields)


def group(n: int = 1, **fields: Any) -> Group:
    """A group with `n` flipped cases."""
    given = {
        "evaluator": "groundedness", "label": "wrong_price", "clause": "care.price", "cases": n,
        "flipped": tuple(flipped(f"case-{i}") for i in range(n)),
    }  # fmt: skip
    return Group(**given | fields)


def finding(**fields: Any) -> CriticalFinding:
    given = {
        "case": "case-9", "cohort": "angry", "evaluator": "eligibility", "label": "suppressed", "trials": 2,
        "of_trials": 3, "baseline_trials": 9, "blocks": True,
    }  # fmt: skip
    return CriticalFinding(**given | fields)


def reason(kind: Any, text: str = "Something is the case.", **fields: Any) -> Reason:
    return Reason(kind=kind, text=text, **fields)


def comparison(*cells: Cell, verdict: Any = "PASS", **fields: Any) -> Comparison:
    """A comparison of v1 and v2 with `cells`; one unchanged cell when none is given."""
    given = {
        "run_id": "r_1", "baseline": side("v1"), "candidate": side("v2"), "verdict": verdict, "alpha": 0.05,
        "flips": 9999, "cells": cells or (cell(),),
    }  # fmt: skip
    return Comparison(**given | fields)


def regression(*cells: Cell, **fields: Any) -> Comparison:
    """A comparison in which groundedness got worse for one persona; the flipped case is quoted."""
    found = cells or (
        cell("conversation_quality", detectable=0.02),
        cell("conversation_quality", "price_sensitive", detectable=0.06),
        cell(),
        worse(),
        cell(cohort="angry", detectable=0.14),
        untestable(),
    )
    given = {
        "verdict": "REGRESSION",
        "groups": (group(),),
        "reasons": (reason("regression", "groundedness got worse for price_sensitive."),),
        "prompt_diff": ("@@ -1,3 +1,3 @@\n Be kind.\n-Quote the policy's price.\n+Quote the best price.\n End.",),
    }
    return comparison(*found, **given | fields)
