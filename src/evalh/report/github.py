"""What a step of GitHub Actions is told: its summary, annotations of the prompt, outputs for later steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalh.models.comparison import WORST_FIRST, Cell, Comparison
from evalh.report import critical, words
from evalh.report.markdown import markdown
from evalh.report.markup import shorten
from evalh.text.safe import safe_text

SUMMARY_LIMIT = 1024 * 1024
"""GitHub drops a step's summary that is larger."""
MOST = 10
"""Annotations of a step, errors and warnings together: GitHub shows no more of either."""
MAX_NAMES = 20
MAX_MESSAGE = 1000

_HUNK_START = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)")


@dataclass(frozen=True, slots=True)
class PromptFile:
    """Where a candidate's prompt stands in the repository."""

    path: str
    first_line: int = 1
    """The line of the file that the prompt's text, and so line 1 of its diff, begins at."""


def write_github(
    env: Mapping[str, str],
    comparisons: Sequence[Comparison],
    *,
    exit_code: int,
    prompts: Mapping[str, PromptFile] | None = None,
    name: str = "evalh",
) -> list[str]:
    """Add to the summary and the outputs of the step that `env` names; the annotations to print.

    A file that `env` does not name is not written. One that cannot be written is told by a warning among the lines.
    """
    outputs = {"verdict": worst_verdict(comparisons), "exit-code": str(exit_code)}
    text = "".join(f"{key}={_one_line(value)}\n" for key, value in outputs.items())

    def summary(held: int) -> str:
        return step_summary(comparisons, held, name=name)

    def output(held: int) -> str:
        return f"\n{text}" if held else text

    warned = [
        *_append(env.get("GITHUB_STEP_SUMMARY"), "step summary", summary),
        *_append(env.get("GITHUB_OUTPUT"), "step output", output),
    ]
    return [*annotation_lines(comparisons, prompts=prompts), *warned]


def step_summary(comparisons: Sequence[Comparison], held: int = 0, *, name: str = "evalh") -> str:
    """The Markdown report, small enough for a summary that holds `held` bytes already."""
    apart = "\n\n" if held else ""
    text = markdown(comparisons, name=name, limit=SUMMARY_LIMIT - held - len(apart))
    return f"{apart}{text}" if text else ""


def worst_verdict(comparisons: Sequence[Comparison]) -> str:
    """The verdict that decides: REGRESSION before INCOMPLETE, INCONCLUSIVE and PASS; NO_GATE where there is none."""
    found = {comparison.verdict for comparison in comparisons}
    return next((verdict for verdict in WORST_FIRST if verdict in found), words.NO_GATE)


# --- annotations ---


def annotation_lines(
    comparisons: Sequence[Comparison], *, prompts: Mapping[str, PromptFile] | None = None
) -> list[str]:
    """Workflow commands: errors for what fails the gate, warnings for what could not be told; at most 10 in all.

    Cells that got worse come first, worst first, then critical findings, those of a kind in one.

    `prompts` has, by prompt version, the file to annotate; the line is that of the nearest prompt change.
    """
    known = prompts or {}
    worse = sorted(
        ((comparison, cell) for comparison in comparisons for cell in words.failing(comparison)),
        key=lambda found: (words.is_earlier(*found), found[1].p_adjusted or 0.0, found[1].t or 0.0),
    )
    cells = [_of_cell(comparison, cell, known) for comparison, cell in worse]
    findings = [line for comparison in comparisons for line in _findings(comparison, known)]
    warnings = [line for comparison in comparisons for line in _warnings(comparison, known)]
    return _capped([*cells, *findings], warnings)


def _of_cell(comparison: Comparison, cell: Cell, prompts: Mapping[str, PromptFile]) -> str:
    place = _place(comparison, prompts, cell.evaluator)
    return _command("error", f"evalh: {words.place(cell)}", words.sentence(comparison, cell), place)


def _findings(comparison: Comparison, prompts: Mapping[str, PromptFile]) -> Iterator[str]:
    for kind in critical.kinds(words.blocking(comparison)):
        place = _place(comparison, prompts, kind.evaluator)
        yield _command("error", f"evalh: {kind.evaluator} {kind.label}", kind.told(MAX_NAMES), place)
    for reason in words.carried(comparison):
        place = _place(comparison, prompts, reason.evaluator)
        yield _command("error", f"evalh: {reason.evaluator or words.EARLIER}", reason.text, place)


def _warnings(comparison: Comparison, prompts: Mapping[str, PromptFile]) -> Iterator[str]:
    if comparison.verdict is None:
        return
    place = _place(comparison, prompts, None)
    title = f"evalh: {comparison.verdict} {words.sides(comparison)}"
    yield from (_command("warning", title, reason.text, place) for reason in words.doubts(comparison))
    if untested := words.untested(comparison):
        yield _command("warning", title, _not_testable(untested), place)


def _not_testable(cells: Sequence[Cell]) -> str:
    names = ", ".join(words.place(cell) for cell in cells[:5])
    more = f" and {len(cells) - 5} more" if len(cells) > 5 else ""
    return f"{words.count(len(cells), 'cell')} not testable, neither passed nor failed: {names}{more}"


def _capped(errors: Sequence[str], warnings: Sequence[str]) -> list[str]:
    told = [*errors, *warnings]
    if len(told) <= MOST:
        return told
    level = "error" if len(errors) >= MOST else "warning"
    rest = f"and {len(told) - MOST + 1} more, see the step summary"
    return [*told[: MOST - 1], _command(level, "evalh", rest, {})]


def _place(comparison: Comparison, prompts: Mapping[str, PromptFile], evaluator: str | None) -> dict[str, str]:
    file = prompts.get(comparison.candidate.prompt_version or "")
    if file is None:
        return {}
    line = _line(comparison, evaluator)
    return {"file": file.path} if line is None else {"file": file.path, "line": str(file.first_line + line - 1)}


def _line(comparison: Comparison, evaluator: str | None) -> int | None:
    """The line of the candidate's prompt that the nearest change begins at: of several changes, what a group says."""
    hunks = comparison.prompt_diff
    near = [group.hunk for group in comparison.groups if group.evaluator == evaluator and group.hunk is not None]
    number = near[0] if near else 1 if len(hunks) == 1 else 0
    return first_change(hunks[number - 1]) if 1 <= number <= len(hunks) else None


def first_change(hunk: str) -> int | None:
    """The line of the new text that a hunk of a unified diff first adds or takes away; None for what is no hunk."""
    head, *lines = hunk.split("\n")
    start = _HUNK_START.match(head)
    if start is None:
        return None
    kept = next((index for index, line in enumerate(lines) if line[:1] in ("+", "-")), 0)
    return max(1, int(start[1]) + kept)


def _command(level: str, title: str, message: str, place: Mapping[str, str]) -> str:
    told = ",".join(f"{name}={_property(value)}" for name, value in {"title": title, **place}.items())
    return f"::{level} {told}::{_data(message)}"


def _data(text: str) -> str:
    return _one_line(shorten(text, MAX_MESSAGE)).replace("%", "%25")


def _property(text: str) -> str:
    return _data(shorten(text, 200)).replace(":", "%3A").replace(",", "%2C")


def _one_line(text: str) -> str:
    """`text` on one line: a second one would be read as another command or output."""
    return " ".join(safe_text(text).split())


# --- files ---


def _append(place: str | None, what: str, text: Callable[[int], str]) -> list[str]:
    """Add the `text` for a file of so many bytes to `place`; a warning where that fails."""
    if not place:
        return []
    try:
        path = Path(place)
        held = path.stat().st_size if path.exists() else 0
        with path.open("ab") as stream:
            stream.write(text(held).encode("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return [_command("warning", "evalh", f"the {what} {place} was not written: {reason or error}", {})]
    return []
