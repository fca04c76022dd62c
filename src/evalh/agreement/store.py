"""Keeps how far a golden set's labels and the evaluators agree, and says of what else it still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from evalh.agreement.labels import settle
from evalh.agreement.run import content_of
from evalh.errors import BadInput, NotFound, UserError
from evalh.evaluator.scorecard import EVALUATOR as SCORECARD
from evalh.models import EvaluatorInfo, Json, Manifest
from evalh.models.agreement import Agreement, AgreementRow
from evalh.runner.result import read_result
from evalh.store.atomic import write_json
from evalh.workspace import Workspace
from evalh.workspace.files import files
from evalh.workspace.find import shown

FOLDER = "calibration"
"""Where it is kept in a workspace."""
_REMEDY = "calibrate again, or delete the file"


@dataclass(frozen=True)
class Known:
    """What is known of one evaluator's agreement with labels. `why_not`: why it does not hold here, empty if it does.

    `row` is over all conversations; None where nothing is known.
    """

    evaluator: str
    row: AgreementRow | None = None
    golden_set: str = ""
    confirmed: bool = False
    why_not: str = ""


def calibration_folder(space: Workspace) -> Path:
    """Where it is kept: in the workspace; that of the reference in a folder here, when it is used from elsewhere."""
    elsewhere = space.is_reference and not Path.cwd().is_relative_to(space.root.resolve())
    return (Path() if elsewhere else space.root) / FOLDER


def write_agreement(path: Path, agreement: Agreement) -> None:
    """Put the agreement in `path`, whole or not at all. Raises UserError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{shown(path.parent)}: cannot be made ({error.strerror}); choose another file with --out"
        raise UserError(problem) from error
    write_json(path, agreement)


def read_agreement(path: Path) -> Agreement:
    """The agreement in `path`. Raises BadInput."""
    try:
        return read_result(path, TypeAdapter(Agreement))
    except NotFound:
        raise BadInput("no such file", file=shown(path), remedy=_REMEDY) from None
    except BadInput as error:
        problem = BadInput(error.problem, file=shown(path), line=error.line, field=error.field, remedy=_REMEDY)
        raise problem from None


def kept(space: Workspace) -> list[Agreement]:
    """Every agreement that is kept, by golden set. Raises BadInput at one that is damaged."""
    return [read_agreement(path) for path in files(calibration_folder(space), ".json")]


def problems(space: Workspace) -> Iterator[UserError]:
    """What is wrong with all that is kept, and labels that contradict each other."""
    for path in files(calibration_folder(space), ".json"):
        try:
            read_agreement(path)
        except BadInput as error:
            yield error
    for name in space.golden_set_names():
        found = space.found_set(name)
        yield from settle(found.labels, unconfirmed=True, file=shown(found.labels_file)).problems


def known_for(space: Workspace, agreements: Sequence[Agreement], manifest: Manifest) -> list[Known]:
    """What is known of each evaluator of a run, as it was used there, in the order of the run, the scorecard last.

    What holds comes before what does not, then what is of the run's golden set, then what people confirmed, then what
    has more labels.
    """
    changed = {one.golden_set.id: _labels_changed(space, one) for one in agreements}
    names = [info.name for info in manifest.evaluators]
    if manifest.scorecard is not None:
        names.append(SCORECARD)
    return [
        _best([_known(agreement, manifest, name, changed) for agreement in agreements], name, manifest)
        for name in names
    ]


def _best(known: Sequence[Known | None], name: str, manifest: Manifest) -> Known:
    own = manifest.golden_set.id if manifest.golden_set is not None else None
    there = [one for one in known if one is not None]
    return min(there, key=lambda one: _rank(one, own), default=Known(name))


def _rank(known: Known, own: str | None) -> tuple[bool, bool, bool, int]:
    labels = known.row.labels if known.row is not None else 0
    return known.why_not != "", known.golden_set != own, not known.confirmed, -labels


def _known(agreement: Agreement, manifest: Manifest, name: str, changed: Mapping[str, bool]) -> Known | None:
    row = overall(agreement, name)
    if row is None:
        return None
    why_not = _of_scorecard(agreement, manifest) if name == SCORECARD else _of_evaluator(agreement, manifest, name)
    if not why_not and changed[agreement.golden_set.id]:
        why_not = "other labels or recordings"
    return Known(name, row, agreement.golden_set.id, agreement.confirmed, why_not)


def _of_evaluator(agreement: Agreement, manifest: Manifest, name: str) -> str:
    info = next(one for one in manifest.evaluators if one.name == name)
    return why_not_for(agreement, manifest, info)


def _of_scorecard(agreement: Agreement, manifest: Manifest) -> str:
    """The scorecard sums up the evaluators, so all of them must be the same."""
    if (
        agreement.scorecard is None
        or manifest.scorecard is None
        or agreement.scorecard.sha256 != manifest.scorecard.sha256
    ):
        return "another scorecard"
    return next(filter(None, (why_not_for(agreement, manifest, info) for info in manifest.evaluators)), "")


def overall(agreement: Agreement, evaluator: str) -> AgreementRow | None:
    """An evaluator's faults over all conversations; None where it was not compared."""
    return next(
        (
            row
            for row in agreement.rows
            if (row.kind, row.construct_, row.level, row.cohort_key) == ("evaluator", evaluator, "conversation", None)
        ),
        None,
    )


def why_not_for(agreement: Agreement, manifest: Manifest, info: EvaluatorInfo) -> str:
    """What the agreement is known for instead of a run and its evaluator; empty where it holds for them."""
    before = next((one for one in agreement.evaluators if one.name == info.name), None)
    if before is None or (before.version, before.sha256, before.kind) != (info.version, info.sha256, info.kind):
        return "another version of the evaluator"
    differs = {
        "other settings of the evaluator": _judging(before) != _judging(info),
        "another reader version": agreement.reader != manifest.reader,
        "another encoder": agreement.encoder != manifest.encoder,
        "another limit below which facts are unsure": agreement.unsure_below != manifest.unsure_below,
        "another policy": _policies(agreement) != _policies(manifest),
    }
    return next((told for told, is_so in differs.items() if is_so), "")


def _judging(info: EvaluatorInfo) -> dict[str, Json]:
    """The settings that its verdicts depend on; whether they gate is none."""
    return {name: value for name, value in info.settings.items() if name != "gating"}


def applies_to(agreement: Agreement, manifest: Manifest, info: EvaluatorInfo) -> bool:
    """Whether the agreement still holds for an evaluator as a run used it."""
    return not why_not_for(agreement, manifest, info)


def _policies(of: Agreement | Manifest) -> set[tuple[str, str]]:
    return {(one.id, one.sha256) for one in of.policies}


def _labels_changed(space: Workspace, agreement: Agreement) -> bool:
    """Whether the golden set is there with other cases, labels or recordings than were compared."""
    set_id = agreement.golden_set.id
    if set_id not in space.golden_set_names():
        return False
    versions = [info.version for info in agreement.prompts if info.version is not None]
    try:
        return content_of(space.root / "golden_sets" / set_id, versions) != agreement.golden_set.sha256
    except UserError:
        return True
