"""A comparison as JUnit XML: `failure` is worse quality, `error` could not be evaluated, `skipped` was not testable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from evalh.models.comparison import ALL, Cell, Comparison, Flipped, Group, Quoted, Reason
from evalh.report import words
from evalh.report.markup import MAX_QUOTE, shorten
from evalh.text.safe import safe_text

QUOTED_CASES = 3
_NO_XML = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a test case that did not pass."""

    tag: str
    message: str
    type: str | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class _TestCase:
    name: str
    outcome: _Outcome | None = None
    properties: tuple[tuple[str, str], ...] = ()


def junit(comparisons: Sequence[Comparison]) -> str:
    """The whole document: a suite per candidate and evaluator, a test case per cohort.

    Critical findings and what concerns a comparison as a whole have suites of their own. The same comparisons give
    the same text.
    """
    root = ET.Element("testsuites", name="evalh")
    for comparison in comparisons:
        for title, cases in _suites(comparison):
            _add_suite(root, comparison, title, cases)
    _count(root, root.iter("testcase"))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document.decode() + "\n"


def _suites(comparison: Comparison) -> Iterator[tuple[str, list[_TestCase]]]:
    for evaluator in dict.fromkeys(cell.evaluator for cell in comparison.cells):
        own = [cell for cell in comparison.cells if cell.evaluator == evaluator]
        yield evaluator, [_of_cell(comparison, cell) for cell in own]
    earlier = [_of_reason(reason, "failure") for reason in words.carried(comparison)]
    critical = [_TestCase(*_of_finding(comparison, index)) for index in range(len(words.blocking(comparison)))]
    if critical:
        yield "critical", critical
    gate = [*earlier, *(_of_reason(reason) for reason in _unplaced(comparison))]
    if gate:
        yield "gate", gate


# --- test cases ---


def _of_cell(comparison: Comparison, cell: Cell) -> _TestCase:
    numbers = {
        "baseline": cell.baseline, "candidate": cell.candidate, "delta": cell.delta, "p_adjusted": cell.p_adjusted,
        "pairs": cell.pairs, "detectable": cell.detectable,
    }  # fmt: skip
    told = tuple((name, f"{value:.6g}") for name, value in numbers.items() if value is not None)
    return _TestCase("all" if cell.cohort == ALL else cell.cohort, _outcome(comparison, cell), told)


def _outcome(comparison: Comparison, cell: Cell) -> _Outcome | None:
    if cell in words.failing(comparison):
        message = words.sentence(comparison, cell)
        kind = "earlier_look" if words.is_earlier(comparison, cell) else "regression"
        return _Outcome("failure", message, kind, "\n".join(_evidence(comparison, cell)))
    doubts = [reason for reason in words.doubts(comparison) if _names(reason, cell)]
    if doubts:
        return _Outcome("error", "; ".join(reason.text for reason in doubts), doubts[0].kind)
    if cell.regressed and comparison.verdict is not None:
        return _Outcome("error", f"{words.sentence(comparison, cell)}; too much is missing to tell", "not_confirmed")
    return _Outcome("skipped", cell.why or "not testable") if cell.state != "tested" else None


def _of_finding(comparison: Comparison, index: int) -> tuple[str, _Outcome]:
    finding = words.blocking(comparison)[index]
    groups = [
        group for group in comparison.groups if (group.evaluator, group.label) == (finding.evaluator, finding.label)
    ]
    flipped = [item for group in groups for item in group.flipped if item.case == finding.case]
    message = words.finding_words(finding)
    body = "\n".join([message, *(line for item in flipped[:QUOTED_CASES] for line in _of_flipped(item))])
    return f"{finding.evaluator} {finding.label}: {finding.case}", _Outcome("failure", message, "critical", body)


def _of_reason(reason: Reason, tag: str = "error") -> _TestCase:
    about = [part for part in (reason.kind, reason.evaluator, reason.cohort) if part]
    return _TestCase(" ".join(about), _Outcome(tag, reason.text, reason.kind))


def _unplaced(comparison: Comparison) -> list[Reason]:
    """The doubts that no test case of a cell tells."""
    failing = words.failing(comparison)
    told = [cell for cell in comparison.cells if cell not in failing]
    return [reason for reason in words.doubts(comparison) if not any(_names(reason, cell) for cell in told)]


def _names(reason: Reason, cell: Cell) -> bool:
    return (reason.evaluator, reason.cohort) == (cell.evaluator, cell.cohort)


# --- evidence ---


def _evidence(comparison: Comparison, cell: Cell) -> Iterator[str]:
    """The numbers of a cell, and up to three of its flipped cases quoted."""
    yield words.sentence(comparison, cell)
    for name, side in (("baseline", cell.before), ("candidate", cell.after)):
        yield f"passed, {name}: {words.pass_rate(side)}"
    groups = [group for group in comparison.groups if group.evaluator == cell.evaluator]
    found = [(group, item) for group in groups for item in group.flipped if cell.cohort in (ALL, item.cohort)]
    for group, item in found[:QUOTED_CASES]:
        yield f"\n{_title(group)}"
        yield from _of_flipped(item)


def _title(group: Group) -> str:
    clause = f", clause {group.clause}" if group.clause else ""
    return f"{group.label or 'fell'}{clause}: {words.count(group.cases, 'case')}"


def _of_flipped(item: Flipped) -> Iterator[str]:
    yield f"case {item.case}" + (f": {item.trials} of {item.of_trials} trials" if item.of_trials > 1 else "")
    for name, side in (("baseline", item.baseline), ("candidate", item.candidate)):
        yield from (f"  {name}: {line}" for line in _of_quoted(side))
    told = [f"{name} {value}" for name, value in (("expected", item.expected), ("found", item.found)) if value]
    if told:
        yield f"  {_cut(', '.join(told))}"


def _of_quoted(side: Quoted | None) -> list[str]:
    if side is None:
        return ["not kept"]
    said = [f'[{evidence.turn}] "{_cut(evidence.quote)}"' for evidence in side.evidence[:QUOTED_CASES]]
    return [*said, *([_cut(side.reason)] if side.reason else [])]


def _cut(text: str) -> str:
    return shorten(text, MAX_QUOTE).replace("\n", " ")


# --- XML ---


def _add_suite(root: ET.Element, comparison: Comparison, title: str, cases: Iterable[_TestCase]) -> None:
    name = f"evalh.{_part(comparison.candidate.name)}.{_part(title)}"
    suite = ET.SubElement(root, "testsuite", name=name)
    _add_properties(suite, _about(comparison))
    for case in cases:
        element = ET.SubElement(suite, "testcase", classname=name, name=_xml(case.name), time="0")
        _add_properties(element, case.properties)
        if case.outcome is not None:
            _add_outcome(element, case.outcome)
    _count(suite, suite.iter("testcase"))


def _about(comparison: Comparison) -> list[tuple[str, str]]:
    about = [("verdict", comparison.verdict or "no gate"), ("run", comparison.run_id)]
    for name, side in (("baseline", comparison.baseline), ("candidate", comparison.candidate)):
        if side is not None:
            about += [(f"{name}_prompt", side.prompt_version or side.name), (f"{name}_run", side.run_id)]
            about += [(f"{name}_left_out", str(side.excluded))] * bool(side.excluded)
    if comparison.allowed:
        about.append(("allowed", ", ".join(comparison.allowed)))
    return about


def _add_properties(element: ET.Element, properties: Iterable[tuple[str, str]]) -> None:
    told = list(properties)
    if not told:
        return
    parent = ET.SubElement(element, "properties")
    for name, value in told:
        ET.SubElement(parent, "property", name=name, value=_xml(value))


def _add_outcome(element: ET.Element, outcome: _Outcome) -> None:
    child = ET.SubElement(element, outcome.tag, message=_xml(shorten(outcome.message, 1000)))
    if outcome.type is not None:
        child.set("type", outcome.type)
    if outcome.body:
        child.text = _xml(outcome.body, lines=True)


def _count(element: ET.Element, cases: Iterable[ET.Element]) -> None:
    tags = [[child.tag for child in case] for case in cases]
    element.set("tests", str(len(tags)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(sum(tag in found for found in tags)))
    element.set("time", "0")


def _xml(text: str, *, lines: bool = False) -> str:
    """`text` without what XML forbids and what a screen would hide; on one line unless `lines`."""
    safe = _NO_XML.sub("", safe_text(text))
    return safe if lines else " ".join(safe.split())


def _part(text: str) -> str:
    """`text` as a part of a dotted class name."""
    return _xml(text).replace(".", "_").replace(" ", "_") or "_"
