"""Critical findings told together: the cases of one evaluator with the same label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evalh.models.comparison import CriticalFinding
from evalh.report import words

WHY_NOT = (
    "with so few trials, as many can fall on the candidate's side by chance: they do not block by themselves "
    "(gate.critical.zero_tolerance would)"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """The findings of one evaluator with the same label."""

    evaluator: str
    label: str
    findings: tuple[CriticalFinding, ...]

    def told(self, most: int) -> str:
        """In one line: how many cases, then the names of at most so many; a single case with its trials."""
        if len(self.findings) == 1:
            return words.finding_words(self.findings[0])
        names = [finding.case for finding in self.findings]
        more = f" and {len(names) - most} more" if len(names) > most else ""
        head = f"{self.evaluator} {self.label} in {words.count(len(names), 'case')}, in no trial of the baseline"
        return f"{head}: {', '.join(names[:most])}{more}"


def kinds(findings: Iterable[CriticalFinding]) -> list[Kind]:
    """`findings` by evaluator and label, in the order in which these first come."""
    found: dict[tuple[str, str], list[CriticalFinding]] = {}
    for finding in findings:
        found.setdefault((finding.evaluator, finding.label), []).append(finding)
    return [Kind(*name, tuple(own)) for name, own in found.items()]
