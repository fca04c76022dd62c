"""What a check found of a judge, at a terminal: how many of each kind it got right, which it did not, what it took."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console

from evalh.models.judge import JudgeCheck, ProbeKind, ProbeRate, ProbeResult
from evalh.report import words
from evalh.report.plain import lines, safe, table

SHOWN = 12
MAX_WORDS = 160
_ASKED: dict[ProbeKind, str] = {
    "fact": "facts of a conversation whose labels are known",
    "question": "single facts, asked one by one",
    "rubric": "rubrics that a conversation clearly passes or fails",
    "twin": "the same rubric and its negation, right on both",
    "injection": "answers that a text in the transcript may not move",
    "canary": "empty answers that may not count as good ones",
}
_FORMS = {"facts": "facts", "picks": "single facts", "rubrics": "rubrics"}


def render_judge_check(check: JudgeCheck, console: Console, *, full: bool = False) -> None:
    """The whole check. `full`: every probe that was not passed, not only the first."""
    console.print(safe(f"{check.judge} at {check.base_url}, asked for {_forms(check)}", "bold"))
    made = table("", ("asked", ""), ("right", "needed"))
    made.title = None
    for rate in check.rates:
        style = "" if rate.enough else "red"
        made.add_row(
            safe(rate.kind, style),
            safe(_ASKED[rate.kind]),
            safe(f"{rate.passed}/{rate.of}", style),
            safe(f"{_least(rate)}/{rate.of}"),
        )
    console.print(made)
    missed = [probe for probe in check.probes if not probe.passed]
    shown = missed if full else missed[:SHOWN]
    lines((_missed(probe) for probe in shown), console)
    if len(shown) < len(missed):
        console.print(safe(f"and {len(missed) - len(shown)} more, see --full\n"))
    lines(_took(check), console, "dim")
    console.print(safe(_verdict(check), "bold green" if check.passed else "bold red"))


def _forms(check: JudgeCheck) -> str:
    return " and ".join(_FORMS[form] for form in check.forms)


def _least(rate: ProbeRate) -> int:
    return round(rate.needed * rate.of)


def _missed(probe: ProbeResult) -> str:
    found = f"found {probe.found or 'nothing'}" if probe.found is not None else f"no answer ({_cut(probe.problem)})"
    return f"{probe.kind} {probe.id}: expected {probe.expected}, {found}"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_WORDS else f"{text[: MAX_WORDS - 3]}..."


def _took(check: JudgeCheck) -> Iterator[str]:
    tokens = f"{check.input_tokens:,} tokens in, {check.output_tokens:,} out"
    cost = f", cost {words.money(check.cost, check.currency)}" if check.cost is not None else ""
    yield f"{words.count(check.calls, 'call')}, {tokens}{cost}"


def _verdict(check: JudgeCheck) -> str:
    if check.passed:
        return f"passed: verdicts of {check.judge} may gate"
    short = ", ".join(rate.kind for rate in check.rates if not rate.enough)
    rest = "; the rest was not asked" if check.stopped else ""
    return f"failed ({short}): verdicts of {check.judge} may not gate{rest}"
