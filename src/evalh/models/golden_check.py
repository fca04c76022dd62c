"""What `evalh golden check` finds in a golden set; `--json` prints it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import OpenModel, Unit
from evalh.models.results import FileInfo

FindingKind = Literal[
    "broken", "label_conflict", "label_dispute", "label_doubt", "unconfirmed", "near_duplicate", "cohort_gap",
    "unused_persona", "unseen_offer", "unseen_intent", "version_gap", "personal_data", "stale", "same_version",
]  # fmt: skip
"""`broken`: what `evalh validate` refuses; `label_conflict`: labels that cannot both hold; `label_dispute`: labellers
differ and nothing is confirmed; `label_doubt`: a label of an offer that nobody has named by then; `same_version`: the
content changed and the set's version did not."""


class GoldenFinding(OpenModel):
    """One thing that was found. An `error` has to be put right, a `note` is for a person to weigh."""

    kind: FindingKind
    level: Literal["error", "note"] = "note"
    text: str
    file: str | None = None
    line: int | None = Field(default=None, ge=1)
    items: tuple[str, ...] = ()
    """The cases, personas, offers or the like that it is about; all of them, where the text names the first."""
    similarity: Unit | None = None
    """Of near-duplicates: the share of word pairs that a case of the group has in common with another, at least."""


class GoldenCheck(OpenModel):
    """A golden set as it stands."""

    schema_: Literal["evalh.golden_check/1"] = Field(default="evalh.golden_check/1", alias="schema")
    golden_set: FileInfo
    """`sha256` digests its cases, labels and recordings."""
    cases: int = 0
    families: int = 0
    """Cases that are independent: those of one template count once."""
    recordings: dict[str, int] = Field(default_factory=dict)
    """By prompt version."""
    labels: int = 0
    confirmed: int = 0
    proposed: int = 0
    """Labels that a reader proposed and nobody has confirmed."""
    findings: tuple[GoldenFinding, ...] = ()

    @property
    def errors(self) -> tuple[GoldenFinding, ...]:
        """What has to be put right."""
        return tuple(one for one in self.findings if one.level == "error")
