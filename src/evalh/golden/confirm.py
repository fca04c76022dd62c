"""Labels that a person goes through: confirmed, changed or taken out; every other byte of the file stays.

How a person is asked is left to the command line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalh.agreement.labels import settle
from evalh.errors import BadInput, UserError
from evalh.golden.lines import edited
from evalh.golden.staged import alone, content, replace_files
from evalh.models import CONSTRUCTS, Conversation, GoldenLabel
from evalh.workspace import Workspace
from evalh.workspace.files import raise_all, unknown
from evalh.workspace.find import shown
from evalh.workspace.golden import FoundSet, Line
from evalh.workspace.sides import is_said, said_by


@dataclass(frozen=True)
class Wanted:
    """Which unconfirmed labels: of a case, a construct, a labeller ("reader" is any reader); None: of all."""

    case: str | None = None
    construct: str | None = None
    labeller: str | None = None

    @property
    def narrow(self) -> bool:
        """Whether it asks for less than all."""
        return any((self.case, self.construct, self.labeller))

    def takes(self, label: GoldenLabel) -> bool:
        """Whether the label is one of them."""
        return (
            not label.confirmed
            and self.case in (None, label.case)
            and self.construct in (None, label.construct_)
            and self.labeller in (None, label.labeller, label.labeller.partition(":")[0])
        )


@dataclass(frozen=True)
class Change:
    """What a person said of the label on a line: that it holds, or that `label` does; None: that there is none."""

    line: int
    label: str | None


@dataclass
class Confirming:
    """The labels of a golden set, and what is still to be asked; `by`: who answers."""

    found: FoundSet
    by: str
    open: list[Line[GoldenLabel]]
    _bytes: bytes | None = None
    _recordings: dict[str, Mapping[tuple[str, int], Conversation]] = field(default_factory=dict)

    @staticmethod
    def of(space: Workspace, set_id: str, wanted: Wanted, by: str) -> Confirming:
        """The labels that `wanted` takes, in the order of the file.

        Raises UserError for a name that cannot be a labeller's, and for a case or construct that nothing has.
        """
        _check_name(by)
        with alone(space.found_set(set_id).folder):
            found = space.found_set(set_id)
            raw = content(found.labels_file)
        golden = found.get()
        if wanted.case is not None and wanted.case not in found.by_id:
            raise unknown("case", wanted.case, list(found.by_id), "name one of cases.jsonl")
        if wanted.construct is not None and wanted.construct not in CONSTRUCTS:
            raise unknown("construct", wanted.construct, list(CONSTRUCTS), "see docs/codebook.md")
        confirming = Confirming(found, by, [line for line in found.labels if wanted.takes(line.value)], raw)
        versions = {line.value.prompt_version for line in confirming.open} & set(found.recorded_versions())
        for version in sorted(versions):
            held = space.recordings(golden.info.id, version)
            confirming._recordings[version] = {(one.case or "", one.trial): one for one in held}
        return confirming

    def recording(self, label: GoldenLabel) -> Conversation | None:
        """What the label is about; None where it is not recorded."""
        return self._recordings.get(label.prompt_version, {}).get((label.case, label.trial))

    def choices(self, label: GoldenLabel) -> list[str]:
        """The labels of the same construct that may stand where this one does."""
        held = self.recording(label)
        every = CONSTRUCTS[label.construct_]
        if held is None or label.turn is None or label.turn >= len(held.turns) or not is_said(label.construct_):
            return list(every)
        role = held.turns[label.turn].role
        return [one for one in every if role in said_by(label.construct_, one)]

    def keep(self, changes: Sequence[Change]) -> None:
        """Write what the person said, all of it or nothing.

        Raises UserError where labels would contradict each other that people have settled, or the file has changed.
        """
        path = self.found.labels_file
        with alone(self.found.folder):
            if content(path) != self._bytes:
                raise BadInput("was changed meanwhile", file=shown(path), remedy="give the command again")
            lines = (self._bytes or b"").split(b"\n")
            now = self._after(changes)
            raise_all(self._contradictions(now))
            for change in changes:
                lines[change.line - 1] = self._line(lines[change.line - 1], change)
            gone = {change.line - 1 for change in changes if change.label is None}
            after = b"\n".join(line for number, line in enumerate(lines) if number not in gone)
            replace_files(self.found.folder, {path: (self._bytes, after)})
        self._bytes = after
        self._renumber(now, changes)

    def _line(self, raw: bytes, change: Change) -> bytes:
        """The line with the answer."""
        if change.label is None:
            return raw
        text = raw.decode("utf-8")
        return edited(text, {"label": change.label, "labeller": self.by, "confirmed": True}).encode("utf-8")

    def _after(self, changes: Sequence[Change]) -> list[Line[GoldenLabel]]:
        """All labels with the answers, on the lines that they have."""
        said = {change.line: change for change in changes}
        after: list[Line[GoldenLabel]] = []
        for line in self.found.labels:
            change = said.get(line.number)
            if change is None:
                after.append(line)
            elif change.label is not None:
                update = {"label": change.label, "labeller": self.by, "confirmed": True}
                after.append(Line(line.number, line.value.model_copy(update=update)))
        return after

    def _contradictions(self, after: Sequence[Line[GoldenLabel]]) -> list[UserError]:
        """Those that the answers bring, not those that were there."""
        file = shown(self.found.labels_file)
        old = {str(one) for one in settle(self.found.labels, unconfirmed=True, file=file).problems}
        new = settle(after, unconfirmed=True, file=file).problems
        return [one for one in new if str(one) not in old]

    def _renumber(self, after: Sequence[Line[GoldenLabel]], changes: Sequence[Change]) -> None:
        """Lines as they are now, after some were taken out."""
        gone = sorted(change.line for change in changes if change.label is None)
        said = {change.line for change in changes}

        def now(number: int) -> int:
            return number - sum(line < number for line in gone)

        labels = tuple(Line(now(line.number), line.value) for line in after)
        self.open = [Line(now(line.number), line.value) for line in self.open if line.number not in said]
        self.found = FoundSet(
            self.found.folder, self.found.info, self.found.cases, labels, self.found.problems, self.found.by_id
        )


def _check_name(by: str) -> None:
    if not by.strip() or not by.isprintable() or len(by) > 100 or by.startswith(("reader:", "model-")):
        problem = f"{by[:60]!r} is no name of a person"
        remedy = "give initials or a pseudonym, always the same; 'reader:' and 'model-' are for machines"
        raise BadInput(problem, field="--by", remedy=remedy)
